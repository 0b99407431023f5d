import type { HeapTag } from '../../memory/layout.js';

/** What a thread keeps of one domain. */
const enum Limit {
  Blocks = 256,
  /** 1 MiB in all, a sixteenth of it a block. */
  Words = 1 << 18,
  BlockWords = Words >> 4,
}

/**
 * Freed blocks that have not been given back to the allocator yet, oldest first. Who writes into one of them is found
 * out when it leaves; and who frees one of them again, for nobody else can have it meanwhile. CPython's hooks give
 * blocks back at once. Words of one thread's own JavaScript heap.
 */
export class Quarantine {
  private readonly blocks = new Int32Array(Limit.Blocks);
  private readonly sizes = new Int32Array(Limit.Blocks);
  private readonly tags = new Uint8Array(Limit.Blocks);
  private first = 0;
  private count = 0;
  private words = 0;
  /** What `shift` took out. */
  lastBlock = 0;
  lastWords = 0;
  lastTag: HeapTag = 0;

  /** Whether a block of `words` would be kept at all. */
  takes(words: number): boolean {
    return words <= Limit.BlockWords;
  }

  /** Whether some block must leave before another of `words` is pushed. */
  isFullFor(words: number): boolean {
    return this.count === Limit.Blocks || this.words + words > Limit.Words;
  }

  isEmpty(): boolean {
    return this.count === 0;
  }

  push(block: number, words: number, tag: HeapTag): void {
    const index = (this.first + this.count) % Limit.Blocks;
    this.blocks[index] = block;
    this.sizes[index] = words;
    this.tags[index] = tag;
    this.count++;
    this.words += words;
  }

  /** Takes the oldest block out, if there is one. */
  shift(): boolean {
    if (this.count === 0) return false;
    const index = this.first;
    this.lastBlock = this.blocks[index];
    this.lastWords = this.sizes[index];
    this.lastTag = this.tags[index];
    this.first = (index + 1) % Limit.Blocks;
    this.count--;
    this.words -= this.lastWords;
    return true;
  }
}
