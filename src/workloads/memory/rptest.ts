import { Control, HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from './area.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * rpmalloc's benchmark (`rptest THREADS 0 1 2 500 1000 100 8 16000`): a thread strides through a table of blocks,
 * frees a hundred, allocates a hundred of 8 to 16000 bytes, small ones likelier; every second time it allocates a
 * batch besides that another thread frees. There a batch waits in a list; here it takes the place of the one that waited
 * for that thread, which is freed by whoever brought the new one: so memory is bounded however unevenly threads run.
 */
const BLOCKS = 1000;
const STEP = 100;
const MIN_BYTES = 8;
const MAX_BYTES = 16000;
/** Steps through the table: prime to its length, so that each stride meets every block. */
const FREE_STRIDE = 7;
const ALLOC_STRIDE = 13;

function rptestWorker(t: Thread): Worker {
  const { allocator, i32: heap, state } = t;
  const blocks = new Blocks(t);
  const table = new Int32Array(BLOCKS);
  let area = 0;
  let threads = 1;
  let freeAt = 0;
  let allocAt = 0;
  let turn = 0;

  /** Falls off towards large sizes: the smaller of two draws. */
  function randomWords(): number {
    const span = MAX_BYTES - MIN_BYTES;
    return wordsOf(MIN_BYTES + Math.min(blocks.below(span), blocks.below(span)));
  }

  function freeStep(): void {
    for (let i = 0; i < STEP; i++) {
      if (table[freeAt] !== 0) blocks.drop(table[freeAt]);
      table[freeAt] = 0;
      freeAt = (freeAt + FREE_STRIDE) % BLOCKS;
    }
  }

  function allocStep(): number {
    let made = 0;
    for (let i = 0; i < STEP; i++) {
      if (table[allocAt] === 0) {
        table[allocAt] = blocks.make(randomWords());
        made++;
      }
      allocAt = (allocAt + ALLOC_STRIDE) % BLOCKS;
    }
    return made;
  }

  /** A batch is a block that holds the addresses of others. */
  function passBatch(): void {
    const batch = allocator.alloc(STEP, HeapTag.Mem);
    for (let i = 0; i < STEP; i++) heap[batch + i] = blocks.make(randomWords());
    const line = area + blocks.below(threads) * LINE_WORDS;
    dropBatch(t, blocks, Atomics.exchange(heap, line, batch));
  }

  return {
    start(shared) {
      blocks.start();
      area = areaOf(t, shared);
      threads = heap[Control.RunThreads];
      freeAt = 0;
      allocAt = 0;
      turn = t.index;
    },
    run(count) {
      let done = 0;
      while (done < count) {
        freeStep();
        done += allocStep();
        dropBatch(t, blocks, Atomics.exchange(heap, area + t.index * LINE_WORDS, 0));
        if (++turn % 2 === 0) {
          passBatch();
          done += STEP;
        }
        state.poll();
      }
      return done;
    },
    finish() {
      blocks.dropAll(table);
      return blocks.verdict();
    },
  };
}

function dropBatch(t: Thread, blocks: Blocks, batch: number): void {
  if (batch === 0) return;
  for (let i = 0; i < STEP; i++) blocks.drop(t.i32[batch + i]);
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

/** Sizes up to 16000 bytes, batches that other threads free. */
export const rptest: Workload = {
  name: 'rptest',
  group: 'memory',
  cpython: 'rptest of mimalloc-bench',
  title: 'blocks up to 16 KB, and batches of them for other threads: what do larger sizes cost?',
  unsafe: false,
  unit: 'pair',
  setup: (t) => createArea(t, THREAD_LINES),
  worker: rptestWorker,
  check,
};
