/**
 * The one place where every structure in shared memory is declared.
 *
 * Offsets are in Int32 words unless a name says `Byte`. Addresses are indexes into the Int32Array view; 0 is
 * null; every block is aligned to 16 bytes (4 words), so the low two bits of an address are always 0.
 *
 * `const enum` members are inlined by the compiler; `preserveConstEnums` keeps the objects too, so
 * that traces and reports can turn an offset back into its name.
 */

/** Sizes of the memory itself. */
export const enum Geometry {
  /** log2 of words in a segment: 4 MiB = 2^20 words. CPython's mimalloc has 32 MiB; 1 GiB would hold only 32. */
  SegmentShift = 20,
  SegmentWords = 1 << SegmentShift,
  SegmentMask = SegmentWords - 1,
  SegmentBytes = SegmentWords * 4,
  /** Interpreters, each of which can be stopped by itself. Threads belong to interpreter 0 unless told otherwise. */
  MaxInterpreters = 4,
  /** The largest memory: 2 GiB, so that a byte index still fits a signed 32-bit integer. */
  MaxSegments = 512,
  MinSegments = 4,
  /** Threads of a run. */
  MaxThreads = 64,
  /** Their slots, and one for the host. */
  ThreadSlots = MaxThreads + 1,
}

/**
 * Header of an object, 16 bytes (CPython `Include/object.h`, free-threaded layout, narrower).
 *
 * Word 0: owner thread id (16 bits, low) | object mutex (8 bits) | GC bits (8 bits).
 *   The owner id is odd while somebody owns the object, 0 when merged or immortal. A freed block keeps its
 *   free-list link here: a multiple of 4, hence never mistaken for an owner.
 * Word 1: local count. Written by the owner only. -1 = immortal (free-threaded); in the GIL build the one count.
 * Word 2: shared count << 2 | state (`SharedState`). Atomic access only.
 * Word 3: address of the type object. Never changes while the object lives.
 */
export const enum Header {
  Owner = 0,
  Local = 1,
  Shared = 2,
  Type = 3,
  Words = 4,
  /** `u16[address * 2]` is the owner id. */
  OwnerMask = 0xffff,
  /** Byte offsets from `address * 4`. */
  MutexByte = 2,
  GcBitsByte = 3,
}

/** State bits of `Header.Shared` (CPython `Include/refcount.h`). The value only ever grows. */
export const enum SharedState {
  Default = 0,
  MaybeWeakref = 1,
  Queued = 2,
  Merged = 3,
  Mask = 3,
  Shift = 2,
  One = 1 << Shift,
}

/** `Header.GcBitsByte` (CPython `pycore_gc.h`). */
export const enum GcBits {
  Tracked = 1,
  Finalized = 2,
  Unreachable = 4,
  Frozen = 8,
  /** A list or dict that non-owners may read without a lock: old arrays must be freed through QSBR. */
  Shared = 16,
  /** Marked from the roots, while a tracing collection lasts; collectors of counted builds have a map (gc/marking/markMap.ts). */
  Alive = 32,
  Deferred = 64,
}

/** Immortal and deferred counts. */
export const enum Immortal {
  /** Free-threaded: `Header.Local` of an immortal object (UINT32_MAX). */
  Local = -1,
  /** GIL build: initial count 3 << 30, minimum 1 << 31, read as signed words. */
  PlainInitial = -1073741824,
  PlainMinimum = -2147483648,
  /** Deferred objects carry this in their shared count, so that only a collector may free them (2^27). */
  DeferredBias = 1 << 27,
  /**
   * Builds without immortals: static objects start with so many references, which is more than a memory of the
   * largest size has words to keep them in, less the references that programs make and drop.
   */
  StaticCount = 1 << 27,
  /** Plain and atomic counts have a whole word for it. */
  PlainStaticCount = 1 << 29,
  /**
   * A shared count (of 30 bits) or an atomic one (of 32) that gets this far from 0 becomes immortal, a quarter of
   * its range before it would wrap: more than all threads together can add meanwhile.
   */
  SharedLimit = 3 << 27,
  AtomicLimit = 3 << 29,
}

/** Thread states (CPython `pycore_pystate.h`). */
export const enum ThreadStatus {
  Detached = 0,
  Attached = 1,
  Suspended = 2,
  ShuttingDown = 3,
  /** Suspended at its safepoint, and asked to mark: becomes `Suspended` when it accepts, or is no longer asked. */
  Invited = 4,
}

/** Low bits of `ThreadBlock.UserCode`: what the code is there for. */
export const enum UserCodeKind {
  Finalizer = 1,
  WeakrefCallback = 2,
  GcCallback = 3,
  Mask = 3,
}

/** Bits of a thread's eval breaker, in CPython's order (`pycore_ceval.h`). */
export const enum EvalBreaker {
  GilDropRequest = 1 << 0,
  Signals = 1 << 1,
  PendingCalls = 1 << 2,
  AsyncException = 1 << 3,
  GcScheduled = 1 << 4,
  PleaseStop = 1 << 5,
  ExplicitMerge = 1 << 6,
  /** Not a bit of CPython's word: its `qsbr->should_process` flag. */
  ProcessDelayed = 1 << 8,
}

