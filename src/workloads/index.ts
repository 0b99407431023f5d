import { privateDict, sharedDictGet, sharedDictMixed, sharedDictSet } from './dicts.js';
import {
  privateListAppend,
  sharedListAppend,
  sharedListReadImmortal,
  sharedListReadObject,
  sharedListWrite,
} from './lists.js';
import { fibWorkload, intAddWorkload } from './numbers.js';
import {
  allocDropInstance,
  allocDropList,
  callSharedFunction,
  sharedCounterLock,
  sharedTupleRead,
} from './objects.js';
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

/** The workload of this name. Throws RangeError naming those that exist. */
export function workloadNamed(name: string): Workload {
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  if (workload !== undefined) return workload;
  throw new RangeError(
    `unknown workload '${name}'; workloads are ${WORKLOADS.map((row) => row.name).join(', ')}`,
  );
}
