import type { Allocator } from '../allocators/allocator.js';
import type { Collector, GcThread } from '../gc/collector.js';
import { FreeThreadedCollector, type FreeThreadedParts } from '../gc/freeThreaded/freeThreadedCollector.js';
import { BlockWalk, PageWalk } from '../gc/freeThreaded/heapWalk.js';
import { SavedOwners, SegmentOwners } from '../gc/freeThreaded/owners.js';
import { GenerationalCollector } from '../gc/generational/generationalCollector.js';
import { ParallelMarker } from '../gc/marking/parallelMarker.js';
import { NoCollector } from '../gc/noCollector.js';
import { TracingCollector } from '../gc/tracing/tracingCollector.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { Constants, type ConstantTypes, ImmortalConstants } from '../objects/constants.js';
import type { ObjectContext } from '../objects/context.js';
import { Dicts } from '../objects/dicts.js';
import { FreeThreadedGcHeap, type GcHeap, GenerationalGcHeap, UncollectedGcHeap } from '../objects/gcHeap.js';
import { type Guard, MutexGuard, NoGuard, SectionGuard } from '../objects/guard.js';
import type { Hashing } from '../objects/hash.js';
import { Instances } from '../objects/instances.js';
import type { LifeEnd } from '../objects/lifeEnd.js';
import { Lists } from '../objects/lists.js';
import { LockFreeDicts } from '../objects/lockFreeDicts.js';
import { LockFreeInstances } from '../objects/lockFreeInstances.js';
import { LockFreeLists } from '../objects/lockFreeLists.js';
import type { Strings } from '../objects/strings.js';
import { MutexStripes, NoStripes, type Stripes } from '../objects/stripes.js';
import { CachedTypes } from '../objects/types/cachedTypes.js';
import { LockFreeTypes } from '../objects/types/lockFreeTypes.js';
import { Types } from '../objects/types/types.js';
import { UncountedDicts, UncountedInstances, UncountedLists } from '../objects/uncountedReads.js';
import { AtomicRefCounter } from '../refcount/atomic.js';
import { BiasedRefCounter } from '../refcount/biased.js';
import type { MergeThread } from '../refcount/mergeQueue.js';
import { NoneRefCounter } from '../refcount/none.js';
import { PlainRefCounter } from '../refcount/plain.js';
import type { CollectedRefCounter, CountOptions, RefCounter } from '../refcount/refCounter.js';
import { AtomicSideTableRefCounter, SideTableRefCounter } from '../refcount/sideTable.js';
import type { UniqueIdThread } from '../refcount/uniqueIds.js';
import type { ThreadState } from '../threads/threadState.js';
import { hasChosenDomains } from './allocators.js';
import { type Build, readsWithoutLocks } from './builds.js';

/** What a build's row and its switches come to. `Thread` calls each function once and keeps the results. */

/** The containers of one thread. */
export interface Containers {
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly instances: Instances;
}

/**
 * Mechanisms of counting that the build has. No deferred counts beside a generational collector: it looks at no stack, so
 * that an object without a counted reference is garbage to it.
 */
export function countOptions({ mechanisms, collector }: Build): CountOptions {
  return collector === 'generational' ? { ...mechanisms, deferred: false } : mechanisms;
}

/** The counter of the build's scheme. Throws FatalError where the memory lacks the scheme's side table. */
export function composeCounter(
  build: Build,
  memory: SharedMemory,
  thread: MergeThread & UniqueIdThread,
): RefCounter {
  const mechanisms = countOptions(build);
  switch (build.refcount) {
    case 'plain':
      return new PlainRefCounter(memory, mechanisms);
    case 'atomic':
      return new AtomicRefCounter(memory, thread.atomics, mechanisms);
    case 'biased':
      return new BiasedRefCounter(memory, thread, mechanisms);
    case 'none':
      return new NoneRefCounter(memory, thread);
    case 'side-table':
      return build.containers === 'unlocked'
        ? new SideTableRefCounter(memory, mechanisms)
        : new AtomicSideTableRefCounter(memory, thread.atomics, mechanisms);
  }
}

