import { DelayedFree } from '../../allocators/delayedFree.js';
import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Thread } from '../../runtime/thread.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const EXITING = 0;
const OTHER = 1;

interface Waiting {
  readonly object: Ref;
}

/**
 * An object of the exiting thread's with two references, both in its local count: one waits in that thread's queue
 * for a grace period, as a replaced `__dict__` does, one was handed to the other thread.
 */
function waiting(w: World): Waiting {
  const { allocator, numbers, refs } = w.thread(EXITING);
  const object = numbers.float(1);
  refs.incref(object);
  allocator.decrefDelayed(object);
  return { object };
}

/** Behind its quiescent state the grace period is over, and its last reference goes as a foreign one. */
function pollAndDrop(s: Waiting, w: World): void {
  const thread = w.thread(OTHER);
  thread.poll();
  thread.refs.decref(s.object);
}

function exit(_s: Waiting, w: World, me: number): void {
  w.thread(me).exit();
}

/** Whether the exiting thread's part was left to others, and whether all is well in the end. */
function settle(s: Waiting, w: World): { left: boolean; freed: boolean } {
  const left = w.i32[Control.InterpreterDelayedHead] !== 0;
  w.drain();
  return { left, freed: w.freed(s.object) };
}

// --- Broken steps ---

/** CPython's `PyThreadState_Clear`: first out of the table, then the delayed decrefs. */
class LeavesTheTableFirst extends Thread {
  protected override leaveSharedStructures(): void {
    this.refs.exit();
    this.allocator.abandonDelayed();
    this.calls.exit();
    this.allocator.exit();
  }
}

/** In the right order, but what became due meanwhile is dropped by the thread that has left. */
class CountsToTheEnd extends DelayedFree {
  override abandon(_counting: boolean): void {
    super.abandon(true);
  }
}

/** Takes all there is, due or not, and puts back what was not, without another look. */
class TakesWhatIsNotDue extends DelayedFree {
  protected override processInterpreter(_counting: boolean): void {
    const chunk = Atomics.exchange(this.i32, Control.InterpreterDelayedHead, 0);
    if (chunk === 0) return;
    if (this.drainChunk(chunk)) this.target.freeChunk(chunk);
    else this.giveToInterpreter(chunk, chunk);
  }
}

/**
 * D29. Leaving the table of merge queues allows others to merge this thread's objects under the lock of its bucket.
 * A decrement of the local count by that thread then is a load and a store around somebody else's merge, and is
 * lost: the total stays one too high, for ever.
 */
export const exitDelayedDecref = scenario<Waiting>('exit-delayed-decref', {
  about:
    'an exiting thread drops delayed references of its own objects while another one drops its own (D29)',
  litmus: ['D29'],
  refcount: ['biased'],
  setup: waiting,
  threads: { exiting: exit, other: pollAndDrop },
  after: settle,
  outcomes: { 'left=false, freed=true': 'required', 'left=true, freed=true': 'required' },
  variants: {
    'leaves the table of merge queues first (CPython)': {
      overrides: [LeavesTheTableFirst],
      finds: ['leak'],
    },
    'what is due only then is dropped by the thread that has left': {
      overrides: [CountsToTheEnd],
      finds: ['leak'],
    },
  },
});

function goOffline(_s: Waiting, w: World, me: number): void {
  w.thread(me).allocator.abandonDelayed();
}

/** Alone, this part of an exit can be explored to the end. */
export const exitLast = scenario<Waiting>('exit-last', {
  about: 'two threads go, one with a delayed decref: whoever is last leaves nothing waiting (gh-130794)',
  refcount: ['biased'],
  setup: waiting,
  threads: { first: goOffline, second: goOffline },
  after(s, w) {
    const left = w.i32[Control.InterpreterDelayedHead] !== 0;
    w.thread(OTHER).refs.decref(s.object);
    return { left };
  },
  outcomes: { 'left=false': 'required' },
  variants: {
    'takes what is not due, and looks once': { overrides: [TakesWhatIsNotDue], finds: ['left=true'] },
  },
});
