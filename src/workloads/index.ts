import { privateDict, sharedDictGet, sharedDictMixed, sharedDictSet } from './dicts.js';
import { GC_WORKLOADS } from './gc/index.js';
import {
  privateListAppend,
  sharedListAppend,
  sharedListReadImmortal,
  sharedListReadObject,
  sharedListWrite,
} from './lists.js';
import { LOCK_WORKLOADS } from './locks/index.js';
import { MEMORY_WORKLOADS } from './memory/index.js';
import { fibWorkload, intAddWorkload } from './numbers.js';
import {
  allocDropInstance,
  allocDropList,
  callSharedFunction,
  sharedCounterLock,
  sharedTupleRead,
} from './objects.js';
import { REQUEST_WORKLOADS } from './requests/index.js';
import { SCALING_WORKLOADS } from './scaling/index.js';
import type { Workload } from './workload.js';

/** The sixteen sharing patterns, in the order of CPython's measurements. */
export const WORKLOADS: readonly Workload[] = [
  fibWorkload,
  intAddWorkload,
  privateListAppend,
  sharedListAppend,
  sharedListReadImmortal,
  sharedListReadObject,
  sharedListWrite,
  privateDict,
  sharedDictGet,
  sharedDictSet,
  sharedDictMixed,
  sharedCounterLock,
  callSharedFunction,
  sharedTupleRead,
  allocDropList,
  allocDropInstance,
];

/** All groups. */
export const ALL_WORKLOADS: readonly Workload[] = [
  ...WORKLOADS,
  ...SCALING_WORKLOADS,
  ...LOCK_WORKLOADS,
  ...REQUEST_WORKLOADS,
  ...MEMORY_WORKLOADS,
  ...GC_WORKLOADS,
];

/** The workload of this name. Throws RangeError naming those that exist. */
export function workloadNamed(name: string): Workload {
  const workload = ALL_WORKLOADS.find((candidate) => candidate.name === name);
  if (workload !== undefined) return workload;
  throw new RangeError(
    `unknown workload '${name}'; workloads are ${ALL_WORKLOADS.map((row) => row.name).join(', ')}`,
  );
}
