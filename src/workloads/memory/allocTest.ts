import type { Thread } from '../../runtime/thread.js';
import type { Worker, Workload } from '../workload.js';
import { Blocks, wordsOf } from './blocks.js';

/**
 * OLogN Technologies' `alloc-test`: a table of places, chosen so that a fifth of them gets four fifths of the visits; an
 * occupied place is emptied, an empty one gets a block. A size is up to 2 to the power of 10, each power half as likely
 * as the one below. The table has 4096 places for each thread instead of a million for all together: few enough
 * that the processor's caches do not decide everything.
 */
const PLACES = 4096;
const FREQUENT = PLACES / 5;
const MIN_SHIFT = 3;
const MAX_SHIFT = 9;

function allocTestWorker(t: Thread): Worker {
  const { state } = t;
  const blocks = new Blocks(t);
  const table = new Int32Array(PLACES);

  function randomPlace(): number {
    return blocks.below(5) > 0 ? blocks.below(FREQUENT) : blocks.below(PLACES);
  }

  /** Leading zeros of a random number: each more is half as likely. */
  function randomWords(): number {
    const shift = Math.min(MIN_SHIFT + Math.clz32(blocks.below(1 << 15) << 17), MAX_SHIFT);
    const bytes = 1 << shift;
    return wordsOf(bytes + blocks.below(bytes));
  }

  return {
    start: () => blocks.start(),
    /** Half of the visits allocate, the other half frees. */
    run(count) {
      for (let i = 0; i < 2 * count; i++) {
        const place = randomPlace();
        if (table[place] === 0) {
          table[place] = blocks.make(randomWords());
        } else {
          blocks.drop(table[place]);
          table[place] = 0;
        }
      }
      state.poll();
      return count;
    },
    finish() {
      blocks.dropAll(table);
      return blocks.verdict();
    },
  };
}

/** Random sizes up to 1024 bytes in a table, nothing shared. */
export const allocTest: Workload = {
  name: 'alloc-test',
  group: 'memory',
  cpython: 'alloc-test of mimalloc-bench',
  title: 'small sizes likeliest, places visited unevenly: the everyday of an allocator',
  unsafe: false,
  unit: 'pair',
  setup: () => ({}),
  worker: allocTestWorker,
};
