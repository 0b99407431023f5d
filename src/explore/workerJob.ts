import type { MemoryHandle } from '../memory/sharedMemory.js';
import type { Outcome, Scheme } from '../scenarios/scenario.js';
import type { BuffersHandle } from './buffers.js';
import type { Site } from './hooks.js';
import type { MonitorHandle } from './monitor.js';
import type { ShadowHandle } from './shadowHeap.js';

/** Where a worker finds what it runs. */
export interface ScenarioPlace {
  /** File URL of the module that exports the scenario. */
  readonly module: string;
  readonly scenario: string;
  /** '' = as declared. */
  readonly variant: string;
  readonly scheme: Scheme;
}

/** What a worker is told when it is to serve a scenario under the scheduler. */
export interface WorkerJob extends ScenarioPlace {
  readonly kind: 'scheduled';
  /** Number of the model thread. */
  readonly thread: number;
  readonly memory: MemoryHandle;
  readonly buffers: BuffersHandle;
  readonly shadow: ShadowHandle;
  readonly monitor: MonitorHandle;
  readonly hand: SharedArrayBuffer;
  readonly messages: SharedArrayBuffer;
  readonly sites: readonly Site[];
}

/** What a worker is told when it is to run a scenario as it is. */
export interface StressJob extends ScenarioPlace {
  readonly kind: 'stress';
  readonly thread: number;
  readonly memory: MemoryHandle;
  /** As large as the memory. */
  readonly base: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** By thread: where it tells the first one what it has to tell. */
  readonly messages: readonly { readonly hand: SharedArrayBuffer; readonly bytes: SharedArrayBuffer }[];
}

/** How often an outcome has come out since the last message. */
export interface StressCount {
  readonly outcome: string;
  readonly fields: Outcome | null;
  readonly count: number;
}

export type WorkerRequest = WorkerJob | StressJob;

/** What it answers: ready for its first turn, or why not; and that it has left the scenario. */
export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'counts'; readonly counts: readonly StressCount[] }
  | { readonly kind: 'left' };
