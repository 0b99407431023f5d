import { HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';

/** Words of a block: its length and a stamp need one each. */
const MIN_WORDS = 2;
/** Mixed into every stamp, so that addresses and lengths are none. */
const COOKIE = 0x2545f491;

/** 32-bit words that hold so many bytes, as a block of these workloads. */
export function wordsOf(bytes: number): number {
  return Math.max(MIN_WORDS, (bytes + 3) >> 2);
}

/**
 * What the workloads of `mimalloc-bench` do all the time, for one thread: draw numbers, and allocate and free blocks
 * from the thread's own allocator. A block's first word holds its length, its last one a stamp made of length and
 * address: whoever frees it, on whatever thread, sees whether it was written to by somebody else. One a worker.
 */
export class Blocks {
  private readonly i32: Int32Array;
  private readonly allocator: Thread['allocator'];
  private seed = 1;
  private damaged = 0;

  constructor(private readonly t: Thread) {
    this.i32 = t.i32;
    this.allocator = t.allocator;
  }

  /** Before a run: the same numbers in every run, others in every thread. */
  start(): void {
    this.seed = (this.t.index + 1) * 0x9e3779b1;
    this.damaged = 0;
  }

  /** A number from 0 to `count` - 1, at most 65535. Marsaglia's xorshift; the high bits are the better ones. */
  below(count: number): number {
    let x = this.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.seed = x;
    return Math.imul(x >>> 16, count) >>> 16;
  }

  /** A block of `words`, 2 or more, written at both ends. Throws MemoryError. */
  make(words: number): number {
    const heap = this.i32;
    const block = this.allocator.alloc(words, HeapTag.Mem);
    heap[block] = words;
    heap[block + words - 1] = block ^ words ^ COOKIE;
    return block;
  }

  /** Frees a block of `make`, of any thread's, and counts it if it is not what was written. */
  drop(block: number): void {
    const heap = this.i32;
    const words = heap[block];
    // An index that is no place in the memory reads as undefined, which is not the stamp either.
    if (heap[block + words - 1] !== (block ^ words ^ COOKIE) || words < 2) this.damaged++;
    this.allocator.free(block, HeapTag.Mem);
  }

  /** Frees the blocks in `slots`, where 0 stands for none, and leaves zeros. */
  dropAll(slots: Int32Array): void {
    for (let i = 0; i < slots.length; i++) {
      if (slots[i] !== 0) this.drop(slots[i]);
      slots[i] = 0;
    }
  }

  /** What `finish` returns: null, or how many blocks were damaged. */
  verdict(): string | null {
    return this.damaged === 0
      ? null
      : `${this.damaged} blocks did not hold what was written to them when they were freed`;
  }
}
