import type { Allocator, AllocatorThread } from '../allocators/allocator.js';
import type { Collector, GcThread } from '../gc/collector.js';
import { FreeThreadedCollector } from '../gc/freeThreaded/freeThreadedCollector.js';
import { BlockWalk } from '../gc/freeThreaded/heapWalk.js';
import { SavedOwners } from '../gc/freeThreaded/owners.js';
import { type AtomicOps, PlainAtomicOps } from '../memory/atomicOps.js';
import { ThreadBlock } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { CollectedRefCounter } from '../refcount/refCounter.js';
import { type Build, buildNamed } from '../runtime/builds.js';
import type { Bodies } from '../runtime/calls.js';
import { Thread } from '../runtime/thread.js';
import { buildAllocator, type ThreadParts } from '../runtime/threadParts.js';
import { ThreadState } from '../threads/threadState.js';
import { ModelAllocator } from './modelAllocator.js';
import type { Scheme } from './scheme.js';
import type { Services } from './services.js';
import type { WorldOptions } from './worldOptions.js';

/** The builds that the schemes stand for. */
const BUILD_OF: Readonly<Record<Scheme, string>> = {
  gil: 'gil',
  plain: 'unsafe',
  atomic: 'gilectomy',
  biased: 'free-threaded',
  'side-table': 'gilectomy:refcount=side-table',
  none: 'free-threaded',
};

/** What all threads of one world have in common. */
export interface ModelSettings {
  readonly memory: SharedMemory;
  readonly scheme: Scheme;
  readonly allocator: NonNullable<WorldOptions['allocator']>;
  readonly services: Services;
}

/**
 * A thread of production on parts that the explorer can look into: atomics in TypeScript, no spinning, no free lists
 * of dead objects (each one reaches the allocator), blocks from the engine's heap.
 */
export class ModelThread extends Thread {
  constructor(settings: ModelSettings, slot: number) {
    super(settings.memory, buildNamed(BUILD_OF[settings.scheme]), slot, new ModelParts(settings));
  }

  /** As `Thread.start`; `index` is the slot by default. */
  override start(index = this.slot, bodies: Bodies = {}): void {
    super.start(index, bodies);
    this.closeFreeLists();
  }

  /** Started and not exited. While no thread runs, or by the thread itself. */
  isStarted(): boolean {
    return this.i32[this.block + ThreadBlock.Alive] !== 0;
  }
}

class ModelParts implements ThreadParts {
  constructor(private readonly settings: ModelSettings) {}

  makeAtomics(memory: SharedMemory): AtomicOps {
    return new PlainAtomicOps(memory);
  }

  makeState(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean): ThreadState {
    if (gil) return new ScheduledGilState(memory, atomics, slot, this.settings.services);
    return new ModelState(memory, atomics, slot, false, 0);
  }

  makeAllocator(build: Build, thread: AllocatorThread): Allocator {
    const { allocator, services } = this.settings;
    return allocator === 'real' ? buildAllocator(build, thread) : new ModelAllocator(thread, services);
  }

  /**
   * The model heap has no pages and belongs to no thread: objects are found through the allocator, owners are noted. No
   * marking from the roots, which has scenarios of its own: its map alone is a thousand words.
   */
  makeCollector(build: Build, thread: GcThread): Collector | null {
    if (build.collector !== 'free-threaded' || this.settings.allocator === 'real') return null;
    const refs = thread.refs as CollectedRefCounter;
    return new FreeThreadedCollector(thread, {
      refs,
      walk: new BlockWalk(thread.allocator),
      owners: new SavedOwners(thread.memory, refs),
      marker: null,
    });
  }
}

/** Nothing that a thread does depends on its stopwatch, and each reading of a clock would be a step. */
class ModelState extends ThreadState {
  override stopwatch(): number {
    return 0;
  }
}

/**
 * A thread state under a GIL that the scheduler keeps: it switches at polls, where a thread waits, and where it
 * would take the lock; hence there is no lock in memory.
 */
class ScheduledGilState extends ModelState {
  constructor(
    memory: SharedMemory,
    atomics: AtomicOps,
    slot: number,
    private readonly services: Services,
  ) {
    super(memory, atomics, slot, false, 0);
  }

  override poll(): void {
    this.services.poll();
    super.poll();
  }

  override attach(): void {
    this.services.poll();
    super.attach();
  }
}
