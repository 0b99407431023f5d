import { Control } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks } from './blocks.js';
import { HeapMeter } from './heapMeter.js';

/**
 * mimalloc's own stress test (`test/test-stress.c`): rounds in which a thread allocates objects of skewed sizes (8 to
 * 128 bytes, one in a hundred a hundred times as large), retains some of up to 512 bytes, frees at random, and swaps
 * objects with a transfer array that all threads share; at the end of a round it frees all that it has. As `mstress
 * THREADS 50 25`, with these changes: the scale is 400 for every thread instead of 50 to 400 by the thread's number
 * (there are 2 threads here, not 32), and each thread begins its next round by itself instead of being started anew.
 */
const SCALE = 400;
const ALLOCS = 100 * SCALE;
const RETAIN = ALLOCS / 2;
const TRANSFERS = 1000;
/** Sizes: 2 to the power of less than this, in pairs of words. */
const ITEM_SHIFTS = 5;
const RETAINED_SHIFTS = 7;
/** Calls between two looks at the pages in use: a look costs some microseconds. */
const LOOK_EVERY = 64;

/** Where things lie in the area. */
const LIVE = 0;
const USED = 1;
const TRANSFER = THREAD_LINES;

function mstressWorker(t: Thread): Worker {
  const { i32: heap, state } = t;
  const blocks = new Blocks(t);
  const meter = new HeapMeter(t);
  const data = new Int32Array(ALLOCS);
  const retained = new Int32Array(RETAIN);
  let area = 0;
  let threads = 1;
  let top = 0;
  let retainedTop = 0;
  /** Words that this thread has allocated more than freed; below 0 where it frees what others allocated. */
  let live = 0;
  let peakLive = 0;
  let peakUsed = 0;
  let calls = 0;

  function make(shifts: number): number {
    let words = 2 << blocks.below(shifts);
    if (blocks.below(100) === 0) words *= 100;
    live += words;
    return blocks.make(words);
  }

  function drop(block: number): void {
    live -= heap[block];
    blocks.drop(block);
  }

  function allocate(): void {
    if (retainedTop === RETAIN || (top < ALLOCS && blocks.below(2) === 0)) {
      data[top++] = make(ITEM_SHIFTS);
    } else {
      retained[retainedTop++] = make(RETAINED_SHIFTS);
    }
  }

  /** As often as not the one that is found was freed before. */
  function freeSome(): void {
    if (top === 0 || blocks.below(3) === 0) return;
    const at = blocks.below(top);
    if (data[at] !== 0) drop(data[at]);
    data[at] = 0;
  }

  function swapSome(): void {
    if (top === 0 || blocks.below(4) !== 0) return;
    const at = blocks.below(top);
    data[at] = Atomics.exchange(heap, area + TRANSFER + blocks.below(TRANSFERS), data[at]);
  }

  function endRound(): void {
    look();
    for (let i = 0; i < retainedTop; i++) drop(retained[i]);
    for (let i = 0; i < top; i++) if (data[i] !== 0) drop(data[i]);
    data.fill(0);
    top = 0;
    retainedTop = 0;
  }

  /** Adds up what the threads have published; the sums belong to about the same moment. */
  function look(): void {
    const line = meter.shared ? 0 : t.index;
    Atomics.store(heap, area + line * LINE_WORDS + USED, meter.ownWords());
    peakUsed = Math.max(peakUsed, sum(USED));
  }

  function sum(word: number): number {
    let total = 0;
    for (let i = 0; i < threads; i++) total += Atomics.load(heap, area + i * LINE_WORDS + word);
    return total;
  }

  function publishLive(): void {
    Atomics.store(heap, area + t.index * LINE_WORDS + LIVE, live);
    peakLive = Math.max(peakLive, sum(LIVE));
    if (++calls % LOOK_EVERY === 0) look();
  }

  return {
    start(shared) {
      blocks.start();
      area = areaOf(t, shared);
      threads = heap[Control.RunThreads];
      live = 0;
      peakLive = 0;
      peakUsed = 0;
      calls = 0;
    },
    run(count) {
      for (let i = 0; i < count; i++) {
        if (top === ALLOCS && retainedTop === RETAIN) endRound();
        allocate();
        freeSome();
        swapSome();
      }
      publishLive();
      state.poll();
      return count;
    },
    memory: () => ({ liveBytes: peakLive * 4, usedBytes: peakUsed * 4 }),
    finish() {
      endRound();
      return blocks.verdict();
    },
  };
}

/** Skewed sizes, some retained, some swapped with other threads. */
export const mstress: Workload = {
  name: 'mstress',
  group: 'memory',
  cpython: 'mstress of mimalloc-bench',
  title: 'skewed sizes and lifetimes, objects swapped between threads: how much memory does that take?',
  unsafe: false,
  unit: 'pair',
  setup: (t) => createArea(t, TRANSFER + TRANSFERS),
  worker: mstressWorker,
  check(t, shared) {
    const blocks = new Blocks(t);
    const area = areaOf(t, shared);
    for (let i = 0; i < TRANSFERS; i++) {
      const block = Atomics.exchange(t.i32, area + TRANSFER + i, 0);
      if (block !== 0) blocks.drop(block);
    }
    freeArea(t, shared);
    return blocks.verdict();
  },
};
