import type { Allocator, AllocatorThread } from '../allocators/allocator.js';
import { DebugMimallocAllocator } from '../allocators/mimalloc/debugMimalloc.js';
import { DebugPymallocAllocator } from '../allocators/pymalloc/debugPymalloc.js';
import type { Collector, GcThread } from '../gc/collector.js';
import { DebugFreeThreadedCollector } from '../gc/freeThreaded/debugFreeThreaded.js';
import { DebugGenerationalCollector } from '../gc/generational/debugGenerational.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { DebugBiasedRefCounter } from '../refcount/debugBiased.js';
import { DebugDeallocator } from '../refcount/debugDeallocator.js';
import { DebugAtomicRefCounter, DebugPlainRefCounter } from '../refcount/debugOneCount.js';
import type { Deallocator, RefCounter } from '../refcount/refCounter.js';
import { DebugThreadState } from '../threads/debugThreadState.js';
import { slotOf } from '../threads/evalBreaker.js';
import type { ThreadState } from '../threads/threadState.js';
import { hasChosenDomains } from './allocators.js';
import type { Build } from './builds.js';
import { countOptions, freeThreadedParts } from './compose.js';
import { type CountThread, ProductionParts } from './threadParts.js';

/**
 * What the threads of a debug build stand on: the same classes with the invariants INV-1.x to INV-5.x, INV-9.x as assertions.
 * Loaded by runtimes and workers of debug builds only.
 */
export class DebugParts extends ProductionParts {
  override makeState(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean): ThreadState {
    return new DebugThreadState(memory, atomics, slot, gil);
  }

  override makeAllocator(build: Build, thread: AllocatorThread): Allocator {
    // Allocators that were chosen have their own ways of being looked at: debug hooks, the check of the whole heap.
    if (hasChosenDomains(build)) return super.makeAllocator(build, thread);
    if (build.allocator === 'pymalloc') return new DebugPymallocAllocator(thread);
    // Heaps that all threads share are checked by nobody but the check of the whole heap.
    return build.mechanisms.threadHeaps
      ? new DebugMimallocAllocator(thread)
      : super.makeAllocator(build, thread);
  }

  makeRefCounter(build: Build, memory: SharedMemory, thread: CountThread): RefCounter | null {
    const slot = slotOf(thread.block);
    const mechanisms = countOptions(build);
    switch (build.refcount) {
      case 'plain':
        return new DebugPlainRefCounter(memory, slot, mechanisms);
      case 'atomic':
        return new DebugAtomicRefCounter(memory, thread.atomics, slot, mechanisms);
      case 'biased':
        return new DebugBiasedRefCounter(memory, thread, mechanisms);
      default:
        return null;
    }
  }

  makeDeallocator(refs: RefCounter, deallocator: Deallocator, thread: CountThread): Deallocator {
    return new DebugDeallocator(refs, deallocator, slotOf(thread.block));
  }

  makeCollector(build: Build, thread: GcThread): Collector | null {
    switch (build.collector) {
      case 'generational':
        return new DebugGenerationalCollector(thread);
      case 'free-threaded':
        return new DebugFreeThreadedCollector(thread, freeThreadedParts(build, thread));
      default:
        return null;
    }
  }
}
