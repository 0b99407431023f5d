import type { Workload } from '../workload.js';
import { cpuBesideIo, ioBesideCpu } from './mixed.js';
import { queueBatch, queueSingle } from './queue.js';
import { serveJson } from './server.js';

/** What has requests: their times count as much as their rate. */
export const REQUEST_WORKLOADS: readonly Workload[] = [
  queueSingle,
  queueBatch,
  ioBesideCpu,
  cpuBesideIo,
  serveJson,
];
