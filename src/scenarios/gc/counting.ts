import { Control, GcLimits, GcState, ThreadBlock } from '../../memory/layout.js';
import { FreeThreadedGcHeap } from '../../objects/gcHeap.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Word of the interpreter's count of young objects. */
const YOUNG = Control.Gc + GcState.Counts;

// --- D30 ---

interface Counted {
  readonly list: Ref;
}

/** One free more and one thread tells what it has freed, one allocation more and the other one what it has made. */
function nearlyTold(w: World): Counted {
  const [freeing, making] = [w.thread(0), w.thread(1)];
  const list = freeing.lists.create();
  w.i32[freeing.block + ThreadBlock.GcAllocations] = 1 - GcLimits.ThreadBuffer;
  w.i32[making.block + ThreadBlock.GcAllocations] = GcLimits.ThreadBuffer - 1;
  Atomics.store(w.i32, YOUNG, 0);
  return { list };
}

class BelowZero extends FreeThreadedGcHeap {
  protected override flushFrees(count: number): void {
    this.i32[this.block + ThreadBlock.GcAllocations] = 0;
    Atomics.add(this.i32, YOUNG, count);
  }
}

export const countBelowZero = scenario<Counted>('gc-count', {
  about:
    'frees are told to the interpreter while another thread tells allocations: never below 0 (gh-142048, D30)',
  litmus: ['D30'],
  refcount: ['biased'],
  setup: nearlyTold,
  threads: {
    freeing: (s, w) => w.thread(0).refs.decref(s.list),
    making(_s, w) {
      const { lists, refs } = w.thread(1);
      refs.decref(lists.create());
    },
  },
  after: (_s, w) => ({ young: Atomics.load(w.i32, YOUNG) }),
  never: (_s, w) => Atomics.load(w.i32, YOUNG) < 0 && 'fewer than no young objects',
  outcomes: { 'young=0': 'required', 'young=512': 'required' },
  variants: {
    'what was freed is just subtracted (gh-142048)': { overrides: [BelowZero], finds: ['broken invariant'] },
  },
});
