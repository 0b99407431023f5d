import type { BenchSuite } from '../src/report/benchTypes.js';
import { allocators } from './allocators/suite.js';
import { collector } from './collector/suite.js';
import { copyOnWrite } from './copyOnWrite.js';
import { marking } from './marking/suite.js';
import { primitives } from './primitives/suite.js';
import { pymalloc } from './pymalloc.js';

/** All suites of `ungil bench`, in the order in which they run. */
export const SUITES: readonly BenchSuite[] = [
  primitives,
  allocators,
  pymalloc,
  copyOnWrite,
  collector,
  marking,
];
