/**
 * What a thread of a traced build has recorded, as plain data that travels from worker to host. Times are in microseconds of
 * the machine's monotonic clock, the same in every worker.
 */

/** What a thread does, or waits for. */
export const enum TraceState {
  Running = 0,
  WaitingForGil = 1,
  WaitingForLock = 2,
  Parked = 3,
  Stopped = 4,
  StoppingTheWorld = 5,
  Collecting = 6,
  Marking = 7,
  Finalising = 8,
  GracePeriod = 9,
  Count = 10,
}

/** Events of the states. The first three are added to a `TraceState`. */
export const enum TraceEvent {
  /** A state begins in the one before. */
  Begin = 0,
  /** It ends, with whatever still lies in it: an error may have flown past an end. */
  End = 16,
  /** The thread is not attached: begins the state, or takes the place of the state of this kind that it is in. */
  Off = 32,
  /** Attached again. */
  On = 48,
  /** Not attached any more: `Parked` begins, unless a state of this kind has begun already. */
  Leave = 49,
  /** A phase of the collection under way ends, which began where the one before ended. */
  Phase = 50,
  /** The world is about to go on. */
  Restart = 51,
  /** The stretch that is to be seen begins. */
  Stretch = 52,
}

/** How a lock was got and given up: bits. */
export const enum HoldFlag {
  /** Its holder had waited for it. */
  Waited = 1,
  /** Somebody was asleep when it was given up. */
  Waiter = 2,
  /** It was handed to that one directly. */
  HandedOver = 4,
  /** Not given up when recording ended. */
  Open = 8,
}

/** Stands for the GIL among the addresses of locks. */
export const GIL_LOCK = -1;

/** Values of each sample, in this order. Those of `perThread` are the thread's own, and add up. */
export const SAMPLED: readonly { readonly name: string; readonly perThread: boolean }[] = [
  { name: 'heap bytes', perThread: false },
  { name: 'net allocations since a collection', perThread: false },
  { name: 'waits for mutexes', perThread: true },
  { name: 'parks', perThread: true },
  { name: 'hand-offs', perThread: true },
  { name: 'merges queued', perThread: true },
  { name: 'critical sections suspended', perThread: true },
  { name: 'reads that took the lock', perThread: true },
  { name: 'delayed frees', perThread: true },
  { name: 'GIL switches', perThread: true },
  { name: 'foreign frees', perThread: true },
  { name: 'suspensions', perThread: true },
];

export interface ThreadRecording {
  /** Number of the thread in its run. */
  readonly thread: number;
  /** When recording began and ended. */
  readonly start: number;
  readonly end: number;
  /** By how much this thread's clock may be wrong. */
  readonly clockError: number;
  readonly events: {
    readonly times: Float64Array;
    /** `TraceEvent`. */
    readonly kinds: Int32Array;
    /** Index into `notes`. */
    readonly notes: Int32Array;
  };
  /** Texts of events; the first one is empty. */
  readonly notes: readonly string[];
  readonly holds: {
    /** Byte addresses, `GIL_LOCK`. */
    readonly locks: Int32Array;
    readonly from: Float64Array;
    readonly to: Float64Array;
    /** `HoldFlag`. */
    readonly flags: Uint8Array;
  };
  /** Names of locks that somebody had to wait for, by address. */
  readonly lockNames: ReadonlyMap<number, string>;
  readonly samples: {
    readonly times: Float64Array;
    /** `SAMPLED.length` values a sample. */
    readonly values: Float64Array;
  };
  /** Events, holds and samples that found their buffer full, and when the first one did; Infinity: none. */
  readonly dropped: number;
  readonly droppedFrom: number;
}
