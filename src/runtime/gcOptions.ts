import { Control, GcState, Geometry } from '../memory/layout.js';
import { checkBoolean, checkWhole } from './checks.js';

/** How an interpreter's collector begins; programs may change what the gc module can change. */
export interface GcOptions {
  /** Collections start by themselves. Default true. */
  readonly enabled?: boolean;
  /**
   * Thresholds of the generations, the youngest first; what is left out stays at CPython's 2000, 10, 10. 0 for the
   * first: no collection starts by itself.
   */
  readonly thresholds?: readonly number[];
  /** Threads that mark together while the world is stopped, 1 to 64. Default 1, as in CPython. Not under a GIL. */
  readonly markers?: number;
  /** A due collection waits for memory to have grown, too, as in CPython 3.14.0 to 3.14.4. Default false. */
  readonly memoryGate?: boolean;
}

const GENERATIONS = 3;

/** Writes the options into the interpreter's state. Before any thread runs. Throws RangeError. */
export function applyGcOptions(heap: Int32Array, options: GcOptions): void {
  const { enabled, thresholds, markers, memoryGate } = checkGcOptions(options);
  const gc = Control.Gc;
  if (enabled !== undefined) heap[gc + GcState.Enabled] = enabled ? 1 : 0;
  thresholds?.forEach((threshold, generation) => {
    heap[gc + GcState.Thresholds + generation] = threshold;
  });
  if (markers !== undefined) heap[gc + GcState.Markers] = markers;
  if (memoryGate !== undefined) heap[gc + GcState.MemoryGate] = memoryGate ? 1 : 0;
}

/** The options, if all are valid. Throws RangeError. */
export function checkGcOptions(options: GcOptions): GcOptions {
  const { enabled, thresholds, markers, memoryGate } = options;
  checkBoolean('gc.enabled', enabled);
  checkBoolean('gc.memoryGate', memoryGate);
  if (thresholds !== undefined) checkThresholds(thresholds);
  if (markers !== undefined) checkWhole('gc.markers', markers, 1, Geometry.MaxThreads);
  return options;
}

function checkThresholds(thresholds: readonly number[]): void {
  if (!Array.isArray(thresholds) || thresholds.length < 1 || thresholds.length > GENERATIONS) {
    throw new RangeError(`gc.thresholds must be one to three numbers, got ${String(thresholds)}`);
  }
  for (const threshold of thresholds) checkWhole('gc.thresholds', threshold, 0, 0x7fffffff);
}
