import { smallInt } from '../../objects/numbers.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Conditions } from '../../runtime/conditions.js';
import { createQueue, Queue } from '../../runtime/queues.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Awaited {
  readonly lock: Ref;
  readonly condition: Ref;
  /** What is waited for; guarded by the lock. */
  readonly flag: number;
}

function unset(w: World): Awaited {
  const t = w.thread(0);
  return { lock: t.locks.create(), condition: new Conditions(t).create(), flag: w.words(1, 'flag') };
}

function setAndNotify(s: Awaited, w: World, me: number): void {
  const { locks } = w.thread(me);
  const conditions = new Conditions(w.thread(me));
  locks.acquire(s.lock);
  w.i32[s.flag] = 1;
  conditions.notify(s.condition);
  locks.release(s.lock);
}

function awaitFlag(s: Awaited, w: World, me: number): void {
  const { locks } = w.thread(me);
  const conditions = new Conditions(w.thread(me));
  locks.acquire(s.lock);
  while (w.i32[s.flag] === 0) conditions.wait(s.condition, s.lock);
  locks.release(s.lock);
}

/** The lost wake-up: who notifies in between finds nobody in the list. */
class ReleaseFirst extends Conditions {
  protected override enrolAndRelease(condition: Ref, waiter: Ref, lock: Ref): void {
    this.t.locks.release(lock);
    this.t.lists.append(condition, waiter);
  }
}

export const conditionNotify = scenario<Awaited>('condition-notify', {
  about:
    'a condition is notified while a thread goes to sleep for it: never asleep afterwards (Lib/threading.py)',
  setup: unset,
  threads: { setter: setAndNotify, waiter: awaitFlag },
  after: (s, w) => {
    w.main.refs.decref(s.lock);
    w.main.refs.decref(s.condition);
    return { flag: w.i32[s.flag] };
  },
  outcomes: { 'flag=1': 'required' },
  world: { dataRaces: true },
  variants: {
    'the lock is released before the waiter is in the list': {
      overrides: [ReleaseFirst],
      finds: ['deadlock'],
    },
  },
});

interface Piped {
  readonly queue: Ref;
  /** What each consumer has got, by thread: a word each. */
  readonly got: number;
}

function emptyQueue(w: World): Piped {
  return { queue: createQueue(w.thread(0), 1), got: w.words(3, 'got') };
}

function queueOf(s: Piped, w: World, me: number): Queue {
  const queue = new Queue(w.thread(me));
  queue.open(s.queue);
  return queue;
}

function putTwo(s: Piped, w: World, me: number): void {
  const queue = queueOf(s, w, me);
  queue.put(smallInt(1));
  queue.put(smallInt(2));
}

/** 0 where the queue was empty and shut down. */
function take(queue: Queue, w: World, me: number): number {
  const { numbers, refs } = w.thread(me);
  const item = queue.get();
  if (item === 0) return 0;
  const value = numbers.value(item);
  refs.decref(item);
  return value;
}

function getTwo(s: Piped, w: World, me: number): void {
  const queue = queueOf(s, w, me);
  const first = take(queue, w, me);
  w.i32[s.got + me] = 10 * first + take(queue, w, me);
}

function getOne(s: Piped, w: World, me: number): void {
  w.i32[s.got + me] = take(queueOf(s, w, me), w, me);
}

function dropQueue(s: Piped, w: World): void {
  w.main.refs.decref(s.queue);
}

/** Waits once, and takes it for granted that what it was woken for is still there. */
class WaitOnce extends Queue {
  protected override awaitItem(): void {
    if (this.isEmpty()) this.sleepForItem();
  }
}

export const queueOrder = scenario<Piped>('queue-put-get', {
  about:
    'two items through a queue with room for one: both arrive, in order, nobody sleeps on (Lib/queue.py)',
  setup: emptyQueue,
  threads: { producer: putTwo, consumer: getTwo },
  after: (s, w) => {
    dropQueue(s, w);
    return { got: w.i32[s.got + 1] };
  },
  outcomes: { 'got=12': 'required' },
  world: { dataRaces: true },
  variants: {
    'the lock is released before the waiter is in the list': {
      overrides: [ReleaseFirst],
      finds: ['deadlock'],
    },
  },
});

export const queueConsumers = scenario<Piped>('queue-two-consumers', {
  about:
    'two threads wait for the two items of a third: each gets one, whoever is woken for it (Lib/queue.py)',
  setup: emptyQueue,
  threads: { producer: putTwo, a: getOne, b: getOne },
  after: (s, w) => {
    dropQueue(s, w);
    return { a: w.i32[s.got + 1], b: w.i32[s.got + 2] };
  },
  outcomes: { 'a=1, b=2': 'required', 'a=2, b=1': 'required' },
  variants: {
    'who was woken does not look again': { overrides: [WaitOnce], finds: ['a=0, b=1', 'a=1, b=0'] },
  },
});
