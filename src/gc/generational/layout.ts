import { GcBits } from '../../memory/layout.js';

/**
 * Lists of a generational collector by number, for `generationHead`: the generations, the frozen objects, and what a
 * collection under way takes out of them. Those are in shared memory and not in the collector, for other threads
 * unlink objects from them while finalisers and callbacks run; between collections they are empty.
 */
export const enum GcList {
  Young = 0,
  Middle = 1,
  Old = 2,
  /** CPython `permanent_generation`. */
  Frozen = 3,
  Unreachable = 4,
  /** Unreachable, and with a legacy finaliser or reachable from one. */
  Legacy = 5,
  /** Weak references whose callbacks are to be called; then objects whose turn to be finalised has come. */
  Pending = 6,
  /** Unreachable also after the finalisers have run. */
  StillUnreachable = 7,
  Count = 8,
  Generations = 3,
}

/** In a header's first word. Word 0 of the memory is 0, so that a null reference has none of them. */
export const enum HeaderBits {
  Tracked = GcBits.Tracked << 24,
}
