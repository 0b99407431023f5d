/**
 * The state of one execution: words of an `Int32Array` that all engines' threads share. Whoever runs is the only
 * one who touches it; a hand-off orders everything before it.
 */
export const enum Cell {
  /** Threads of the scenario. */
  Threads = 0,
  /** Steps taken so far in this execution. */
  Step = 1,
  /** Thread that runs; -1 during set-up and afterwards. */
  Current = 2,
  /** Threads whose next step is covered by another execution (sleep set), as bits. */
  Sleep = 3,
  /** `End`. */
  End = 4,
  /** `Strategy`. */
  Strategy = 5,
  /** Steps that `Buffers.prefix` prescribes. */
  PrefixLength = 6,
  MaxSteps = 7,

  // Sets of threads, as bits.
  /** Has announced its next step. */
  Ready = 8,
  /** Was woken from a wait and has not gone on yet. */
  Woken = 9,
  /** Sleeps in `Atomics.wait`. */
  Asleep = 10,
  /** Of those: with a time-out. */
  Timed = 11,
  /** Its next step waits until something that it has read is written (`pause`). */
  Spinning = 12,
  Done = 13,

  /** Orders the waiters of one address. */
  WaitSequence = 14,
  JournalTop = 15,
  /** Accesses since the last switch. */
  Accesses = 16,
  /** Segments of the schedule recorded so far. */
  Segments = 17,
  /** Records in `Buffers.finds`. */
  Finds = 18,
  /** Writes that changed a value. */
  Changes = 19,
  /** The clock, in milliseconds. */
  Clock = 20,
  Preemptions = 21,
  /** 1: every access is a step (replay). */
  EveryAccess = 22,
  /** Locations that have a number. */
  Locations = 23,
  /** 1: threads switch only at polls. */
  Gil = 24,
  /** Sleep set with which the last step of the prefix is taken. */
  BranchSleep = 25,
  /** Words that became steps because threads race for them; if it grew, earlier executions count for nothing. */
  Promoted = 26,
  /** 1: the vector clocks run. */
  Monitor = 27,
  /** 1: the threads make plain accesses. */
  PlainSeen = 59,
  SpuriousWakes = 28,
  /** Early time-outs that each thread may still have at its start. */
  EarlyTimeouts = 29,
  ClockJump = 30,
  /** Replay: segment that runs, and accesses left in it. */
  ReplaySegment = 31,
  ReplayLeft = 32,
  ReplayLength = 33,
  /** Replay: access (from 1, over all threads) at which the schedule did not fit; 0 none. */
  Parted = 34,
  /** Two 32-bit hashes of what the heap differs in. */
  HeapHash = 35,
  /** A plain write that is hashed at the next occasion: word + 1, and the value before it. */
  HashWord = 37,
  HashOld = 38,
  /** Of a `Float64Array`: the second word before it. Only where `HashWide` is 1. */
  HashOldHigh = 64,
  HashWide = 65,
  /** 1: hashes are kept (state cache). */
  Hashing = 39,
  /** Random: 4 words. */
  Random = 40,
  /** Steps at which PCT lowers a priority. */
  PctPoints = 44,
  PctPoint = 45,
  PctPointMax = 14,
  /** Total accesses of the execution. */
  AllAccesses = 61,
  /** Steps that an execution is expected to have (PCT). */
  PctLength = 60,
  /** Threads that the last decision could choose from. */
  Enabled = 62,
  /** 1: something that is no find of a detector has made this execution a failure (`never`, `check`). */
  Broken = 63,
  /** Calls and returns of checked operations so far. */
  Calls = 66,
  /** 1: threads pause, or spin without. Stays for the whole exploration. */
  PauseSeen = 67,

  Thread = 72,
}