/** Memory of objects that can hold references, as the build's collector wants it. */
export function composeGcHeap(build: Build, allocator: Allocator, block: number, i32: Int32Array): GcHeap {
  switch (build.collector) {
    case 'generational':
      return new GenerationalGcHeap(allocator, block, i32);
    case 'free-threaded':
      return new FreeThreadedGcHeap(allocator, block, i32);
    case 'tracing':
    case 'none':
      return new UncollectedGcHeap(allocator, block, i32);
  }
}

/** The build's collector of cycles. */
export function composeCollector(build: Build, thread: GcThread): Collector {
  switch (build.collector) {
    case 'tracing':
      return new TracingCollector(thread, build.lock === 'gil');
    case 'generational':
      return new GenerationalCollector(thread);
    case 'free-threaded':
      return new FreeThreadedCollector(thread, freeThreadedParts(build, thread));
    case 'none':
      return new NoCollector();
  }
}

/** What depends on where the build's objects lie. */
export function freeThreadedParts(build: Build, thread: GcThread): FreeThreadedParts {
  const { memory, i32, allocator } = thread;
  const refs = thread.refs as CollectedRefCounter;
  const ownPages = build.allocator === 'mimalloc' && !hasChosenDomains(build);
  const ownSegments = ownPages && build.mechanisms.threadHeaps;
  return {
    refs,
    walk: ownPages ? new PageWalk(i32) : new BlockWalk(allocator),
    owners: ownSegments ? new SegmentOwners(memory, refs) : new SavedOwners(memory, refs),
    marker: build.mechanisms.markAlive ? new ParallelMarker(memory, allocator, thread.block) : null,
  };
}

/** What protects an operation on a container. */
export function composeGuard(build: Build, state: ThreadState): Guard {
  switch (build.containers) {
    case 'unlocked':
      return new NoGuard();
    case 'sections':
      return new SectionGuard(state.sections);
    case 'mutex':
      return new MutexGuard(state.mutex);
  }
}

/**
 * Attributes of types. Where reads take locks, a cache that all threads share would need a lock of its own: such a build
 * has none.
 */
export function composeTypes(build: Build, context: ObjectContext, dicts: Dicts, strings: Strings): Types {
  if (readsWithoutLocks(build)) return new LockFreeTypes(context, dicts, strings);
  if (build.containers === 'unlocked') return new CachedTypes(context, dicts, strings);
  return new Types(context, dicts, strings);
}

/** Constants of code: immortal in CPython's free-threaded build. */
export function composeConstants(build: Build, context: ObjectContext, types: ConstantTypes): Constants {
  return build.containers === 'sections' ? new ImmortalConstants(context, types) : new Constants(types);
}

/** What protects the lists of weak references. */
export function composeStripes(build: Build, state: ThreadState): Stripes {
  return build.containers === 'unlocked' ? new NoStripes() : new MutexStripes(state.mutex);
}

/**
 * The containers of the build. Without QSBR those of a critical section an operation, reads included: nobody can
 * hold an array that the container no longer shows, hence it is freed at once.
 */
export function composeContainers(
  build: Build,
  context: ObjectContext,
  hashing: Hashing,
  strings: Strings,
  lifeEnd: LifeEnd,
): Containers {
  const { refs } = context;
  if (readsWithoutLocks(build) && refs instanceof NoneRefCounter) {
    const dicts = new UncountedDicts(context, hashing, strings);
    const instances = new UncountedInstances(context, strings, dicts, lifeEnd);
    return { lists: new UncountedLists(context, refs), dicts, instances };
  }
  if (readsWithoutLocks(build) && refs instanceof BiasedRefCounter) {
    const dicts = new LockFreeDicts(context, hashing, strings);
    const instances = new LockFreeInstances(context, strings, dicts, lifeEnd);
    return { lists: new LockFreeLists(context, refs), dicts, instances };
  }
  const dicts = new Dicts(context, hashing, strings);
  const instances = new Instances(context, strings, dicts, lifeEnd);
  return { lists: new Lists(context), dicts, instances };
}
