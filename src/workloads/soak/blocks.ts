import { HeapTag } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';
import type { Random } from './random.js';

const enum Block {
  /** Word 0 belongs to the allocator once the block is free: signatures lie behind it. */
  Words = 1,
  Signature = 2,
  MinWords = 4,
}

/** Bare blocks of the mem domain, signed at both ends, in sizes from 16 bytes to more than a segment. */
export class Blocks {
  private readonly heap: Int32Array;

  constructor(private readonly t: Thread) {
    this.heap = t.i32;
  }

  make(random: Random): number {
    const { heap } = this;
    const words = Block.MinWords + this.size(random);
    const block = this.t.allocator.alloc(words, HeapTag.Mem);
    heap[block + Block.Words] = words;
    heap[block + Block.Signature] = block ^ words;
    heap[block + words - 1] = words ^ 0x5a5a;
    return block;
  }

  /** Null, or what is wrong with a block of `make`. */
  check(block: number): string | null {
    const { heap } = this;
    const words = heap[block + Block.Words];
    const whole =
      heap[block + Block.Signature] === (block ^ words) && heap[block + words - 1] === (words ^ 0x5a5a);
    return whole ? null : `the block of ${words} words at ${block} was overwritten`;
  }

  /** Frees at once, or behind a grace period. */
  drop(block: number, random: Random): void {
    // Whoever frees it twice, or reads it now, is found out.
    this.heap[block + Block.Signature] = 0;
    if (random.below(4) === 0) this.t.allocator.freeDelayed(block);
    else this.t.allocator.free(block, HeapTag.Mem);
  }

  /** Mostly small, as everywhere; one in some thousand is huge. */
  private size(random: Random): number {
    const kind = random.below(4000);
    if (kind === 0) return random.below(1_200_000);
    if (kind < 20) return random.below(40_000);
    if (kind < 400) return random.below(4_000);
    return random.below(130);
  }
}
