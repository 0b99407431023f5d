import type { Allocator, AllocatorThread } from '../allocators/allocator.js';
import { type AllocatorModules, composeDomains } from '../allocators/domains/members.js';
import { MimallocAllocator } from '../allocators/mimalloc/mimallocAllocator.js';
import { SharedHeapAllocator } from '../allocators/mimalloc/sharedHeapAllocator.js';
import { PymallocAllocator } from '../allocators/pymalloc/pymallocAllocator.js';
import type { Collector, GcThread } from '../gc/collector.js';
import { type AtomicOps, WasmAtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Tally } from '../memory/tally.js';
import type { ObjectContext } from '../objects/context.js';
import type { Caller } from '../objects/gcSlots.js';
import type { Hashing } from '../objects/hash.js';
import type { LifeEnd } from '../objects/lifeEnd.js';
import type { Strings } from '../objects/strings.js';
import type { MergeThread } from '../refcount/mergeQueue.js';
import type { Deallocator, RefCounter } from '../refcount/refCounter.js';
import type { UniqueIdThread } from '../refcount/uniqueIds.js';
import type { StopTheWorld } from '../threads/stopTheWorld.js';
import { ThreadState } from '../threads/threadState.js';
import { hasChosenDomains, NO_MODULES } from './allocators.js';
import type { Build } from './builds.js';
import type { Containers } from './compose.js';
import type { LockNames } from './tracing/lockNames.js';
import type { Recorder } from './tracing/recorder.js';

/** What counters need of their thread. */
export type CountThread = MergeThread & UniqueIdThread;

/**
 * What a thread stands on. Its constructor calls each method once and keeps the results. An object of its own and
 * not methods of `Thread`: a subclass would have to answer before its own fields are set.
 */
export interface ThreadParts {
  makeAtomics(memory: SharedMemory): AtomicOps;
  /** `gil`: the build has a GIL. */
  makeState(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean): ThreadState;
  makeAllocator(build: Build, thread: AllocatorThread): Allocator;
  /** null, or left out: the build's row says which. */
  makeRefCounter?(build: Build, memory: SharedMemory, thread: CountThread): RefCounter | null;
  /** What the counter calls, instead of `deallocator`. Left out: that itself. */
  makeDeallocator?(refs: RefCounter, deallocator: Deallocator, thread: CountThread): Deallocator;
  /** As `makeRefCounter`, for lists, dicts and instances. */
  makeContainers?(
    build: Build,
    context: ObjectContext,
    hashing: Hashing,
    strings: Strings,
    lifeEnd: LifeEnd,
  ): Containers | null;
  /** As `makeRefCounter`, for the collector. */
  makeCollector?(build: Build, thread: GcThread): Collector | null;
  /** Likewise. */
  makeWorld?(state: ThreadState): StopTheWorld;
  /** Who calls finalisers and callbacks. Left out: `calls` itself. */
  makeCaller?(calls: Caller): Caller;
  /** Once the thread has its strings. */
  connect?(strings: LockNames): void;
  /** Left out: nothing is recorded. */
  readonly recorder?: Recorder;
  /** What the thread counts on its fast paths; counted builds only. */
  readonly tally?: Tally;
}

/** What workers run on: atomics in wasm, the build's lock and the build's allocators. */
export class ProductionParts implements ThreadParts {
  /** `modules`: the user's own allocators, from `loadAllocators`. */
  constructor(private readonly modules: AllocatorModules = NO_MODULES) {}

  makeAtomics(memory: SharedMemory): AtomicOps {
    return new WasmAtomicOps(memory);
  }

  makeState(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean): ThreadState {
    return new ThreadState(memory, atomics, slot, gil);
  }

  makeAllocator(build: Build, thread: AllocatorThread): Allocator {
    return buildAllocator(build, thread, this.modules);
  }
}

/** The allocator of the build's row, directly, unless domains were chosen. */
export function buildAllocator(
  build: Build,
  thread: AllocatorThread,
  modules: AllocatorModules = NO_MODULES,
): Allocator {
  if (hasChosenDomains(build)) {
    const sharedHeaps = !build.mechanisms.threadHeaps;
    return composeDomains(thread, { domains: build.domains, own: build.allocator, sharedHeaps, modules });
  }
  if (build.allocator === 'pymalloc') return new PymallocAllocator(thread);
  return build.mechanisms.threadHeaps ? new MimallocAllocator(thread) : new SharedHeapAllocator(thread);
}
