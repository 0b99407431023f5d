import type { Thread } from '../../runtime/thread.js';
import type { Worker, Workload } from '../workload.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * `bench-malloc-simple` of the GNU C library: blocks of one size, so many at once, freed in the order of allocation;
 * then the next number of blocks, and after those the next size. Numbers as there; its sizes from 8 to 4096 bytes are
 * visited in turn, where the original takes one from its command line.
 */
const COUNTS = [25, 100, 400, 1600] as const;
const SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;
const MOST = 1600;

function glibcSimpleWorker(t: Thread): Worker {
  const { state } = t;
  const blocks = new Blocks(t);
  const table = new Int32Array(MOST);
  let turn = 0;

  return {
    start() {
      blocks.start();
      turn = 0;
    },
    run(count) {
      let done = 0;
      while (done < count) {
        const live = COUNTS[turn % COUNTS.length];
        const words = wordsOf(SIZES[Math.floor(turn / COUNTS.length) % SIZES.length]);
        turn++;
        for (let i = 0; i < live; i++) table[i] = blocks.make(words);
        for (let i = 0; i < live; i++) blocks.drop(table[i]);
        done += live;
        state.poll();
      }
      return done;
    },
    finish: () => blocks.verdict(),
  };
}

/** One size at a time, first in, first out. */
export const glibcSimple: Workload = {
  name: 'glibc-simple',
  group: 'memory',
  cpython: 'glibc-simple of mimalloc-bench',
  title: 'batches of one size, first in, first out: what does the plainest pattern cost?',
  unsafe: false,
  unit: 'pair',
  setup: () => ({}),
  worker: glibcSimpleWorker,
};