/** Heaps of a thread (CPython `pycore_mimalloc.h`). */
export const enum HeapTag {
  /** Item arrays, key tables: no object header inside. */
  Mem = 0,
  /** Objects that cannot hold references. */
  Object = 1,
  /** Objects that can hold references; header at the block's start. */
  Gc = 2,
  /** As Gc, with a two-pointer pre-header: the object is at block + `PreHeader.Words`. */
  GcPre = 3,
  /** Heaps of a thread. */
  Count = 4,
  /** The raw domain: from `malloc` alone, in no thread's heaps. */
  Raw = 4,
}

/** CPython's domains of memory (`PyMem_RawMalloc`, `PyMem_Malloc`, `PyObject_Malloc`). */
export const enum Domain {
  /** Any thread, attached or not. */
  Raw = 0,
  /** `HeapTag.Mem`. */
  Mem = 1,
  /** `HeapTag.Object`, `Gc`, `GcPre`. */
  Object = 2,
  Count = 3,
}

/**
 * In front of an object of tag GcPre: an instance's managed dict and weak reference list (CPython
 * `Py_TPFLAGS_PREHEADER`), and in builds with a generational collector every object's `GcHead`. Relative to the
 * object's address.
 */
export const enum PreHeader {
  Words = 4,
  Dict = -1,
  /** First weak reference to the object; under its stripe's lock (`WeakrefStripes`). */
  Weakrefs = -2,
}

/**
 * Links of a generation (CPython `PyGC_Head`), relative to the object's address. Only in builds with a generational
 * collector; there all objects that can hold references are of tag GcPre.
 */
export const enum GcHead {
  /** Next object of the generation; 0 = untracked. Low bit during a collection: `GcNext.Unreachable`. */
  Next = -4,
  /** Previous object of the generation; during a collection its references << 2. Low bits: `GcPrevious`. */
  Previous = -3,
}

/** Low bits of `GcHead.Next`. */
export const enum GcNext {
  Unreachable = 1,
  Mask = 3,
}

/** Low bits of `GcHead.Previous`. (CPython keeps FINALIZED in bit 0; here it is `GcBits.Finalized`.) */
export const enum GcPrevious {
  Collecting = 2,
  Mask = 3,
  Shift = 2,
}

/**
 * State of the interpreter's collector, relative to `Control.Gc` (CPython `struct _gc_runtime_state`). Free-threaded:
 * words without a remark are written in a stopped world or with `Collecting` taken; under the GIL by its holder.
 */
export const enum GcState {
  /** 1: collections start by themselves. Atomic. */
  Enabled = 0,
  /** 1 while somebody collects; taken by exchange. Atomic. */
  Collecting = 1,
  /** `GcDebug` bits. */
  Debug = 2,
  /** 1 once `freeze` was called and not undone. */
  FreezeActive = 3,
  /** Objects that survived the last full collection; generational: those of the middle one since then. */
  LongLivedTotal = 4,
  LongLivedPending = 5,
  /** Net allocations that the memory gate has put aside (CPython 3.14 `deferred_count`). */
  DeferredCount = 6,
  /** Memory in use after the last collection, KiB. */
  LastMemory = 7,
  /** 1: a due collection also waits for the memory to have grown (CPython 3.14.0 to 3.14.4). */
  MemoryGate = 8,
  /** Threads that mark together; 1 as in CPython. */
  Markers = 9,
  /** list of what could not be freed, and of all garbage under `GcDebug.SaveAll`; list of functions to call. Refs. */
  Garbage = 10,
  Callbacks = 11,
  /** 1 from before the first callback of a collection until behind the last one; taken by exchange. Atomic. */
  Observed = 12,
  /** 1 while a tracing collector wants every thread to wait at its next safepoint. Atomic, futex. */
  Holding = 13,

  /** Net allocations of objects that can hold references, by generation. [0] atomic, never below 0. */
  Counts = 16,
  /** Thresholds of the three generations. */
  Thresholds = 20,
  /** Grows by 1 in every pause that may free deferred objects: inline caches from before mean nothing. Atomic. */
  Epoch = 24,
  /** 1: tracked objects are in the lists of generations; fixed at start. */
  Generational = 25,

  /** Per generation `GcStats.Words`. */
  Stats = 32,
  /** Heads of the lists of generation 0, 1, 2 and the frozen one, and of collections under way; `generationHead`. */
  Heads = 96,
  Words = 128,
}

/** What one row of `gc.get_stats()` holds. */
export const enum GcStats {
  Collections = 0,
  Collected = 1,
  Uncollectable = 2,
  Candidates = 3,
  Words = 4,
}

/** CPython's `gc.DEBUG_*`. */
export const enum GcDebug {
  Stats = 1,
  Collectable = 2,
  Uncollectable = 4,
  SaveAll = 32,
  Leak = Collectable | Uncollectable | SaveAll,
}

