import { FatalError } from '../../memory/errors.js';
import { Control, Geometry, type HeapTag, SegmentOwner } from '../../memory/layout.js';
import { releaseSegments, segmentsExhausted, tryClaimSegments } from '../../memory/segments.js';
import type { AllocatorThread, BlockVisitor } from '../allocator.js';
import { checkSize } from '../checks.js';
import { moveWords } from '../resize.js';
import type { BlockAllocator, BlockAllocatorModule } from './blockAllocator.js';
import type { Member } from './blockSource.js';

/** A user's own allocator as a member of a composition. */
export class UserMember implements Member {
  private readonly i32: Int32Array;
  private readonly own: BlockAllocator;

  /** `name`: for errors. `index`: which of the user's allocators this is, below `Control.UserAllocatorCount`. */
  constructor(
    thread: AllocatorThread,
    private readonly name: string,
    module: BlockAllocatorModule,
    index: number,
  ) {
    const { i32, atomics, block } = thread;
    this.i32 = i32;
    this.own = module.createAllocator({
      i32,
      atomics,
      block,
      state: Control.UserAllocators + index * Control.UserAllocatorWords,
      claimSegments: (count) => tryClaimSegments(i32, count, SegmentOwner.User),
      releaseSegments: (address, count) => releaseSegments(i32, address, count),
    });
  }

  /** Throws MemoryError; RangeError for what is no size; FatalError if the allocator returns what is no block. */
  alloc(words: number, tag: HeapTag): number {
    checkSize(words);
    const address = this.own.alloc(words, tag);
    if (address === 0) throw segmentsExhausted(this.i32, words * 4);
    const end = this.i32[Control.MemoryWords] - words;
    if ((address & 3) !== 0 || !(address >= Geometry.SegmentWords && address <= end)) {
      throw new FatalError(
        `the allocator ${this.name} returned ${address} for ${words} words: a block's address is a multiple of 4 ` +
          `from ${Geometry.SegmentWords} to ${end}`,
      );
    }
    return address;
  }

  free(address: number, tag: HeapTag): void {
    this.own.free(address, tag);
  }

  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    const old = this.own.blockWords(address);
    if (words <= old) return address;
    const moved = this.alloc(words, tag);
    moveWords(this.i32, address, moved, old);
    this.own.free(address, tag);
    return moved;
  }

  blockWords(address: number): number {
    return this.own.blockWords(address);
  }

  visit(visitor: BlockVisitor, tags: number): void {
    this.own.visit?.((address, words, tag) => {
      if (((tags >> tag) & 1) !== 0) visitor(address, words, tag);
    });
  }

  processDelayed(): void {}

  collect(_force: boolean): void {}

  start(): void {
    this.own.start?.();
  }

  exit(): void {
    this.own.exit?.();
  }
}
