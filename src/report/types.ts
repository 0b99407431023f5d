/**
 * What the report knows of a run: the shapes between whoever measures (`workloads/`) and whoever shows (`report/`,
 * `cli/`). Types only, so that either side can be replaced by a fake.
 */

import type { compare } from '../workloads/compare.js';
import type { WorkloadGroup } from '../workloads/workload.js';

export type { CompareHooks, CompareOptions, LeakRecord, Measurement, Sample } from '../workloads/compare.js';
export type { Explained, Hot } from '../workloads/explain.js';
export type { TrashUse } from '../workloads/gc/trash.js';
export type { MemoryUse } from '../workloads/memory/heapMeter.js';

/**
 * Runs everything and resolves when done. Aborting `signal` ends it early, having delivered what it has. Throws on
 * a program error, which carries the number of the thread in `.thread`.
 */
export type Compare = typeof compare;

/** What is known of a workload without running it. */
export interface WorkloadInfo {
  name: string;
  /** `sharing` if left out. */
  group?: WorkloadGroup;
  title: string;
  /** What its CPython twin does. */
  cpython: string;
  /** What one operation is called. */
  unit: string;
  /** The program itself races: a wrong result is one of its outcomes, on any build. */
  races?: boolean;
  /** False: builds that race by design do not run it, it would wreck their heap. */
  unsafe?: boolean;
  /** True: builds that count no references can run it. */
  rooted?: boolean;
}

/** A build's composition, in words. */
export interface BuildInfo {
  name: string;
  lock: string;
  refcount: string;
  allocator: string;
  collector: string;
  containers: string;
  /** What it stands for, in a phrase. */
  summary?: string;
  /** False for a build of the table that cannot run yet. */
  available?: boolean;
}