/** CPython's constants of scheduling. */
export const enum GcLimits {
  Young = 2000,
  /** Until 3.12. */
  YoungBefore313 = 700,
  Old = 10,
  /** A thread's own counter of allocations is added to the shared one when it gets so far from 0. */
  ThreadBuffer = 512,
  /** The memory gate: collect all the same above so many thresholds; growth in KiB that always counts. */
  DeferredThresholds = 40,
  MemoryGrowthKib = 128,
}

/**
 * Segment 0 holds the runtime's own state. Each group of words with a writer of its own starts on a line of
 * its own; groups touched together share one.
 */
export const enum Control {
  Magic = 16,
  /** The whole memory in words; fixed at start. */
  MemoryWords = 17,
  SegmentCount = 18,
  /** Build number, see runtime/builds.ts; fixed at start. */
  Build = 19,
  /** Threads of the current run; written while no thread runs. */
  RunThreads = 20,
  /** Switch interval of the GIL in microseconds (CPython's default 5000). */
  SwitchInterval = 21,

  /** 0, or why everybody must leave (`AbortReason`). Atomic. Every wait looks at it. */
  Abort = 48,
  /** Slot of the thread that caused the abort, -1 the host. */
  AbortThread = 49,

  /** Counts releases and roll-backs of segments: whoever found none looks again if it moved. Atomic. */
  SegmentReleases = 80,
  SegmentsUsed = 81,
  SegmentsPeak = 82,

  /** QSBR (CPython `Python/qsbr.c`): odd, grows by 2. Atomic. */
  WriteSequence = 112,
  /** Cached minimum of the readers' sequences; only grows. Atomic. */
  ReadSequence = 144,
  /** Slots below this one have been online at some time; only grows. Atomic. */
  QsbrSlots = 145,

  /** GIL (CPython `Python/ceval_gil.c`): 1 while held. Atomic, futex. */
  GilLocked = 176,
  GilLastHolder = 177,
  /** Counts hand-overs between threads; futex of forced switching. */
  GilSwitchNumber = 178,
  /** Threads inside take_gil's wait loop. */
  GilWaiters = 179,

  /**
   * Stop-the-world (CPython `Python/pystate.c`). `HeadLock` guards thread list and countdowns. Then the `StopState` of
   * interpreter 0, word by word; the others' are at `OtherStops`, the one of all at `GlobalStop`.
   */
  HeadLock = 208,
  StopRequested = 209,
  WorldStopped = 210,
  StopCountdown = 211,
  StopEvent = 212,
  StopRequester = 213,
  StopMutex = 214,

  /** Byte mutex (`Mutex`) over the table of interned strings, and its root. */
  InternMutex = 240,
  InternTable = 241,

  /**
   * Abandoned segments of the interpreter (mimalloc's `abandoned_pool`): top of the stack with a tag in its low bits,
   * first of those that were looked at in vain, threads that look at some top's next. Atomic; the last is a futex.
   */
  AbandonedHead = 256,
  AbandonedVisited = 257,
  AbandonedReaders = 258,

  /** RawMutex over the interpreter-wide delayed-free queue. */
  InterpreterDelayedLock = 272,
  InterpreterDelayedHead = 273,

  /** Free lists of the GIL build, `FreeLists.Words`. */
  InterpreterFreeLists = 512,

  /** Interpreter-wide allocator state of the GIL build: 4096 words, layout in allocators/. */
  InterpreterAllocator = 4096,

  /** `SegmentOwner`, one word a segment; see segments.ts. Atomic. */
  SegmentTable = 8192,
  /** By number of the segment: base address of the pymalloc state whose arenas it holds, 0 none. Under its GIL. */
  SegmentArenas = 8704,

  /** 257 buckets of one line each. */
  ParkingBuckets = 9216,
  BrcBuckets = 13344,
  BucketCount = 257,

  /** Built-in type objects, `BuiltinType`; 64 words each. */
  Types = 17472,
  /** Singletons and the table of small ints. */
  None = 19520,
  True = 19528,
  False = 19536,
  EmptyTuple = 19544,
  SmallInts = 19584,
  /** Shared empty key table of dicts; never freed. */
  EmptyKeys = 22400,

  /** Barrier of the current run's threads (sync/barrier.ts) and the run's module globals (a dict). */
  RunBarrier = 320,
  RunBarrierGeneration = 321,
  RunGlobals = 336,

  /** Next slot for a worker; a worker keeps its slot for its life. */
  NextSlot = 352,

  /** `TypeCache.Words` words in the static arena; fixed at start. Of a line that is written once for each class. */
  TypeCache = 353,
  /** The next version of a type. Atomic. */
  NextTypeVersion = 354,
  /** Numbers the objects of type threading.local. Atomic. */
  NextThreadLocal = 355,
  /** Constants of code that are never freed, a chain of `ConstantNode`; under InternMutex. */
  Constants = 356,

  /** Unique ids (CPython `Python/uniqueid.c`): byte mutex, table of entries, its length, first free entry. */
  UniqueIdMutex = 368,
  UniqueIdTable = 369,
  UniqueIdCapacity = 370,
  UniqueIdFree = 371,

  /** RawMutex of `malloc`, the allocator that all threads share (allocators/malloc/). */
  MallocLock = 384,

  /** Debug hooks: serial number of the last block (atomic), table of the places of allocation and its RawMutex. */
  DebugSerial = 400,
  DebugSites = 401,
  DebugSitesLock = 402,

  /** Words for allocators of the user's own, `UserAllocatorWords` each: allocators/domains/. */
  UserAllocators = 416,
  UserAllocatorWords = 16,
  /** As many as there are domains. */
  UserAllocatorCount = 3,

  /** The collector: `GcState.Words` words; words 768 to 1023 are for marking together, layout in gc/. */
  Gc = 640,
  GcMarking = 768,
  /** `WeakrefStripes.Count` mutex bytes, a line each would be too much: 127 words. */
  WeakrefStripes = 1024,

  /** `StopState` of the interpreters from 1 on; of all; `RwMutex` that keeps the two kinds apart, in its own word. */
  OtherStops = 1152,
  GlobalStop = 1200,
  StopKinds = 1216,

  /** First word of the side table of counts, one word for each 16 bytes of memory; 0 if the build has none. */
  SideTable = 22,

  /** Words for the code under test in sync/ and threads/; never used by the runtime. */
  Scratch = 24576,
  ScratchWords = 4096,

  /** `Geometry.ThreadSlots` blocks of `ThreadBlock.Words`. */
  Threads = 32768,
  /** The heaps that all threads share where they have none of their own, laid out as a thread's block. */
  SharedHeaps = 299008,

  /** Bump-allocated, never freed: immortal objects made at start and interned strings; next free address. */
  StaticNext = 304,
  StaticArena = 331776,
  StaticArenaEnd = 1048576,
}

