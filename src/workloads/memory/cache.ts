import { Control } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * Berger's `cache-scratch` and `cache-thrash`, made for Hoard: each thread allocates one small object, writes it over and over,
 * and frees it. An allocator that gives two threads neighbours on one cache line makes every write a
 * quarrel over that line. In cache-scratch thread 0 has allocated the threads' first objects side by side; who frees
 * one must not get it back as long as others write next to it. As `cache-scratch 1 1000 1 2000000 THREADS`, with 200
 * writes an object instead of two million: else it would say nothing of allocation.
 */
const OBJECT_WORDS = wordsOf(8) + 1;
const WRITES = 200;

function cacheWorker(t: Thread, scratch: boolean): Worker {
  const { i32: heap, state } = t;
  const blocks = new Blocks(t);
  let lost = 0;

  /** Counts in the word between length and stamp. */
  function writeOver(block: number): void {
    const word = block + 1;
    heap[word] = 0;
    for (let i = 0; i < WRITES; i++) heap[word]++;
    if (heap[word] !== WRITES) lost++;
  }

  return {
    start(shared) {
      blocks.start();
      lost = 0;
      if (!scratch) return;
      const block = Atomics.exchange(heap, areaOf(t, shared) + t.index * LINE_WORDS, 0);
      writeOver(block);
      blocks.drop(block);
    },
    run(count) {
      for (let i = 0; i < count; i++) {
        const block = blocks.make(OBJECT_WORDS);
        writeOver(block);
        blocks.drop(block);
      }
      state.poll();
      return count;
    },
    finish: () => (lost === 0 ? blocks.verdict() : `${lost} blocks were written to by somebody else`),
  };
}

/** The first objects, by thread 0. */
function firstObjects(t: Thread): SharedRefs {
  const shared = createArea(t, THREAD_LINES);
  const blocks = new Blocks(t);
  for (let index = 0; index < t.i32[Control.RunThreads]; index++) {
    Atomics.store(t.i32, areaOf(t, shared) + index * LINE_WORDS, blocks.make(OBJECT_WORDS));
  }
  return shared;
}

const COMMON = { group: 'memory', unsafe: false, unit: 'object' } as const;

/** Objects that another thread has made, side by side: passive false sharing. */
export const cacheScratch: Workload = {
  ...COMMON,
  name: 'cache-scratch',
  cpython: 'cache-scratch of mimalloc-bench',
  title: 'objects that thread 0 made side by side: is a line passed on to several threads?',
  setup: firstObjects,
  worker: (t) => cacheWorker(t, true),
  check(t, shared) {
    freeArea(t, shared);
    return null;
  },
};

/** Each thread's own objects: active false sharing. */
export const cacheThrash: Workload = {
  ...COMMON,
  name: 'cache-thrash',
  cpython: 'cache-thrash of mimalloc-bench',
  title: 'own objects, written over and over: do two threads get places on one line?',
  setup: () => ({}),
  worker: (t) => cacheWorker(t, false),
};
