/** Words of marking together, relative to `Control.GcMarking`; a line for each word that markers wait or compete for. */
export const enum Marking {
  /** Markers that may have work, in their stack or deque. 0 is final: nothing is left. Atomic. */
  Active = 0,
  /** Grows when work is published while somebody sleeps, and at the end. Atomic, futex of markers without work. */
  Work = 16,
  /** Markers that sleep, or are about to. Atomic. */
  Sleepers = 17,
  /** Invitations that were neither taken back nor are done with. Atomic, futex of the thread that collects. */
  Outstanding = 32,
  /** `MarkingEnd`. Atomic. */
  End = 48,
  /** First word of the mark map. Written before the first invitation, as the table is. */
  Map = 64,
  /** Markers of this session, the one that collects among them, and the blocks of their threads. */
  Members = 65,
  Table = 80,
}

/** Why markers stop before nothing is left. */
export const enum MarkingEnd {
  None = 0,
  /** A marker found no memory for its stack. */
  NoMemory = 1,
  /** A marker threw, or the run has been aborted. */
  Error = 2,
}

/** What a marker has in shared memory, relative to `ThreadBlock.Marking`. */
export const enum MarkerBlock {
  /** Its deque, `Deque` layout: 96 words. */
  Deque = 0,
  /** Objects that it marked in this session. By itself; read when it has left. */
  Marked = 112,
  /** Packets that it took from others. */
  Stolen = 113,
}

/** A deque of packets, two words each; see deque.ts. */
export const enum Deque {
  /** Number of the oldest packet. Only grows. Atomic. */
  Top = 0,
  /** Number behind the newest packet. By the owner. Atomic. */
  Bottom = 16,
  Ring = 32,
  /** Packets, a power of two. */
  Capacity = 32,
  PacketWords = 2,
}

/**
 * What a marker has still to do, two words: a span of references (first word; number << `StepBits` | distance in words),
 * or, in a deque, a whole chunk of a stack (its address negated; the end of its entries).
 */
export const enum Entry {
  Start = 0,
  Count = 1,
  Words = 2,
  StepBits = 2,
  StepMask = 3,
}

/** A chunk of a marker's stack, a block of the raw domain: the chunk below, the oldest entry, then entries. */
export const enum Chunk {
  Below = 0,
  /** Written when the chunk is no longer on top. */
  First = 1,
  Entries = 2,
  Words = 512,
}

/** How work is cut. */
export const enum Portion {
  /** References of a span that are looked at in one go: independent loads, so that cache misses overlap. */
  Scan = 128,
  /** A span of more than so many is halved, and one half published. */
  Publish = 4096,
  /** Entries between two looks at who else has work, and at aborts. */
  Entries = 128,
  /** Oldest entries that are published one by one when the deque is empty. */
  Oldest = 4,
  /** Looks around before a marker without work sleeps. */
  Looks = 64,
}
