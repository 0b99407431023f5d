import type { Allocator } from '#ungil/allocators/allocator.js';
import { MallocAllocator } from '#ungil/allocators/malloc/mallocAllocator.js';
import { RawHeaps, SharedHeaps, ThreadHeaps } from '#ungil/allocators/mimalloc/layout.js';
import { MimallocAllocator } from '#ungil/allocators/mimalloc/mimallocAllocator.js';
import { SharedHeapAllocator } from '#ungil/allocators/mimalloc/sharedHeapAllocator.js';
import { Control, ThreadBlock } from '#ungil/memory/layout.js';
import type { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeaps } from '../mimalloc/pageChecker.js';
import { BareAllocatorThread } from '../support.js';

export interface Started {
  readonly thread: BareAllocatorThread;
  readonly allocator: Allocator;
}

/** The allocators over mimalloc's heaps, and how to check what several threads of one kind have. */
export interface Kind {
  readonly name: string;
  start(memory: SharedMemory, slot: number): Started;
  /** All heaps of threads in these slots. */
  check(memory: SharedMemory, slots: readonly number[]): void;
}

const MALLOC = { heaps: RawHeaps.Heaps, count: RawHeaps.Count, id: RawHeaps.Id };

function starter(make: (thread: BareAllocatorThread) => Allocator): Kind['start'] {
  return (memory, slot) => {
    const thread = new BareAllocatorThread(memory, slot);
    const allocator = make(thread);
    thread.qsbr.attach();
    allocator.start();
    return { thread, allocator };
  };
}

export const KINDS: readonly Kind[] = [
  {
    name: 'heaps of threads',
    start: starter((thread) => new MimallocAllocator(thread)),
    check(memory, slots) {
      for (const slot of slots) {
        const block = Control.Threads + slot * ThreadBlock.Words;
        checkHeaps(memory.i32, { heaps: block + ThreadHeaps.Heaps, count: 4, id: 2 * slot + 1 });
      }
      checkHeaps(memory.i32, MALLOC);
    },
  },
  {
    name: 'shared heaps',
    start: starter((thread) => new SharedHeapAllocator(thread)),
    check(memory) {
      checkHeaps(memory.i32, { heaps: SharedHeaps.Heaps, count: 4, id: SharedHeaps.Id });
      checkHeaps(memory.i32, MALLOC);
    },
  },
  {
    name: 'malloc',
    start: starter((thread) => new MallocAllocator(thread)),
    check(memory) {
      checkHeaps(memory.i32, MALLOC);
    },
  },
];