/** What a thread has in the control words, from `Cell.Thread + t * ThreadCell.Words`. */
export const enum ThreadCell {
  /** `OpKind` announced. */
  Kind = 0,
  /** `ViewCode`. */
  View = 1,
  /** Index into that view. */
  Index = 2,
  /** Word address; start of the block for `Free`. */
  Word = 3,
  /** Number of the location. */
  Location = 4,
  A = 5,
  B = 6,
  Site = 7,
  /** `Touch` bits of the announced step, as of now. */
  Touch = 8,
  Result = 9,
  /** Step that made this one possible (a notify, the write that ended a pause), -1 none. */
  Edge = 10,
  /** Place in the queue of its address. */
  WaitOrder = 11,
  EarlyTimeouts = 12,
  SpuriousWakes = 13,
  /** `Cell.Changes` when it last timed out because nobody could go on; -1: its last wait ended otherwise. */
  ChangesAtTimeout = 14,
  Priority = 15,
  /** Alternatives of the announced step, and the one taken. */
  Alternatives = 16,
  Choice = 17,
  /** Hash of all that it has seen. */
  SeenHash = 18,
  /** Steps it has taken. */
  Steps = 20,
  /** SURW: events that it is expected to have. */
  Expected = 21,
  /** Time-out of its wait in milliseconds, -1 for ever. */
  Timeout = 22,
  /** Locations read since the last pause: how many. */
  ReadCount = 23,
  /** Plain accesses before its first step, which count for its first turn. */
  FirstAccesses = 24,
  /** The two locations that it has read last, and how often in a row it has read nothing else. */
  SpinLocation = 25,
  SpinOther = 26,
  SpinCount = 27,
  /** Where that time-out was. */
  TimeoutSite = 28,
  /** Milliseconds by which its clock is ahead: time-outs ahead of time are its own. */
  ClockAhead = 29,
  Words = 32,
}

/** What a step does to its location. */
export const enum Touch {
  None = 0,
  Read = 1,
  Write = 2,
  /** Looks at the queue of waiters, changes it. */
  QueueRead = 4,
  QueueWrite = 8,
  /** In the log: a write to a word that `never` looks at. */
  Watched = 16,
  /** In the log: a write that ended a pause which other writes, to other words, could have ended. */
  EndsPause = 32,
}

/** Numbers of locations that are no words. */
export const enum Virtual {
  None = 0,
  Gil = 1,
  History = 2,
  /** The clock, where it can jump. */
  Clock = 3,
  /** All words that the scenario's `never` looks at. */
  Watched = 4,
  First = 5,
}

/** `EventCell.Edge` of a time-out that came because nobody could do anything else: it follows every other step. */
export const enum EdgeTo {
  None = -1,
  Everything = -2,
}

/** `Buffers.visible`. */
export const enum Visible {
  /** Plain accesses are no steps. */
  No = 0,
  Yes = 1,
  /** And `never` looks at it: writes to such words depend on each other. */
  Watched = 2,
}

/** Why an execution ended. */
export const enum End {
  Running = 0,
  Done = 1,
  Deadlock = 2,
  /** All threads that could go on are asleep: another execution covers this one. */
  Covered = 3,
  /** `Cell.MaxSteps`. */
  Limit = 4,
  /** The schedule does not fit. */
  Parted = 5,
  /** Its state has been seen before (state cache). */
  Seen = 6,
  /** The code did something that cannot be suspended, or failed outside of a thread. */
  Failed = 7,
}

export const enum Strategy {
  /** Prefix, then stay on the thread; with sleep sets. */
  Systematic = 0,
  Random = 1,
  Pct = 2,
  Pos = 3,
  Surw = 4,
  /** Segments of accesses, then stay on the thread. */
  Replay = 5,
}

export const enum ViewCode {
  I32 = 0,
  U8 = 1,
  U16 = 2,
  I8 = 3,
  I16 = 4,
  F64 = 5,
  None = 6,
}

/** A step in `Buffers.events`. */
export const enum EventCell {
  Thread = 0,
  Kind = 1,
  Location = 2,
  Touch = 3,
  Edge = 4,
  Choice = 5,
  Alternatives = 6,
  /** Word address, or the start of a freed block. */
  Word = 7,
  /** Threads that could have been chosen; sleep set before the step. */
  Enabled = 8,
  Sleep = 9,
  /** Words of the freed block, else 1. */
  Length = 10,
  Site = 11,
  Words = 12,
}

/** What a detector found, in `Buffers.finds`. */
export const enum FindCell {
  /** `FindKind`. */
  Kind = 0,
  Step = 1,
  Thread = 2,
  Site = 3,
  Word = 4,
  /** Data race: the other site and thread. Use after free: the site and thread that freed. */
  OtherSite = 5,
  OtherThread = 6,
  /** Access number, over all threads, at which it was found. */
  Access = 7,
  Words = 8,
}

export const enum FindKind {
  UseAfterFree = 1,
  DoubleFree = 2,
  TypeConfusion = 3,
  DataRace = 4,
}

/** Sizes of the buffers. */
export const enum Size {
  MaxThreads = 8,
  Steps = 1 << 17,
  Journal = 1 << 19,
  Segments = 1 << 15,
  Finds = 256,
  ReadsPerThread = 64,
  /** Reads of the same one or two locations in a row that count as spinning. */
  SpinReads = 100,
}
