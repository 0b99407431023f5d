import type { Allocator, AllocatorThread } from '#ungil/allocators/allocator.js';
import { MemoryError } from '#ungil/memory/errors.js';
import type { Build } from '#ungil/runtime/builds.js';
import { ProductionParts } from '#ungil/runtime/threadParts.js';

/**
 * The build's own allocator, of which chosen allocations fail (CPython's `_testcapi.set_nomemory`): those with the
 * numbers from `first` to `last`, counted since `arm`.
 */
export class NoMemoryParts extends ProductionParts {
  /** Allocations since `arm`, failed ones included. */
  count = 0;
  /** Of the raw domain, since `armRaw`. */
  rawCount = 0;
  private first = 0;
  private last = -1;
  private rawFirst = 0;
  private rawLast = -1;

  arm(first: number, last: number): void {
    this.count = 0;
    this.first = first;
    this.last = last;
  }

  /** As `arm`, for the raw domain. */
  armRaw(first: number, last: number): void {
    this.rawCount = 0;
    this.rawFirst = first;
    this.rawLast = last;
  }

  override makeAllocator(build: Build, thread: AllocatorThread): Allocator {
    const allocator = super.makeAllocator(build, thread);
    const alloc = allocator.alloc.bind(allocator);
    // On the instance: what the allocator allocates by itself, to move a block, goes through here too.
    allocator.alloc = (words, tag) => {
      this.count++;
      if (this.count >= this.first && this.count <= this.last) throw new MemoryError(words * 4, 'test', 0, 0);
      return alloc(words, tag);
    };
    const rawAlloc = allocator.rawAlloc.bind(allocator);
    allocator.rawAlloc = (words) => {
      this.rawCount++;
      if (this.rawCount >= this.rawFirst && this.rawCount <= this.rawLast) {
        throw new MemoryError(words * 4, 'test', 0, 0);
      }
      return rawAlloc(words);
    };
    return allocator;
  }
}