/** A stop-the-world, of one interpreter or of all (CPython `struct _stoptheworld_state`). Atomic. */
export const enum StopState {
  Requested = 0,
  Stopped = 1,
  Countdown = 2,
  /** Futex, set to 1 when the countdown reaches 0. */
  Event = 3,
  Requester = 4,
  /** Byte mutex (`Mutex`) that serialises initiators; in its own word. */
  Mutex = 5,
  Words = 16,
}

/** `Control.SegmentTable`: who has a segment. Claimed by exchange from `Free`; see segments.ts. */
export const enum SegmentOwner {
  Free = 0,
  /** Pages of a mimalloc heap. */
  Heap = 1,
  /** First segment of a run that holds one huge block. */
  Huge = 2,
  /** The other segments of such a run. */
  HugeTail = 3,
  /** Arenas of pymalloc. */
  Arenas = 4,
  /** An allocator of the user's own. */
  User = 5,
  /** Places of allocation of the debug hooks. */
  DebugSites = 6,
}

/** Why `Control.Abort` is set. */
export const enum AbortReason {
  None = 0,
  /** A thread's program threw. */
  Error = 1,
  /** A worker died. */
  Died = 2,
  /** The host asked for it (Ctrl-C, shutdown). */
  Interrupt = 3,
}

/** A bucket of the parking lot (CPython `Python/parking_lot.c`). All words under `Lock`. */
export const enum ParkingBucket {
  /** RawMutex. */
  Lock = 0,
  /** Waiters, first in first out: addresses of thread blocks. */
  Head = 1,
  Tail = 2,
  Waiters = 3,
  Words = 16,
}

/** A bucket of the merge queues' table (CPython `Python/brc.c`). */
export const enum BrcBucket {
  /** RawMutex over the list and over every member's `BrcQueue`. */
  Lock = 0,
  /** First thread block of this bucket, linked by `ThreadBlock.BrcNext`. */
  Head = 1,
  Words = 16,
}

/**
 * What a thread has in shared memory. Line 0 is written by the thread itself (others only set breaker bits and
 * park a detached thread); then one line for QSBR, one for its place in the parking lot, one for its queues.
 */
