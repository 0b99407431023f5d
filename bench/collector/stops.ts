/** How long threads take to stop, beyond what the system's scheduler takes to run them. */
import type { BenchIo } from '../../src/report/benchTypes.js';
import { maximum, quantile } from '../../src/report/statistics.js';
import { atMost, TARGETS } from './reports.js';
import { measureStops } from './rounds.js';
import type { StopTimes } from './safepoints.js';

const TABLE = 'collector: time until the world stands still, 4 threads';
const THREADS = 4;
const STOPS = 800;
/** For the noise of a high quantile: that of each part of the stops. */
const PARTS = 4;

export async function reportStops(io: BenchIo): Promise<void> {
  io.progress('stops among running threads');
  const running = await measureStops(THREADS, { others: 'running', stops: STOPS }, io.signal);
  if (running === null) return;
  row(io, 'three run loops', running.stop);
  row(io, 'the same with a bare flag: the scheduler alone', running.bare);
  io.figure({
    table: TARGETS,
    name: 'time to safepoint, 4 running threads, p99 above that of a bare flag',
    value: aboveBare(running),
    unit: 'ms',
    note: `p99 ${p99(running.stop)} over ${p99(running.bare)} ms`,
    target: atMost(1),
  });
  io.progress('stops among sleeping threads');
  const detached = await measureStops(THREADS, { others: 'detached', stops: STOPS }, io.signal);
  if (detached === null) return;
  row(io, 'three sleep in a lock or a barrier', detached.stop);
  io.figure({
    table: TARGETS,
    name: 'time to stop, 3 threads asleep in a lock or a barrier, p99',
    value: quantile(detached.stop, 0.99),
    unit: 'ms',
    note: `who waited for one would wait at least 1 ms; most ${maximum(detached.stop).toFixed(3)}`,
    target: atMost(1),
  });
}

/** p99 of the stops less that of the bare ones, not below 0. */
export function aboveBare({ stop, bare }: StopTimes): number {
  return Math.max(quantile(stop, 0.99) - quantile(bare, 0.99), 0);
}

function row(io: BenchIo, name: string, values: readonly number[]): void {
  const [p50, most] = [quantile(values, 0.5), maximum(values)];
  const length = Math.ceil(values.length / PARTS);
  const parts = Array.from({ length: PARTS }, (_, i) => values.slice(i * length, (i + 1) * length));
  const range = parts.map((part) => quantile(part, 0.99)).sort((a, b) => a - b);
  io.figure({
    table: TABLE,
    name: `${name}, p99`,
    value: quantile(values, 0.99),
    unit: 'ms',
    note:
      `p50 ${p50.toFixed(3)}, most ${most.toFixed(3)} of ${values.length}; ` +
      `by quarters ${range[0].toFixed(2)} to ${range[PARTS - 1].toFixed(2)}`,
  });
}

function p99(values: readonly number[]): string {
  return quantile(values, 0.99).toFixed(2);
}
