import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { createQueue, Queue } from '../../runtime/queues.js';
import type { Thread } from '../../runtime/thread.js';
import { RequestTimes } from '../latency/requestTimes.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';

/** Items, or batches, that the queue has room for. */
const CAPACITY = 64;
/** Items of a batch, where they go in batches. */
const BATCH = 32;
/** One request in so many is timed: two looks at the clock take as long as some of the rest. A power of two. */
const TIMED_EVERY = 8;
/** Numbers of items: above the small ints, so that each is an object; within 16 bits, so that sums stay exact. */
const FIRST = 300;
const LAST = 0xffff;

/**
 * What wanders through the queue: a tuple of the time when it was put (a float of milliseconds; None where it is not timed)
 * and its load, an int, or a list of so many ints.
 */
class Items {
  private readonly pair: Ref[] = [0, 0];
  private next = FIRST;
  private made = 0;
  /** Of the numbers in the last item made. */
  lastSum = 0;
  gotSum = 0;

  constructor(
    private readonly t: Thread,
    private readonly times: RequestTimes,
    private readonly batch: number,
  ) {}

  start(): void {
    this.next = FIRST;
    this.gotSum = 0;
  }

  /** A new item, with the clock read last. */
  make(): Ref {
    const { numbers, tuples, refs } = this.t;
    const { pair } = this;
    const timed = (this.made++ & (TIMED_EVERY - 1)) === 0;
    this.lastSum = 0;
    pair[1] = this.batch === 1 ? this.number() : this.numbers();
    pair[0] = timed ? numbers.float(this.times.now()) : refs.newStatic(Control.None);
    const item = tuples.create(pair);
    refs.decref(pair[0]);
    refs.decref(pair[1]);
    return item;
  }

  /** Its time, its load, its end. `timed` is false for what has waited for no consumer. */
  consume(item: Ref, timed: boolean): void {
    const { numbers, tuples, refs } = this.t;
    const stamp = tuples.get(item, 0);
    if (timed && stamp !== Control.None) this.times.record(numbers.value(stamp), this.times.now());
    refs.decref(stamp);
    const load = tuples.get(item, 1);
    if (this.batch === 1) this.gotSum += numbers.value(load);
    else this.addList(load);
    refs.decref(load);
    refs.decref(item);
  }

  private number(): Ref {
    const value = this.next;
    this.next = value === LAST ? FIRST : value + 1;
    this.lastSum += value;
    return this.t.numbers.fromInteger(value);
  }

  private numbers(): Ref {
    const { lists, refs } = this.t;
    const list = lists.create();
    for (let i = 0; i < this.batch; i++) {
      const number = this.number();
      lists.append(list, number);
      refs.decref(number);
    }
    return list;
  }

  private addList(list: Ref): void {
    const { lists, numbers, refs } = this.t;
    for (let i = 0; i < this.batch; i++) {
      const number = lists.get(list, i);
      this.gotSum += numbers.value(number);
      refs.decref(number);
    }
  }
}

function queueWorker(t: Thread, batch: number): Worker {
  const { refs, state } = t;
  const times = new RequestTimes();
  const items = new Items(t, times, batch);
  const queue = new Queue(t);
  let totals: Ref = 0;
  let put = 0;
  let putSum = 0;
  let got = 0;

  /** False: the queue is shut down. */
  function produce(): boolean {
    const item = items.make();
    const taken = queue.put(item);
    refs.decref(item);
    if (!taken) return false;
    put += batch;
    putSum += items.lastSum;
    return true;
  }

  function consume(timed: boolean): boolean {
    const item = queue.get();
    if (item === 0) return false;
    items.consume(item, timed);
    got += batch;
    return true;
  }

  /** Alone a thread does both sides in turn; otherwise every second one consumes. */
  function step(): boolean {
    if (t.i32[Control.RunThreads] === 1) return produce() && consume(true);
    return t.index % 2 === 0 ? produce() : consume(true);
  }

  return {
    start(shared) {
      queue.open(shared.queue);
      totals = shared.totals;
      put = 0;
      putSum = 0;
      got = 0;
      items.start();
      times.clear();
    },
    rest() {
      // The others have left the last sample; what they have left behind is nobody's request.
      queue.shutDown();
      while (consume(false));
      queue.reopen();
    },
    run(count) {
      const before = put + got;
      const enough = before + count;
      while (put + got < enough && step()) state.poll();
      return put + got - before;
    },
    end() {
      queue.shutDown();
    },
    latency: () => times,
    finish() {
      // Shut down by now: nothing is put any more. Whoever comes first takes what is left.
      while (consume(false));
      const row = [put, got, putSum, items.gotSum].map((total) => t.numbers.int(total));
      const tuple = t.tuples.create(row);
      t.lists.append(totals, tuple);
      for (const number of [...row, tuple]) refs.decref(number);
      return null;
    },
  };
}

/** The totals of each thread are a tuple: what was put and what was got, in number and in sum. */
function check(t: Thread, shared: SharedRefs): string | null {
  const sums = [0, 0, 0, 0];
  const { lists, numbers, refs } = t;
  const length = lists.length(shared.totals);
  for (let i = 0; i < length; i++) {
    const row = lists.get(shared.totals, i);
    for (let which = 0; which < sums.length; which++) {
      const number = t.tuples.get(row, which);
      sums[which] += numbers.value(number);
      refs.decref(number);
    }
    refs.decref(row);
  }
  const [put, got, putSum, gotSum] = sums;
  if (put !== got) return `${put} items were put, and ${got} came out`;
  return putSum === gotSum ? null : `the items were ${putSum} together, and ${gotSum} came out`;
}

const COMMON = {
  group: 'requests',
  unsafe: false,
  unit: 'put or get',
  coarse: true,
  setup: (t: Thread) => ({ queue: createQueue(t, CAPACITY), totals: t.lists.create() }),
  check,
} as const;

/**
 * Every second thread makes items and puts them in, the others take them out and drop them: cross-thread frees. A request
 * is an item's way, from before its put (waiting for room included) to behind its get. A closed loop: who waits for room
 * makes nothing meanwhile.
 */
export const queueSingle: Workload = {
  ...COMMON,
  name: 'queue-single',
  cpython: 'q.put((time, i)) here, q.get() there; queue.Queue(64)',
  title: 'producers and consumers, one item at a time: a lock and a wake-up each, and cross-thread frees',
  worker: (t) => queueWorker(t, 1),
};

/** As `queueSingle`, with lists of 32 numbers. An operation is one number's put or get, a request a list's way. */
export const queueBatch: Workload = {
  ...COMMON,
  name: 'queue-batch',
  cpython: 'q.put((time, [i, ...])) here, q.get() there; lists of 32, queue.Queue(64)',
  title: 'the same in lists of 32: the queue hardly costs anything, cross-thread frees stay',
  worker: (t) => queueWorker(t, BATCH),
};
