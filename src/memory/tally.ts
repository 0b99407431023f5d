import { HotSpots } from './hotSpots.js';

/**
 * What one thread of a counted build has done on its fast paths. Plain numbers of JavaScript: they do not overflow and
 * share no cache line with anybody. Reported beside `Counter`, by the names of the fields.
 */
export class Tally {
  /** Headers written: objects made, those from free lists too; each starts with one reference. */
  objectsMade = 0;
  /** Increments and decrements by plain stores: of the thread's own objects, or where the scheme counts plainly. */
  localIncrefs = 0;
  localDecrefs = 0;
  /** Those of a word that other threads may count in: an atomic operation each, at least. */
  sharedIncrefs = 0;
  sharedDecrefs = 0;
  /** Those of immortal objects, which touch nothing. */
  immortalIncrefs = 0;
  immortalDecrefs = 0;
  /** Those in the thread's own array of counts by unique id. */
  uniqueIncrefs = 0;
  uniqueDecrefs = 0;
  /** Conditional increments of what somebody else owns, and those that failed; the others are among `sharedIncrefs`. */
  conditionalIncrefs = 0;
  failedIncrefs = 0;
  /** Locks got at the first try, and first tries that found the lock taken. */
  locks = 0;
  lockMisses = 0;
  /** Items, values and attributes read from lists, dicts and instances, locked or not (see `Counter.LockedReads`). */
  reads = 0;
  /** Atomic operations of hot paths that write, and loads. */
  atomicWrites = 0;
  atomicLoads = 0;
  /** Blocks asked from the allocator, and given back. */
  allocations = 0;
  frees = 0;

  /** Objects by increments and decrements of either kind, where other threads may count too. */
  readonly hotCounts = new HotSpots();
  /** Mutex bytes by tries, and by tries that found the lock taken. */
  readonly hotLocks = new HotSpots();
  readonly hotMisses = new HotSpots();

  /** The counters by name. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [name, value] of Object.entries(this)) if (typeof value === 'number') counts[name] = value;
    return counts;
  }
}
