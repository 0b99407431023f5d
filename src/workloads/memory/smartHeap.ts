import { Control, HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * MicroQuill's `sh6bench` and `sh8bench`, made to sell SmartHeap. Sizes rise from 1 to 1000 bytes, each followed by
 * its halves down to 1, small ones repeated more often. Blocks fill a buffer; when it is full, a fifth of it stays as it is
 * - another fifth each time - the part below is freed in the order of allocation, the part above in reverse. In
 * sh8bench the part below goes to another thread, which frees it. The buffer has 5000 places instead of 100000 or
 * more; each thread fills one of its own, where the original divides one by the number of threads.
 */
const PLACES = 5000;
const KEPT = PLACES / 5;
const MAX_BYTES = 1000;

/** The sequence of sizes. */
class Sizes {
  private base = 1;
  private size = 1;
  private left = 1;

  start(): void {
    this.base = 1;
    this.size = 1;
    this.left = repeats(1);
  }

  /** Bytes of the next block. */
  next(): number {
    if (this.left === 0) this.turn();
    this.left--;
    return this.size;
  }

  private turn(): void {
    this.size >>= 1;
    if (this.size === 0) {
      this.base = ((this.base * 3) >> 1) + 1;
      if (this.base > MAX_BYTES) this.base = 1;
      this.size = this.base;
    }
    this.left = repeats(this.size);
  }
}

/** Small blocks are allocated more often than large ones. */
function repeats(bytes: number): number {
  return bytes < 100 ? 250 : bytes < 1000 ? 50 : 10;
}

function smartHeapWorker(t: Thread, passesOn: boolean): Worker {
  const { i32: heap, state } = t;
  const blocks = new Blocks(t);
  const sizes = new Sizes();
  const buffer = new Int32Array(PLACES);
  let area = 0;
  let threads = 1;
  let at = 0;
  let keptFrom = 0;
  let keptTo = 0;

  function full(): void {
    keptFrom = keptTo >= PLACES ? 0 : keptTo;
    keptTo = Math.min(keptFrom + KEPT, PLACES);
    if (passesOn) passOn(keptFrom);
    else for (let i = 0; i < keptFrom; i++) drop(i);
    for (let i = PLACES - 1; i >= keptTo; i--) drop(i);
    at = keptFrom === 0 ? keptTo : 0;
  }

  function drop(place: number): void {
    if (buffer[place] !== 0) blocks.drop(buffer[place]);
    buffer[place] = 0;
  }

  /** A batch is a block with a count and so many addresses. It takes the place of what waited in the line. */
  function passOn(end: number): void {
    if (end === 0) return;
    const batch = t.allocator.alloc(end + 1, HeapTag.Mem);
    heap[batch] = end;
    for (let i = 0; i < end; i++) {
      heap[batch + 1 + i] = buffer[i];
      buffer[i] = 0;
    }
    const line = area + blocks.below(threads) * LINE_WORDS;
    dropBatch(t, blocks, Atomics.exchange(heap, line, batch));
  }

  return {
    start(shared) {
      blocks.start();
      sizes.start();
      area = areaOf(t, shared);
      threads = heap[Control.RunThreads];
      at = 0;
      keptFrom = 0;
      keptTo = 0;
    },
    run(count) {
      for (let i = 0; i < count; i++) {
        buffer[at++] = blocks.make(wordsOf(sizes.next()));
        // What stays from the last cycle is skipped.
        if (at === keptFrom) at = keptTo;
        if (at >= PLACES) full();
      }
      state.poll();
      return count;
    },
    finish() {
      blocks.dropAll(buffer);
      return blocks.verdict();
    },
  };
}

function dropBatch(t: Thread, blocks: Blocks, batch: number): void {
  if (batch === 0) return;
  const heap = t.i32;
  const end = heap[batch];
  for (let i = 1; i <= end; i++) if (heap[batch + i] !== 0) blocks.drop(heap[batch + i]);
  t.allocator.free(batch, HeapTag.Mem);
}

function check(t: Thread, shared: SharedRefs): string | null {
  const blocks = new Blocks(t);
  for (let line = 0; line < THREAD_LINES; line += LINE_WORDS) {
    dropBatch(t, blocks, Atomics.load(t.i32, areaOf(t, shared) + line));
  }
  freeArea(t, shared);
  return blocks.verdict();
}

const COMMON = {
  group: 'memory',
  unsafe: false,
  unit: 'pair',
  setup: (t: Thread) => createArea(t, THREAD_LINES),
  check,
} as const;

/** Batches of rising sizes, freed in both orders. */
export const sh6bench: Workload = {
  ...COMMON,
  name: 'sh6bench',
  cpython: 'sh6bench of mimalloc-bench',
  title: 'rising sizes, freed first in first out and last in first out: is either order dearer?',
  worker: (t) => smartHeapWorker(t, false),
};

/** The same, and other threads free a part. */
export const sh8bench: Workload = {
  ...COMMON,
  name: 'sh8bench',
  cpython: 'sh8bench of mimalloc-bench',
  title: 'the same, and other threads free a part of it: large batches of foreign frees',
  worker: (t) => smartHeapWorker(t, true),
};
