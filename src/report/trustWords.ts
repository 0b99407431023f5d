import { ceilingsOf } from './ceilings.js';
import { findNoise, type Noise, type NoiseKind } from './noise.js';
import type { Result } from './results.js';
import { geometricMean } from './statistics.js';
import { formatRatio, plural } from './text.js';

/** What is said of a row whose figure is doubtful, for `3 of 64 figures ...`. */
const KINDS: Readonly<Record<NoiseKind, string>> = {
  busy: 'measured while the machine was busy',
  'two speeds': 'with two speeds',
  drift: 'that drift from round to round',
  cold: 'not warmed up',
  scatter: 'whose samples scatter by more than 10 %',
  outliers: 'with outliers',
};

/** Lines under a table that say how far its figures can be trusted: the machine's ceiling, what ± is, what is doubtful. */
export function trustInWords(results: readonly Result[], cpus: number): string[] {
  return [...ceilingInWords(results), ...efficiencyInWords(results), ...doubtsInWords(results, cpus)];
}

function ceilingInWords(results: readonly Result[]): string[] {
  const ceilings = ceilingsOf(results).map(
    ({ threads, median, min, max }) =>
      `${formatRatio(median)} times one (${formatRatio(min)} to ${formatRatio(max)}) in ${threads}`,
  );
  if (ceilings.length === 0) return [];
  return [`The machine's ceiling, from bare loops beside the samples: ${ceilings.join(', ')} workers.`];
}

/** At the highest number of threads, where a table has its speed-ups. */
function efficiencyInWords(results: readonly Result[]): string[] {
  const threads = results.reduce((most, result) => Math.max(most, result.threads), 1);
  const own = results.filter((result) => result.threads === threads && result.ceiling !== null);
  const builds = [...new Set(own.map((result) => result.build))];
  const means = builds.flatMap((build) => {
    const rows = own.filter((result) => result.build === build && result.wrong === null);
    const mean = geometricMean(rows.map(({ efficiency }) => efficiency ?? Number.NaN));
    return Number.isFinite(mean) ? [`${build} ${formatRatio(mean)}`] : [];
  });
  if (means.length === 0) return [];
  const interval = own.some((result) => result.speedupInterval !== null)
    ? ' ±% is half of its 95 % interval.'
    : '';
  const what = `Efficiency at ${plural(threads, 'thread')}, speed-up over that ceiling`;
  return [`${what}, geometric mean: ${means.join(', ')}.${interval}`];
}

/** All kinds in one sentence, with the worst row of each. */
function doubtsInWords(results: readonly Result[], cpus: number): string[] {
  const found = results.flatMap((result) => findNoise(result, cpus).map((noise) => ({ result, noise })));
  if (found.length === 0) return [];
  const kinds = (Object.keys(KINDS) as NoiseKind[]).flatMap((kind) => {
    const own = found.filter(({ noise }) => noise.kind === kind);
    if (own.length === 0) return [];
    const worst = own.reduce((most, one) => (one.noise.size > most.noise.size ? one : most));
    return [`${own.length} ${KINDS[kind]} (most: ${where(worst.result)}, ${sizeOf(worst.noise)})`];
  });
  const rows = new Set(found.map(({ result }) => result)).size;
  return [`Doubtful, ${rows} of ${plural(results.length, 'figure')}: ${kinds.join('; ')}.`];
}

function where({ workload, build, threads }: Result): string {
  return `${workload}, ${build}, ${threads} thr`;
}

function sizeOf({ kind, size }: Noise): string {
  return kind === 'scatter' || kind === 'drift' || kind === 'cold'
    ? `${Math.round((size - 1) * 100)} %`
    : `factor ${formatRatio(size)}`;
}
