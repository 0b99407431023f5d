import type { Workload } from '../workload.js';
import { cmoduleFunction, objectCfunction, objectLookupSpecial } from './cfunctions.js';
import { loadStringConst, loadTupleConst, multConstant } from './constants.js';
import { contextManager } from './contextManager.js';
import { createClosure, createDict, createPyobject } from './creation.js';
import { generator } from './generator.js';
import { methodCaller, pymethod } from './methods.js';
import { moduleFunction } from './moduleFunction.js';
import { threadLocalRead } from './threadLocal.js';

/** The cases of CPython's `Tools/ftscalingbench` that the sixteen lack, in its order; `pyfunction` is call-shared-function. */
export const SCALING_WORKLOADS: readonly Workload[] = [
  objectCfunction,
  cmoduleFunction,
  objectLookupSpecial,
  contextManager,
  multConstant,
  generator,
  pymethod,
  moduleFunction,
  loadStringConst,
  loadTupleConst,
  createPyobject,
  createClosure,
  createDict,
  threadLocalRead,
  methodCaller,
];
