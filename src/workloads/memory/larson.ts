import { Control, HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * Larson and Krishnan's server: every thread keeps an array of blocks of 8 to 1000 bytes, and replaces one at random
 * again and again; then the array goes to another thread, which frees what it has not allocated. As `larson 5 8 1000
 * 5000 100 4141` there, but for what suits samples of a fraction of a second: 1000 blocks instead of 5000, handed
 * over after 20 replacements a block instead of 100; and threads swap arrays where the original starts new threads.
 */
const BLOCKS = 1000;
const MIN_BYTES = 8;
const MAX_BYTES = 1000;
const TURN = 20 * BLOCKS;

function larsonWorker(t: Thread, handsOver: boolean): Worker {
  const { allocator, i32: heap, state } = t;
  const blocks = new Blocks(t);
  let area = 0;
  let threads = 1;
  let array = 0;
  let left = TURN;

  function randomWords(): number {
    return wordsOf(MIN_BYTES + blocks.below(MAX_BYTES - MIN_BYTES));
  }

  /** The array waits in another thread's line, and the one that waited there is this thread's now. */
  function swapArrays(): void {
    const line = area + blocks.below(threads) * LINE_WORDS;
    const other = Atomics.exchange(heap, line, array);
    array = other === 0 ? createArray() : other;
  }

  function createArray(): number {
    const created = allocator.alloc(BLOCKS, HeapTag.Mem);
    for (let i = 0; i < BLOCKS; i++) heap[created + i] = blocks.make(randomWords());
    return created;
  }

  return {
    start(shared) {
      blocks.start();
      area = areaOf(t, shared);
      threads = heap[Control.RunThreads];
      left = TURN;
      array = createArray();
    },
    run(count) {
      const own = array;
      for (let i = 0; i < count; i++) {
        const slot = own + blocks.below(BLOCKS);
        blocks.drop(heap[slot]);
        heap[slot] = blocks.make(randomWords());
      }
      left -= count;
      if (handsOver && left <= 0) {
        left = TURN;
        swapArrays();
      }
      state.poll();
      return count;
    },
    finish() {
      dropArray(t, blocks, array);
      return blocks.verdict();
    },
  };
}

function dropArray(t: Thread, blocks: Blocks, array: number): void {
  for (let i = 0; i < BLOCKS; i++) blocks.drop(t.i32[array + i]);
  t.allocator.free(array, HeapTag.Mem);
}

const COMMON = {
  group: 'memory',
  unsafe: false,
  unit: 'pair',
  setup: (t: Thread) => createArea(t, THREAD_LINES),
  /** What waits in the lines is nobody's any more. */
  check(t: Thread, shared: Parameters<typeof areaOf>[1]): string | null {
    const blocks = new Blocks(t);
    for (let line = 0; line < THREAD_LINES; line += LINE_WORDS) {
      const array = Atomics.load(t.i32, areaOf(t, shared) + line);
      if (array !== 0) dropArray(t, blocks, array);
    }
    freeArea(t, shared);
    return blocks.verdict();
  },
} as const;

/** Arrays of blocks of random sizes that wander from thread to thread. */
export const larson: Workload = {
  ...COMMON,
  name: 'larson',
  cpython: 'larson of mimalloc-bench',
  title: 'a server: random sizes, and blocks that outlive the turn of the thread that made them',
  worker: (t) => larsonWorker(t, true),
};

/** The same without the hand-over: threads share nothing but the allocator. */
export const larsonPrivate: Workload = {
  ...COMMON,
  name: 'larson-private',
  cpython: 'larson of mimalloc-bench, no hand-over',
  title: 'the same with nothing handed over: do private heaps scale?',
  worker: (t) => larsonWorker(t, false),
};
