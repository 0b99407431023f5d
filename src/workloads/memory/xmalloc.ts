import { Control, HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import { futexWait, futexWake } from '../../sync/futex.js';
import { Spinner } from '../../sync/spin.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * Lever and Boreham's `xmalloc-test -s 64`: some threads only allocate, others only free what those have allocated, in
 * batches of 4096 blocks. There a list of batches under a lock lies between them; here each pair of threads - an even
 * number allocates, the odd one after it frees - has a ring of its own. Blocks are written whole, and freed unread but
 * for a sample, as there. The thread that is left without a partner does both, through the ring as well.
 */
const BATCH = 4096;
const BLOCK_WORDS = wordsOf(64);
/** Batches that may wait. */
const RING = 4;
/** One block in so many is read before it is freed. */
const SAMPLED = 32;

/** A pair's words: a line for each side's count, then the ring. One writer a word. */
const PUT = 0;
const TAKEN = LINE_WORDS;
const SLOTS = 2 * LINE_WORDS;
const PAIR_WORDS = SLOTS + RING;
const AREA_WORDS = (THREAD_LINES / LINE_WORDS / 2) * PAIR_WORDS;

/** How long a side sleeps at most before it gives up for this call. */
const SLEEP_MS = 1;

/** Half an operation each: an allocation here, a free there. */
const HALF = BATCH / 2;

/**
 * The two sides of a pair's ring. A batch is a block that holds the addresses of others. A slot is written before
 * `PUT` moves past it and read before `TAKEN` does, so that plain accesses to it are in order.
 */
class Ring {
  private readonly i32: Int32Array;
  private readonly spinner = new Spinner();
  private at = 0;
  /** Words that came with other contents than they were sent with. */
  private strange = 0;

  constructor(
    private readonly t: Thread,
    private readonly blocks: Blocks,
  ) {
    this.i32 = t.i32;
  }

  start(at: number): void {
    this.at = at;
    this.strange = 0;
  }

  verdict(): string | null {
    return this.strange === 0 ? this.blocks.verdict() : `${this.strange} words arrived with other contents`;
  }

  /** Puts a batch; false if the ring stays full. The allocating side. */
  put(): boolean {
    const heap = this.i32;
    const put = Atomics.load(heap, this.at + PUT);
    if (!this.waitWhile(this.at + TAKEN, put - RING)) return false;
    const batch = this.t.allocator.alloc(BATCH, HeapTag.Mem);
    for (let i = 0; i < BATCH; i++) {
      const block = this.blocks.make(BLOCK_WORDS);
      for (let word = 1; word < BLOCK_WORDS - 1; word++) heap[block + word] = i;
      heap[batch + i] = block;
    }
    heap[this.at + SLOTS + (put % RING)] = batch;
    Atomics.store(heap, this.at + PUT, put + 1);
    futexWake(heap, this.at + PUT, 1);
    return true;
  }

  /** Frees a batch; false if none comes. The freeing side. */
  take(): boolean {
    const heap = this.i32;
    const taken = Atomics.load(heap, this.at + TAKEN);
    if (!this.waitWhile(this.at + PUT, taken)) return false;
    const batch = heap[this.at + SLOTS + (taken % RING)];
    Atomics.store(heap, this.at + TAKEN, taken + 1);
    futexWake(heap, this.at + TAKEN, 1);
    for (let i = 0; i < BATCH; i++) {
      const block = heap[batch + i];
      if (i % SAMPLED === 0) this.check(block, i);
      this.t.allocator.free(block, HeapTag.Mem);
    }
    this.t.allocator.free(batch, HeapTag.Mem);
    return true;
  }

  private check(block: number, sent: number): void {
    const heap = this.i32;
    for (let word = 1; word < BLOCK_WORDS - 1; word++) {
      if (heap[block + word] !== sent) this.strange++;
    }
  }

  holds(): boolean {
    return Atomics.load(this.i32, this.at + PUT) !== Atomics.load(this.i32, this.at + TAKEN);
  }

  /** Until the word holds something else; false if it does not for a while. Detached while it sleeps. */
  private waitWhile(word: number, value: number): boolean {
    const heap = this.i32;
    if (Atomics.load(heap, word) !== value) return true;
    for (let turns = this.t.state.spinLimit; turns > 0; turns--) {
      this.spinner.turn();
      if (Atomics.load(heap, word) !== value) return true;
    }
    this.t.state.detach();
    futexWait(heap, word, value, SLEEP_MS);
    this.t.state.attach();
    return Atomics.load(heap, word) !== value;
  }
}

function xmallocWorker(t: Thread): Worker {
  const { i32: heap, state } = t;
  const blocks = new Blocks(t);
  const ring = new Ring(t, blocks);
  let allocates = true;
  let frees = true;

  return {
    start(shared) {
      blocks.start();
      ring.start(areaOf(t, shared) + (t.index >> 1) * PAIR_WORDS);
      const alone = t.index % 2 === 0 && t.index + 1 === heap[Control.RunThreads];
      allocates = t.index % 2 === 0;
      frees = t.index % 2 === 1 || alone;
    },
    /** Nothing where the partner does not keep up: the program ends a sample in which nothing is done any more. */
    run() {
      let done = 0;
      if (allocates && ring.put()) done += HALF;
      if (frees && ring.take()) done += HALF;
      state.poll();
      return done;
    },
    finish: () => ring.verdict(),
  };
}

function check(t: Thread, shared: SharedRefs): string | null {
  const blocks = new Blocks(t);
  const ring = new Ring(t, blocks);
  let wrong: string | null = null;
  for (let at = 0; at < AREA_WORDS; at += PAIR_WORDS) {
    ring.start(areaOf(t, shared) + at);
    while (ring.holds()) ring.take();
    wrong ??= ring.verdict();
  }
  freeArea(t, shared);
  return wrong;
}

/** One thread allocates, another frees. */
export const xmallocTest: Workload = {
  name: 'xmalloc-test',
  group: 'memory',
  cpython: 'xmalloc-test of mimalloc-bench',
  title: 'one thread allocates, another frees: what does a free of a foreign block cost?',
  unsafe: false,
  unit: 'pair',
  setup: (t) => createArea(t, AREA_WORDS),
  worker: xmallocWorker,
  check,
};
