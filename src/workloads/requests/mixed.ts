import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { RequestTimes } from '../latency/requestTimes.js';
import { RangeLoop } from '../loop.js';
import type { Worker, Workload } from '../workload.js';

/** Milliseconds from one arrival to the next: evenly distributed, so that they keep no step with the switch interval. */
const SHORTEST = 4;
const LONGEST = 12;
/** Rounds of a busy thread between two looks at the clock. */
const STRETCH = 2048;
/** Numbers that an answer is made of. */
const ANSWER = 16;
const FIRST = 1000;

/**
 * Short requests that come over a wire: a thread that answers them sleeps, detached, until the next one is due, attaches,
 * builds the answer. The time of a request counts from when it was due, whether or not the thread was there (see
 * `RequestTimes`): an open loop, in which a thread that is late for one is late for the next, too.
 */
class Service {
  readonly times = new RequestTimes();
  private lock: Ref = 0;
  private due = 0;
  private random = 1;
  private wrong = 0;

  constructor(private readonly t: Thread) {}

  start(): void {
    const { locks } = this.t;
    // A lock that nobody releases: to wait for it is to sleep.
    this.lock = locks.create();
    locks.acquire(this.lock);
    this.random = this.t.index + 1;
    this.wrong = 0;
    this.due = 0;
    this.times.clear();
  }

  /** Waits for the next request and answers it. */
  serve(): void {
    const { times } = this;
    if (this.due === 0) this.due = times.now() + this.interval();
    const left = this.due - times.now();
    if (left > 0) this.t.locks.acquireTimed(this.lock, left);
    this.answer();
    times.record(this.due, times.now());
    this.due += this.interval();
    this.t.state.poll();
  }

  /** Behind a sample: what was due between two samples is nobody's request. */
  end(): void {
    this.due = 0;
  }

  finish(): string | null {
    const { locks, refs } = this.t;
    locks.release(this.lock);
    refs.decref(this.lock);
    return this.wrong === 0 ? null : `${this.wrong} answers were wrong`;
  }

  /** Some microseconds: a list of ints is built, added up, dropped. */
  private answer(): void {
    const { lists, numbers, refs } = this.t;
    const list = lists.create();
    for (let i = 0; i < ANSWER; i++) {
      const number = numbers.fromInteger(FIRST + i);
      lists.append(list, number);
      refs.decref(number);
    }
    let sum = 0;
    for (let i = 0; i < ANSWER; i++) {
      const number = lists.get(list, i);
      sum += numbers.value(number);
      refs.decref(number);
    }
    refs.decref(list);
    if (sum !== ANSWER * FIRST + (ANSWER * (ANSWER - 1)) / 2) this.wrong++;
  }

  private interval(): number {
    this.random = (Math.imul(this.random, 1103515245) + 12345) & 0x7fffffff;
    return SHORTEST + ((LONGEST - SHORTEST) * this.random) / 0x7fffffff;
  }
}

/** `for i in range(n): s += i`, over and over: a thread that never waits. */
class Busy {
  private readonly loop: RangeLoop;
  wrong = 0;

  constructor(private readonly t: Thread) {
    this.loop = new RangeLoop(t);
  }

  run(count: number): void {
    const { loop } = this;
    const { numbers, refs } = this.t;
    let sum = numbers.fromInteger(0);
    for (let round = 0; round < count; round++) {
      const i = loop.variable(round);
      const result = numbers.addInt(sum, i);
      refs.decref(sum);
      sum = result;
      loop.end(i);
    }
    if (numbers.value(sum) !== (count * (count - 1)) / 2 + 300 * count) this.wrong++;
    refs.decref(sum);
  }

  verdict(): string | null {
    return this.wrong === 0 ? null : `${this.wrong} sums were wrong`;
  }
}

/** `serving`: the number of the thread that answers requests; all others are busy. */
function mixedWorker(t: Thread, serving: number): Worker {
  const service = new Service(t);
  const busy = new Busy(t);

  function spend(count: number): number {
    if (t.index === serving) {
      service.serve();
      return 1;
    }
    busy.run(count);
    return count;
  }

  return {
    start() {
      service.start();
      busy.wrong = 0;
    },
    run: spend,
    help() {
      spend(STRETCH);
    },
    end: () => service.end(),
    latency: () => service.times,
    finish() {
      return service.finish() ?? busy.verdict();
    },
  };
}

const COMMON = {
  group: 'requests',
  unsafe: false,
  coarse: true,
  setup: () => ({}),
} as const;

/**
 * In the manner of ccbench (Antoine Pitrou, CPython `Tools/ccbench`) and of David Beazley's convoy effect (Understanding the
 * Python GIL, 2010): thread 0 answers requests, all others compute. An operation is an answer; the others have none.
 * They come every 8 ms on average, so that one computing thread's switch interval of 5 ms leaves room for all.
 */
export const ioBesideCpu: Workload = {
  ...COMMON,
  name: 'io-beside-cpu',
  cpython: 'time.sleep until the next is due, answer it; the other threads: s += i',
  title: 'one thread answers a request every 8 ms, the others compute: how long does a request wait?',
  unit: 'answer',
  worker: (t) => mixedWorker(t, 0),
};

/** The same from the other side: thread 0 computes and has the operations, thread 1 answers requests. */
export const cpuBesideIo: Workload = {
  ...COMMON,
  name: 'cpu-beside-io',
  cpython: 's += i; thread 1: time.sleep until the next is due, answer it',
  title: 'one thread computes beside one that answers requests: what do these take from it?',
  unit: 'op',
  worker: (t) => mixedWorker(t, 1),
};
