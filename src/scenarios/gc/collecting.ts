import { Candidates } from '../../gc/freeThreaded/candidates.js';
import { FreeThreadedCollector } from '../../gc/freeThreaded/freeThreadedCollector.js';
import { Control, Counter, StopState, ThreadBlock } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { stopOf } from '../../sync/worldStopped.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** The whole collector of a build without a GIL, while another thread runs. */

const COLLECTOR = 0;
const OTHER = 1;

// --- D7 ---

interface Called {
  /** A function of the caller's with deferred counts; its one counted reference is the collector's. */
  readonly called: Ref;
  /** 1 from the call on. */
  readonly running: number;
}

/** The body blocks for a moment. */
function functionToCall(w: World): Called {
  const { calls, refs, state } = w.thread(OTHER);
  const running = w.words(1, 'running');
  const body = (): Ref => {
    state.detach();
    Atomics.store(w.i32, running, 1);
    futexWake(w.i32, running, 1);
    state.attach();
    return refs.newStatic(Control.None);
  };
  calls.exit();
  calls.start({ body });
  return { called: calls.define('body'), running };
}

class LooksAtNoStack extends Candidates {
  override addStacks(): void {}
}

export const gcStack = scenario<Called>('gc-stack', {
  about:
    'only the stack of a thread holds a function with deferred counts while another collects (PIT-8.1, D7)',
  litmus: ['D7'],
  // Where its counts are not deferred the stack counts, and nothing would keep it alive until then.
  refcount: ['biased'],
  setup: functionToCall,
  threads: {
    collector(s, w) {
      const { refs, gc } = w.thread(COLLECTOR);
      futexWait(w.i32, s.running, 0, Number.POSITIVE_INFINITY);
      refs.decref(s.called);
      gc.collect();
    },
    caller(s, w) {
      const { calls, refs } = w.thread(OTHER);
      refs.decref(calls.call0(calls.open(s.called)));
    },
  },
  after(s, w) {
    const survived = !w.freed(s.called);
    w.main.gc.collect();
    const freed = w.freed(s.called);
    w.thread(OTHER).calls.releaseDefined();
    return { survived, freed };
  },
  outcomes: {
    'survived=true, freed=true': 'required',
    'survived=false, freed=true': 'required',
  },
  variants: {
    'stacks are not looked at (D7)': {
      overrides: [LooksAtNoStack],
      outcomes: { '*': 'expected' },
      finds: ['use after free'],
    },
  },
});

// --- D20 ---

interface Queued {
  /** The owner's: the collector drops the last reference to it. */
  readonly object: Ref;
  /** How many objects the collection found. */
  readonly found: number;
}

function ownedByOther(w: World, object: Ref): Queued {
  return { object, found: w.words(1, 'found') };
}

/** The object waits for its owner. */
function dropAndCollect({ object, found }: Queued, w: World): void {
  const { refs, gc } = w.thread(COLLECTOR);
  refs.decref(object);
  w.i32[found] = gc.collect();
}

/** As at a safepoint, and then the thread ends: the pause is behind the merge, and the queueing before or behind it. */
function merge(_s: Queued, w: World): void {
  w.thread(OTHER).mergeQueued();
}

function remains({ object, found }: Queued, w: World): { found: number; freed: boolean } {
  return { found: w.i32[found], freed: w.freed(object) };
}

class LeavesQueues extends FreeThreadedCollector {
  protected override mergeCounts(): void {
    this.parts.refs.mergePerThread();
  }
}

export const gcQueue = scenario<Queued>('gc-queue', {
  about:
    'a collection comes between the queueing of an object for its owner and the merge: the object is garbage (D20)',
  litmus: ['D20'],
  refcount: ['biased'],
  setup: (w) => ownedByOther(w, w.thread(OTHER).lists.create()),
  threads: { collector: dropAndCollect, owner: merge },
  after: remains,
  outcomes: { 'found=1, freed=true': 'required', 'found=0, freed=true': 'required' },
  variants: {
    'queues are not merged (D20)': {
      overrides: [LeavesQueues],
      outcomes: { '*': 'expected' },
      finds: ['found=0, freed=false'],
    },
  },
});

/** By who collects: a destructor would run code of the program in a stopped world. */
function freedInPause({ object }: Queued, w: World): boolean {
  const stopped = Atomics.load(w.i32, stopOf(0) + StopState.Stopped) !== 0;
  const merged = w.i32[w.thread(OTHER).block + ThreadBlock.Counters + Counter.BrcMerged];
  return stopped && merged === 0 && w.freed(object);
}

class DropsInPause extends FreeThreadedCollector {
  protected override mergeCounts(dead: Ref[]): void {
    super.mergeCounts(dead);
    for (const object of dead) this.thread.refs.decref(object);
    dead.length = 0;
  }
}

/** No collector sees a float. */
export const gcQueueDead = scenario<Queued>('gc-queue-dead', {
  about:
    'what dies as a collection merges the queues is dropped when the world runs again (CPython Python/gc_free_threading.c, D20)',
  litmus: ['D20'],
  refcount: ['biased'],
  setup: (w) => ownedByOther(w, w.thread(OTHER).numbers.float(0.5)),
  threads: { collector: dropAndCollect, owner: merge },
  after: remains,
  never: (s, w) => freedInPause(s, w) && 'the object is dropped while the world is stopped',
  outcomes: { 'found=0, freed=true': 'required' },
  variants: {
    'what is dead is dropped during the pause (D20)': {
      overrides: [DropsInPause],
      finds: ['broken invariant'],
    },
  },
});
