import type { Allocator, AllocatorThread } from '../allocators/allocator.js';
import { CountedAllocator } from '../allocators/countedAllocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import { CountedAtomicOps } from '../memory/countedAtomics.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { Tally } from '../memory/tally.js';
import type { ObjectContext } from '../objects/context.js';
import {
  CountedDicts,
  CountedInstances,
  CountedLists,
  CountedLockFreeDicts,
  CountedLockFreeInstances,
  CountedLockFreeLists,
} from '../objects/countedContainers.js';
import type { Hashing } from '../objects/hash.js';
import type { LifeEnd } from '../objects/lifeEnd.js';
import type { Strings } from '../objects/strings.js';
import { CountedBiasedRefCounter } from '../refcount/countedBiased.js';
import {
  CountedAtomicRefCounter,
  CountedAtomicSideTableRefCounter,
  CountedPlainRefCounter,
  CountedSideTableRefCounter,
} from '../refcount/countedOneCount.js';
import type { RefCounter } from '../refcount/refCounter.js';
import { hasChosenDomains } from './allocators.js';
import { type Build, readsWithoutLocks } from './builds.js';
import { type Containers, countOptions } from './compose.js';
import { type CountThread, ProductionParts } from './threadParts.js';

/**
 * What the threads of a counted build stand on: the same classes, each operation that could be contended counted, those of
 * the fast paths too. Loaded by runtimes and workers of counted builds only. Without counts of references
 * (`refcount=none`) the reads are not counted either.
 */
export class CountedParts extends ProductionParts {
  readonly tally = new Tally();

  override makeAtomics(memory: SharedMemory): AtomicOps {
    return new CountedAtomicOps(memory, this.tally);
  }

  override makeAllocator(build: Build, thread: AllocatorThread): Allocator {
    const allocator = super.makeAllocator(build, thread);
    // Allocators that were chosen are asked for their debug hooks.
    return hasChosenDomains(build) ? allocator : new CountedAllocator(allocator, this.tally);
  }

  makeRefCounter(build: Build, memory: SharedMemory, thread: CountThread): RefCounter | null {
    const counter = this.counterOf(build, memory, thread);
    if (counter !== null) counter.tally = this.tally;
    return counter;
  }

  makeContainers(
    build: Build,
    context: ObjectContext,
    hashing: Hashing,
    strings: Strings,
    lifeEnd: LifeEnd,
  ): Containers | null {
    const { tally } = this;
    const { refs } = context;
    if (build.refcount === 'none') return null;
    if (readsWithoutLocks(build) && refs instanceof CountedBiasedRefCounter) {
      const dicts = new CountedLockFreeDicts(context, hashing, strings, tally);
      const instances = new CountedLockFreeInstances(context, strings, dicts, lifeEnd, tally);
      return { lists: new CountedLockFreeLists(context, refs, tally), dicts, instances };
    }
    const dicts = new CountedDicts(context, hashing, strings, tally);
    const instances = new CountedInstances(context, strings, dicts, lifeEnd, tally);
    return { lists: new CountedLists(context, tally), dicts, instances };
  }

  private counterOf(build: Build, memory: SharedMemory, thread: CountThread) {
    const mechanisms = countOptions(build);
    switch (build.refcount) {
      case 'plain':
        return new CountedPlainRefCounter(memory, mechanisms);
      case 'atomic':
        return new CountedAtomicRefCounter(memory, thread.atomics, mechanisms);
      case 'biased':
        return new CountedBiasedRefCounter(memory, thread, mechanisms);
      case 'side-table':
        return build.containers === 'unlocked'
          ? new CountedSideTableRefCounter(memory, mechanisms)
          : new CountedAtomicSideTableRefCounter(memory, thread.atomics, mechanisms);
      default:
        return null;
    }
  }
}
