import type { Workload } from '../workload.js';
import { allocTest } from './allocTest.js';
import { cacheScratch, cacheThrash } from './cache.js';
import { glibcSimple } from './glibcSimple.js';
import { larson, larsonPrivate } from './larson.js';
import { mstress } from './mstress.js';
import { rptest } from './rptest.js';
import { sh6bench, sh8bench } from './smartHeap.js';
import { xmallocTest } from './xmalloc.js';

/** The patterns of allocation, in the manner of mimalloc-bench. They go straight to the thread's allocator. */
export const MEMORY_WORKLOADS: readonly Workload[] = [
  larson,
  larsonPrivate,
  mstress,
  rptest,
  xmallocTest,
  sh6bench,
  sh8bench,
  allocTest,
  cacheScratch,
  cacheThrash,
  glibcSimple,
];