export const enum ThreadBlock {
  /** `ThreadStatus`. Atomic, futex of a suspended thread. */
  Status = 0,
  /** `EvalBreaker` bits. Atomic read-modify-write; polled by a declared racy read. */
  Breaker = 1,
  /** Owner id of this thread's objects, 2 * slot + 1; 0 while the slot is free. */
  Id = 2,
  /** 1 from bind to exit; under HeadLock. */
  Alive = 3,
  /** Number of the thread in its run, from 0. Written by the thread itself before it is bound. */
  Index = 4,
  /** Objects that can hold references: allocations less frees that are not in `GcState.Counts` yet (owner only). */
  GcAllocations = 5,
  /**
   * Shadow stack: first word and first free one. Published by the thread before it leaves the attached state; of
   * itself and of threads that are stopped a collector may read it.
   */
  StackBase = 6,
  StackTop = 7,
  /** References that handles hold, a counted one each (owner; a collector reads it in a stopped world): table, words. */
  HandleTable = 8,
  HandleCapacity = 9,
  /** When the thread last stopped for a pause, `Clock.microseconds`. Under HeadLock. */
  StoppedAt = 10,
  /**
   * 1 while the thread waits, or stands still, at a safepoint, where it holds no reference that only a local variable
   * of JavaScript knows; 0 when it waits in the middle of an operation. For collectors that trace (owner; read of threads
   * that are stopped).
   */
  AtSafepoint = 15,
  /**
   * 0, or 1 more than the number of pauses that have begun since the thread found itself suspended and waits to
   * attach. Atomic. Stays 0 under a GIL.
   */
  AttachWaits = 11,
  /**
   * Object whose finaliser, or function as whose callback, this thread runs code of the program: address | `UserCodeKind`;
   * 0 none. Own, for messages: stays where the run ended in the midst of it, and the host reads it then.
   */
  UserCode = 14,
  /** Number of the thread's interpreter. Written before it is bound. */
  Interpreter = 12,
  /** 1 from when the thread has suspended itself for a pause to when it goes on: it may be asked to mark. Own; read in the pause. */
  MayMark = 13,

  /** QSBR: last write sequence observed, 0 offline. Written by the thread, read by everybody. Atomic. */
  QsbrSequence = 32,

  /** Semaphore of the thread: 1 posted. Atomic, futex. */
  Semaphore = 64,
  /** Parked waiter record, under the bucket's lock: byte address parked on, neighbours, flags. */
  WaitAddress = 65,
  WaitNext = 66,
  WaitPrevious = 67,
  /** 1 once an unparker has dequeued this waiter. */
  WaitUnparking = 68,
  /** The unparker's word to the waiter: 1 = the mutex was handed to you. */
  WaitHandedOff = 69,
  /** The waiter's word to the unparker: low 31 bits of the time in microseconds after which it wants hand-off. */
  WaitFairTime = 70,

  /** Merge queue (under the BRC bucket's lock): chunk list of objects others have queued. */
  BrcQueue = 96,
  BrcNext = 97,
  /** Private to the owner: chunks being drained. */
  BrcLocal = 98,

  /** Delayed frees (owner only): first and last chunk, batching counters (CPython 3.14). */
  DelayedHead = 128,
  DelayedTail = 129,
  DeferredCount = 130,
  DeferredMemory = 131,
  DeferredPageMemory = 132,
  /** Pages waiting for their goal (owner only). */
  QsbrPagesHead = 133,
  QsbrPagesTail = 134,
  /** Per-thread counts by unique id (CPython `Python/uniqueid.c`): array and its length; see refcount/uniqueIds.ts. */
  UniqueCounts = 136,
  UniqueCapacity = 137,

  /** Free lists of the thread (free-threaded) (owner only): `FreeLists` layout. */
  FreeLists = 160,

  /** Counters, owner writes, read after the run: `Counter` layout, then `GilWait`. */
  Counters = 288,
  GilWaits = 320,
  CountersEnd = 352,

  /** What a marker has in shared memory, 128 words; layout in gc/. Atomic where gc/ says so. */
  Marking = 352,

  /** Heap structures of this thread, laid out by allocators/: the rest of the block. */
  Heaps = 512,
  Words = 4096,
}

/** Words of `ThreadBlock.HandleTable`: references, 0 where there is none. */
export const enum RootTable {
  FirstCapacity = 64,
}

/**
 * Free lists (CPython `pycore_freelist_state.h`): a head and a count each; -1 in the count disables (exit).
 * Per thread in the free-threaded builds, per interpreter under the GIL. Blocks are linked through word 1
 * (`Header.Local`), and word 0 is 0: neither owned nor tracked, to whoever walks the heap.
 */
export const enum FreeLists {
  Ints = 0,
  Floats = 2,
  Lists = 4,
  Dicts = 6,
  DictKeys = 8,
  /** Tuples of length 1..20: head at Tuples + 2 * length. */
  Tuples = 8,
  Words = 64,
}

/** Limits of the free lists, CPython's. */
export const enum FreeListMax {
  Ints = 100,
  Floats = 100,
  Lists = 80,
  Dicts = 80,
  DictKeys = 80,
  TupleLength = 20,
  Tuples = 2000,
}

/**
 * What a thread counts, in every build: events that lie on slow paths anyway. Reported as `counters` in compare.json by the
 * names of counterNames.ts. Owner only; 0 from `ThreadState.bind` on. Times in microseconds, by `SyncThread.stopwatch`.
 */
