import type { AllocatorModules } from '../allocators/domains/members.js';
import type { Collector, GcThread } from '../gc/collector.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Caller } from '../objects/gcSlots.js';
import { threadBlock } from '../threads/evalBreaker.js';
import type { StopTheWorld } from '../threads/stopTheWorld.js';
import type { ThreadState } from '../threads/threadState.js';
import type { Build } from './builds.js';
import { composeCollector, freeThreadedParts } from './compose.js';
import { ProductionParts } from './threadParts.js';
import type { LockNames } from './tracing/lockNames.js';
import { Recorder } from './tracing/recorder.js';
import { TracedAtomics } from './tracing/tracedAtomics.js';
import { TracedCaller } from './tracing/tracedCaller.js';
import {
  TracedCollector,
  TracedFreeThreadedCollector,
  TracedGenerationalCollector,
} from './tracing/tracedCollectors.js';
import { TracedStopTheWorld, TracedThreadState } from './tracing/tracedState.js';

/**
 * What the threads of a traced build stand on: the same classes, what threads do and wait for recorded with its time. Loaded
 * by runtimes and workers of traced builds only.
 */
export class TracedParts extends ProductionParts {
  readonly recorder: Recorder;
  private readonly i32: Int32Array;

  constructor(memory: SharedMemory, modules: AllocatorModules) {
    super(modules);
    this.i32 = memory.i32;
    this.recorder = new Recorder(memory);
  }

  override makeAtomics(memory: SharedMemory): AtomicOps {
    return new TracedAtomics(memory, this.recorder);
  }

  override makeState(memory: SharedMemory, atomics: AtomicOps, slot: number, gil: boolean): ThreadState {
    this.recorder.block = threadBlock(slot);
    return new TracedThreadState(memory, atomics, slot, gil);
  }

  makeCollector(build: Build, thread: GcThread): Collector | null {
    switch (build.collector) {
      case 'generational':
        return new TracedCollector(new TracedGenerationalCollector(thread), this.recorder);
      case 'free-threaded': {
        const inner = new TracedFreeThreadedCollector(thread, freeThreadedParts(build, thread));
        return new TracedCollector(inner, this.recorder);
      }
      case 'tracing':
        return new TracedCollector(composeCollector(build, thread), this.recorder);
      default:
        return null;
    }
  }

  makeWorld(state: ThreadState): StopTheWorld {
    return new TracedStopTheWorld(state, this.recorder);
  }

  makeCaller(calls: Caller): Caller {
    return new TracedCaller(calls, this.i32, this.recorder);
  }

  connect(strings: LockNames): void {
    this.recorder.names = strings;
  }
}
