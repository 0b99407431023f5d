import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { type Baseline, parseBaseline } from '../report/baseline.js';
import type { CompareOptions } from '../report/types.js';
import { UsageError } from './errors.js';

export interface RawBaselineOptions {
  readonly baseline?: string;
  readonly failOnRegression?: string;
}

/** What to hold the run against, and when that fails it. */
export interface BaselinePlan {
  /** As the user named it. */
  readonly file: string;
  readonly baseline: Baseline;
  /** Share of the throughput (0.05: 5 %) whose loss ends the run with status 1; null: none does. */
  readonly failShare: number | null;
}

const ACCEPTED = 'a compare.json that this version of ungil wrote with --json';

export function baselineOptions(): [baseline: Option, failOnRegression: Option] {
  return [
    new Option('--baseline <file>', `say what became faster or slower since then: ${ACCEPTED}`),
    new Option(
      '--fail-on-regression <percentage>',
      'end with status 1 if a row is surely slower than in the baseline, by at least so much, such as 5%',
    ),
  ];
}

/** Reads the baseline before anything runs; null without one. Throws UsageError. */
export function parseBaselineOptions(
  { baseline: file, failOnRegression: percentage }: RawBaselineOptions,
  version: string,
): BaselinePlan | null {
  if (file === undefined) {
    if (percentage === undefined) return null;
    throw new UsageError(
      '--fail-on-regression needs something to compare with; accepted: it with --baseline FILE',
    );
  }
  const failShare = percentage === undefined ? null : parsePercentage(percentage);
  return { file, baseline: readBaseline(file, version), failShare };
}

function readBaseline(file: string, version: string): Baseline {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`cannot read baseline '${file}' (${code}); accepted: ${ACCEPTED}`);
  }
  try {
    return parseBaseline(text, version);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`baseline '${file}' cannot be used: ${why}; accepted: ${ACCEPTED}`);
  }
}

/** `5%` or `0.5%`, as a share. */
function parsePercentage(text: string): number {
  const match = /^(\d{1,2}(?:\.\d+)?)\s?%$/.exec(text);
  if (match !== null) return Number(match[1]) / 100;
  throw new UsageError(
    `--fail-on-regression '${text}' is not valid; accepted: a percentage from 0% to below 100%, such as 5%`,
  );
}

/** Throws UsageError if the run will have no row that the baseline has. */
export function expectCommonRows(
  plan: BaselinePlan | null,
  { workloads, builds, threads }: Pick<CompareOptions, 'workloads' | 'builds' | 'threads'>,
): void {
  if (plan === null) return;
  const { rows } = plan.baseline;
  const common = rows.some(
    (row) => workloads.includes(row.workload) && builds.includes(row.build) && threads.includes(row.threads),
  );
  if (common) return;
  const list = (values: readonly (string | number)[]): string => [...new Set(values)].join(', ');
  throw new UsageError(
    `baseline '${plan.file}' has no row of this run; it has workloads ${list(rows.map((row) => row.workload))}, ` +
      `builds ${list(rows.map((row) => row.build))}, threads ${list(rows.map((row) => row.threads))}`,
  );
}