export const enum Counter {
  /** Mutex slow paths entered. */
  MutexWaits = 0,
  /** Times parked. */
  Parks = 1,
  /** Mutex handed over directly. */
  HandOffs = 2,
  /** Objects put on another thread's merge queue. */
  BrcQueued = 3,
  /** Objects merged from the own queue. */
  BrcMerged = 4,
  /** Critical sections suspended. */
  SectionsSuspended = 5,
  /** Lock-free reads that fell back to the lock. */
  LockedReads = 6,
  /** Blocks handed to QSBR. */
  DelayedFrees = 7,
  GilSwitches = 8,
  /** Blocks freed to another thread's page. */
  ForeignFrees = 9,
  /** Stop-the-world pauses this thread was suspended by. */
  Suspensions = 10,
  /** Turns of spinning for a mutex. */
  Spins = 11,
  /** Time in the slow paths of mutexes: spinning, asleep, and attaching again. */
  LockMicroseconds = 12,
  /** Time asleep in the parking lot. */
  ParkedMicroseconds = 13,
  /** Times that the GIL was not free, and how long that took in all; more in `ThreadBlock.GilWaits`. */
  GilWaits = 14,
  GilMicroseconds = 15,
  /** Times that the GIL's holder was asked to drop it. */
  GilDropRequests = 16,
  /** Times that this thread was asked, dropped the GIL and waited for somebody else to have had it. */
  ForcedSwitches = 17,
  /** Time from stopping at a safepoint for a pause to going on. */
  SuspendedMicroseconds = 18,
  /** Pauses that this thread has begun, and how long it has waited for the others to stop. */
  Stops = 19,
  StopMicroseconds = 20,
  /** Times that an object's two counts became one, by whatever way. */
  Merges = 21,
  /** Grace periods begun, and those that the thread has waited for because it could not delay a free. */
  GracePeriods = 22,
  GraceWaits = 23,
  Count = 24,
}

/** `ThreadBlock.GilWaits`: the longest wait for the GIL in microseconds, then how many took at most 2^i microseconds. */
export const enum GilWait {
  Longest = 0,
  Histogram = 1,
  /** The last one has no limit; the one before ends at 2^18 microseconds, a quarter of a second. */
  Buckets = 20,
  Words = 21,
}

/** Type objects: header, then these words. Built-in ones live at fixed addresses (`BuiltinType`). */
export const enum TypeObject {
  /** `TypeKind`: which code handles its instances. */
  Kind = 4,
  /** Interned str, its name. */
  Name = 5,
  /** Words of an instance's fixed part, header included. */
  BasicWords = 6,
  /** `TypeFlags`. */
  Flags = 7,
  /** Heap types: shared key table of the instances (CPython split keys), 0 none. */
  SharedKeys = 8,
  /** Heap types: `__init__` function or 0. */
  Init = 9,
  /** Heap types: values that an instance has room for. */
  InlineCapacity = 10,
  /** Heap types: index of the per-thread counts + 1; 0 none. */
  UniqueId = 11,
  /** Heap types: `__del__`, a function, or 0. */
  Finalize = 12,
  /** First weak reference to the type; under its stripe's lock. */
  Weakrefs = 13,
  /** dict of the class's attributes, 0 before the first one is set. A counted reference. Atomic. */
  Dict = 14,
  /** Version of the attributes for caches (CPython `tp_version_tag`), never used again; 0 none. Atomic. */
  Version = 15,
  /** Versions that the type has had (CPython `tp_versions_used`). Under the type's guard. */
  VersionsUsed = 16,
  Words = 17,
}

export const enum TypeFlags {
  /** Instances can hold references: tracked, allocated in the Gc heaps. */
  HaveGc = 1,
  /** Instances have the two-word pre-header and are allocated in the GcPre heap. */
  PreHeader = 2,
  /** `Finalize` is a legacy finaliser (CPython `tp_del`): cycles with such objects are not freed. */
  LegacyFinalizer = 4,
}

/** Addresses of the built-in type objects. */
export const enum BuiltinType {
  Type = Control.Types,
  None = Control.Types + 64,
  Bool = Control.Types + 128,
  Int = Control.Types + 192,
  Float = Control.Types + 256,
  Str = Control.Types + 320,
  Tuple = Control.Types + 384,
  List = Control.Types + 448,
  Dict = Control.Types + 512,
  Function = Control.Types + 576,
  Lock = Control.Types + 640,
  Code = Control.Types + 704,
  Weakref = Control.Types + 768,
  Method = Control.Types + 832,
  WeakKeyDict = Control.Types + 896,
  WeakValueDict = Control.Types + 960,
  Module = Control.Types + 1024,
  BuiltinFunction = Control.Types + 1088,
  MethodDescriptor = Control.Types + 1152,
  Generator = Control.Types + 1216,
  ThreadLocal = Control.Types + 1280,
  MethodCaller = Control.Types + 1344,
  /** Behind the last one; there is room to `Control.None`. */
  End = Control.Types + 1408,
  Words = 64,
}

/** What a deallocator, a leak report or a trace switches on. */
export const enum TypeKind {
  Type = 1,
  None = 2,
  Bool = 3,
  Int = 4,
  Float = 5,
  Str = 6,
  Tuple = 7,
  List = 8,
  Dict = 9,
  Function = 10,
  Lock = 11,
  Instance = 12,
  Code = 13,
  Weakref = 14,
  Method = 15,
  WeakDict = 16,
  Module = 17,
  BuiltinFunction = 18,
  MethodDescriptor = 19,
  Generator = 20,
  ThreadLocal = 21,
  MethodCaller = 22,
}

