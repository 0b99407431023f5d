import { buildNamed } from '../runtime/builds.js';
import { SCALES_FROM } from './diagnosis.js';
import type { Result } from './results.js';
import { formatRatio, plural } from './text.js';

/** Rows that the terminal names; all are in the JSON. */
const MOST_ROWS = 8;

/** Why workloads do not scale in builds without a GIL, the worst first; a heading and a sentence each. Empty: all do. */
export function whyInWords(results: readonly Result[]): string[] {
  const rows = results.filter(doesNotScale).sort((a, b) => (a.efficiency ?? 0) - (b.efficiency ?? 0));
  if (rows.length === 0) return [];
  const threads = plural(rows[0].threads, 'thread');
  const lines = rows.slice(0, MOST_ROWS).map(({ workload, build, speedup, explanation }) => {
    return `${workload}, ${build} (${formatRatio(speedup)}): ${explanation?.diagnosis}.`;
  });
  const left = rows.length - lines.length;
  return [
    `Why the speed-up at ${threads} is less than it could be:`,
    ...lines,
    ...(left > 0 ? [`${plural(left, 'more row')} with their reasons are in the JSON.`] : []),
  ];
}

function doesNotScale({ build, explanation, efficiency }: Result): boolean {
  return (
    explanation !== null &&
    efficiency !== null &&
    efficiency < SCALES_FROM &&
    buildNamed(build).lock !== 'gil'
  );
}