/** int and float: header, then the value as a double; exact for ints to 2^53. `f64[(o + Value) / 2]`. */
export const enum NumberObject {
  Value = 4,
  Words = 6,
  /** Distance of the statically allocated ints. */
  Stride = 8,
  SmallMin = -5,
  SmallMax = 256,
}

/** A link of `Control.Constants`, in the static arena. */
export const enum ConstantNode {
  Next = 0,
  Object = 1,
  Words = 4,
}

/** str: immutable. Characters start at `Data`, one, two or four bytes each by `Kind` (CPython PEP 393). */
export const enum StrObject {
  /** Cached hash, 0 = not computed yet (a computed 0 is stored as 1). Idempotent racy writes. */
  Hash = 4,
  /** Code points. */
  Length = 5,
  /** Bytes a character (1, 2, 4) | `Interned` bit. */
  Kind = 6,
  KindMask = 7,
  Interned = 8,
  Data = 8,
}

export const enum TupleObject {
  Length = 4,
  /** Cached hash, as for str. */
  Hash = 5,
  Items = 6,
}

/** list (CPython `Objects/listobject.c`). */
export const enum ListObject {
  /** Items in use. Written under the list's lock; read anywhere. */
  Size = 4,
  /** Address of the `ListArray`, 0 when empty. Published after its contents. */
  Items = 5,
  Words = 6,
}

/**
 * Backing array of a list. It carries its own capacity, so that a lock-free reader can check an index against
 * the very array it holds: a stale array together with a newer, larger size is normal.
 */
export const enum ListArray {
  Capacity = 0,
  Items = 1,
}

/** dict (CPython `Objects/dictobject.c`). */
export const enum DictObject {
  /** Live entries. Written under the dict's lock. */
  Used = 4,
  /** Address of the `DictKeys`. Published after its contents. */
  Keys = 5,
  /** Globals of functions: index of the per-thread counts + 1; 0 none (CPython: in `_ma_watcher_tag`). */
  UniqueId = 6,
  Words = 7,
}

/** Key table of a dict: indices (1, 2 or 4 bytes each by size), then entries. */
export const enum DictKeys {
  /** log2 of the number of index slots. */
  Log2Size = 0,
  /** `DictKeysKind`. */
  Kind = 1,
  /** Entries that may still be added. */
  Usable = 2,
  /** Entries added so far, deleted ones included. */
  Entries = 3,
  /** Version for inline caches, 0 none. */
  Version = 4,
  /** Mutex byte of split tables (leaf lock, never detaches). */
  Mutex = 5,
  /** Split tables: references. */
  RefCount = 6,
  Indices = 8,
}

export const enum DictKeysKind {
  General = 0,
  /** All keys are str. */
  Unicode = 1,
  /** Shared by the instances of a class: keys only, values live in the instance. */
  Split = 2,
}

/** Entry of a general table: hash, key, value; of a unicode table: key, value; of a split table: key. */
export const enum DictEntry {
  GeneralHash = 0,
  GeneralKey = 1,
  GeneralValue = 2,
  GeneralWords = 3,
  UnicodeKey = 0,
  UnicodeValue = 1,
  UnicodeWords = 2,
  SplitWords = 1,
}

export const enum DictLimits {
  MinLog2 = 3,
  PerturbShift = 5,
  SharedKeysMax = 30,
  SharedKeysLog2 = 6,
  Empty = -1,
  Dummy = -2,
}

/** function: what a call needs. */
export const enum FunctionObject {
  /** The code's `Body` once more: a call reads it with one load (CPython `func.vectorcall`). */
  Body = 4,
  /** Interned str. */
  Name = 5,
  /** dict of the module's names, or 0. */
  Globals = 6,
  /** The code object. */
  Code = 7,
  /** First weak reference to the function; under its stripe's lock. */
  Weakrefs = 8,
  Words = 9,
}

/** code: what all functions of one `def` have in common. */
export const enum CodeObject {
  /** Index of the body in the program module's table of functions. */
  Body = 4,
  /** Interned str. */
  Name = 5,
  Arguments = 6,
  /** Index of the per-thread counts + 1; 0 none. */
  UniqueId = 7,
  /** tuple of the constants (CPython `co_consts`), 0 none. A counted reference. */
  Constants = 8,
  /** `CodeFlags`. */
  Flags = 9,
  Words = 10,
}

export const enum CodeFlags {
  /** A `def` within a function (CPython `CO_NESTED`): its functions are counted, so that they die at once. */
  Nested = 1,
}

/** threading.Lock: one mutex byte (the word's lowest). */
export const enum LockObject {
  Mutex = 4,
  Words = 5,
}

/** Instance of a heap type: values right behind the header, in the order of the shared keys. */
export const enum InstanceObject {
  /** Values set so far, and whether the inline values are valid. */
  ValuesUsed = 4,
  Values = 5,
}

/** Locks of weak reference lists (CPython `WEAKREF_LIST_LOCK`): by address of the object that is referred to. */
export const enum WeakrefStripes {
  Count = 127,
}

/** weakref (CPython `Objects/weakrefobject.c`). `Object`, `Next` and `Previous` under the lock of `Stripe`. */
export const enum WeakrefObject {
  /** Borrowed; 0 once the object is dead or the reference was cleared. Also read without the lock: atomic. */
  Object = 4,
  /**
   * Function or method to call with this weakref when the object dies, or the weakref to a weak dict that is to drop
   * its entry; 0 none. A counted reference.
   */
  Callback = 5,
  /** Value of a weak dict: its key, a counted reference (CPython `weakref.KeyedRef`); else 0. */
  Key = 6,
  /** Hash of the object, 0 = never asked for. Idempotent racy writes. */
  Hash = 7,
  /** Neighbours in the object's list. */
  Next = 8,
  Previous = 9,
  /** Byte address of the object's stripe; never changes. */
  Stripe = 10,
  Words = 11,
}

/** Bound method: function and object, both counted. */
export const enum MethodObject {
  /** As `FunctionObject.Body`: the body that passes the object on. */
  Body = 4,
  Function = 5,
  Self = 6,
  /** First weak reference to the method; under its stripe's lock. */
  Weakrefs = 7,
  Words = 8,
}

/** Dict with weak keys or weak values, by its type (CPython `Lib/weakref.py`). */
export const enum WeakDictObject {
  /** The dict behind it: weakref -> value, or key -> weakref. A counted reference. */
  Data = 4,
  /** Weakref to this object, which the entries' weakrefs have as their callback. A counted reference. */
  Self = 5,
  /** First weak reference to the object; under its stripe's lock. */
  Weakrefs = 6,
  Words = 7,
}

/** module (CPython `Objects/moduleobject.c`). */
export const enum ModuleObject {
  /** dict of its names. A counted reference. */
  Dict = 4,
  /** Interned str. */
  Name = 5,
  /** First weak reference to the module; under its stripe's lock. */
  Weakrefs = 6,
  Words = 7,
}

/** Function of a C module, or method of a built-in object bound to it (CPython `PyCFunctionObject`). */
export const enum BuiltinFunctionObject {
  /** Number of its body in the table of native bodies, alike in every thread. */
  Native = 4,
  /** Interned str. */
  Name = 5,
  /** First argument: the object, the module, or 0. A counted reference. */
  Self = 6,
  /** First weak reference to the function; under its stripe's lock. */
  Weakrefs = 7,
  Words = 8,
}

/** Method of a built-in type, not bound (CPython `PyMethodDescrObject`). */
export const enum MethodDescriptorObject {
  Native = 4,
  /** Interned str. */
  Name = 5,
  /** The type whose method it is. A counted reference. */
  Owner = 6,
  Words = 7,
}

/** generator (CPython `Objects/genobject.c`): its frame is a part of it. */
export const enum GeneratorObject {
  /** As `FunctionObject.Body`: the body that runs to the next yield. */
  Body = 4,
  /** `GeneratorState`. Atomic exchange by whoever resumes it. */
  State = 5,
  /** The code object, counted per thread where the build does that. */
  Code = 6,
  /** First weak reference to the generator; under its stripe's lock. */
  Weakrefs = 7,
  /** Where the body goes on; a number of the body's own. Of the thread that runs it. */
  Resume = 8,
  /** Words for locals. */
  LocalCount = 9,
  /** References, 0 where there is none. Of the thread that runs it. */
  Locals = 10,
}

export const enum GeneratorState {
  /** Created, or waits behind a yield. */
  Suspended = 0,
  Executing = 1,
  /** Has returned or thrown. */
  Finished = 2,
}

/** threading.local (CPython `Modules/_threadmodule.c`): the attributes are in dicts of the threads. */
export const enum ThreadLocalObject {
  /** str, unlike any other: the key of each thread's dict in its table. A counted reference. */
  Key = 4,
  /** First weak reference to the object; under its stripe's lock. */
  Weakrefs = 5,
  Words = 6,
}

/** operator.methodcaller (CPython `Modules/_operator.c`), of a method without arguments. */
export const enum MethodCallerObject {
  /** Interned str. */
  Name = 4,
  Words = 5,
}

/** One entry of `TypeCache`. All words atomic where threads run at once. */
export const enum TypeCacheEntry {
  /** Odd while somebody writes the entry. Atomic. */
  Sequence = 0,
  Version = 1,
  /** Interned str, hence static. */
  Name = 2,
  /** Borrowed from the type that has this version; 0: the type has no such attribute. */
  Value = 3,
  Words = 4,
}

/**
 * Cache of attributes of types, one for all threads (CPython `struct type_cache`): entries by version and name. Free-threaded:
 * each entry a sequence lock of its own.
 */
export const enum TypeCache {
  /** log2 of the entries, CPython's. */
  Log2Entries = 12,
  Mask = (1 << Log2Entries) - 1,
  Words = TypeCacheEntry.Words << Log2Entries,
}
