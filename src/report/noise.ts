import { byRound } from './bootstrap.js';
import type { Result } from './results.js';
import { maximum, median, minimum, noise, quantile } from './statistics.js';
import { formatMops, formatRatio } from './text.js';

export type NoiseKind = 'busy' | 'two speeds' | 'drift' | 'cold' | 'scatter' | 'outliers';

/** Something that makes a figure doubtful. */
export interface Noise {
  kind: NoiseKind;
  text: string;
  /** How much it is about, as a ratio to 1; comparable within a kind. */
  size: number;
}

export type Noisy = Pick<Result, 'opsPerSecond' | 'threads' | 'ceiling' | 'beside'>;

/** Below this share of what idle cores give, a core or the caches are somebody else's; idle machines reach 0.95 to 1.05. */
const BUSY = 0.85;
/** Half of the samples this far apart, over their median: two builds that differ by less cannot be told apart. */
const SCATTER = 0.1;
/** Quartiles of fewer samples are single samples. */
const LEAST_SAMPLES = 5;
/** Tukey's factor (Exploratory Data Analysis, 1977). */
const FENCE = 1.5;
/** Fences of samples that hardly differ are close: a sample nearer to the median than this does no harm. */
const OUTLIER = 0.1;
/** Rounds that grow all the way by less than this may do so by chance; four do in one of twelve cases. */
const DRIFT = 0.1;
const DRIFT_ROUNDS = 4;
/** Warm code is as fast in a round's first sample as in its last. */
const COLD = 0.1;
/** Two groups of samples, each of at least a quarter, so far apart, and three times farther than within either. */
const TWO_SPEEDS = 0.15;
const GROUP_SHARE = 0.25;
const GROUP_GAP = 3;
/** A bare loop this much slower beside the slow group than beside the fast one: the machine was slow, not the code. */
const MACHINE_SLOW = 0.87;

/** Everything that is doubtful about a figure, most telling first. `cpus`: of the machine. */
export function findNoise(row: Noisy, cpus: number): Noise[] {
  const { samples } = row.opsPerSecond;
  if (!samples.every((sample) => sample > 0)) return [];
  const speeds = twoSpeeds(row);
  const found = [busy(row, cpus), speeds, drift(row), cold(row)];
  // Samples of two speeds scatter, and have outliers, by nature.
  if (speeds === null) found.push(scatter(samples), outliers(samples));
  return found.filter((noise) => noise !== null);
}

function busy({ threads, ceiling }: Noisy, cpus: number): Noise | null {
  const expected = Math.min(threads, cpus);
  if (ceiling === null || threads < 2 || ceiling >= BUSY * expected) return null;
  const text = `the machine's ceiling for ${threads} threads was ${formatRatio(ceiling)} here: it was busy`;
  return { kind: 'busy', text, size: expected / ceiling };
}

function scatter(samples: readonly number[]): Noise | null {
  if (samples.length < LEAST_SAMPLES) return null;
  const size = noise(samples);
  if (size <= SCATTER) return null;
  const text =
    `samples differ by ${percent(size)} (interquartile range over median): ` +
    'take differences below that for noise';
  return { kind: 'scatter', text, size: 1 + size };
}

function outliers(samples: readonly number[]): Noise | null {
  if (samples.length < LEAST_SAMPLES) return null;
  const [first, third] = [quantile(samples, 0.25), quantile(samples, 0.75)];
  const middle = median(samples);
  const reach = Math.max(FENCE * (third - first), 0);
  const low = Math.min(first - reach, middle * (1 - OUTLIER));
  const high = Math.max(third + reach, middle * (1 + OUTLIER));
  const slow = samples.filter((sample) => sample < low).length;
  const fast = samples.filter((sample) => sample > high).length;
  if (slow + fast === 0) return null;
  const [side, why] = slow > 0 ? ['below', 'something else ran'] : ['above', 'cause unknown'];
  const which = slow > 0 && fast > 0 ? "outside Tukey's fences" : `${side} Tukey's fence`;
  const text = `${slow + fast} of ${samples.length} samples are outliers (${which}): ${why}`;
  const worst = Math.max(middle / minimum(samples), maximum(samples) / middle);
  return { kind: 'outliers', text, size: worst };
}

/** From round to round always up, or always down. */
function drift({ opsPerSecond: { samples }, beside }: Noisy): Noise | null {
  const rounds = byRound(samples, beside.round).map(median);
  if (rounds.length < DRIFT_ROUNDS) return null;
  const up = rounds.every((round, i) => i === 0 || round > rounds[i - 1]);
  const down = rounds.every((round, i) => i === 0 || round < rounds[i - 1]);
  const ratio = rounds[rounds.length - 1] / rounds[0];
  if (!(up || down) || Math.abs(ratio - 1) < DRIFT) return null;
  const text = `samples drift: the last round is ${faster(ratio)} than the first: the machine has changed`;
  return { kind: 'drift', text, size: Math.max(ratio, 1 / ratio) };
}

/** Within rounds always up: each round's workers are fresh. */
function cold({ opsPerSecond: { samples }, beside }: Noisy): Noise | null {
  const ratios = byRound(samples, beside.round)
    .filter((round) => round.length > 1)
    .map((round) => round[round.length - 1] / round[0]);
  if (ratios.length < DRIFT_ROUNDS || minimum(ratios) <= 1) return null;
  const ratio = median(ratios);
  if (ratio < 1 + COLD) return null;
  const text = `samples drift: a round's last is ${faster(ratio)} than its first: not warmed up`;
  return { kind: 'cold', text, size: ratio };
}

/** The widest gap between neighbours splits them. */
function twoSpeeds({ opsPerSecond: { samples }, beside }: Noisy): Noise | null {
  const sorted = [...samples].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((sample, i) => sample / sorted[i]);
  const cut = gaps.indexOf(maximum(gaps)) + 1;
  const [slow, fast] = [sorted.slice(0, cut), sorted.slice(cut)];
  const least = Math.max(2, GROUP_SHARE * samples.length);
  if (slow.length < least || fast.length < least) return null;
  const apart = median(fast) / median(slow);
  const within = Math.max(maximum(slow) / slow[0], maximum(fast) / fast[0]);
  if (apart < 1 + TWO_SPEEDS || apart - 1 < GROUP_GAP * (within - 1)) return null;
  const isSlow = samples.map((sample) => sample <= slow[slow.length - 1]);
  const text =
    `samples have two speeds, ${formatMops(median(slow))} and ${formatMops(median(fast))} Mops/s, ` +
    `${slow.length} and ${fast.length} of them: ${reasonOf(isSlow, beside)}`;
  return { kind: 'two speeds', text, size: apart };
}

function reasonOf(isSlow: readonly boolean[], { round, bareRate }: Noisy['beside']): string {
  const beside = (slow: boolean) =>
    median(bareRate.filter((rate, i) => rate !== null && isSlow[i] === slow) as number[]);
  if (beside(true) / beside(false) < MACHINE_SLOW)
    return 'a bare loop beside them had, too: the machine was slow';
  const split = new Set(
    round.filter((number, i) => isSlow[i] && round.some((n, j) => n === number && !isSlow[j])),
  );
  const several = new Set(round).size < round.length;
  return split.size === 0 && several
    ? 'each round has one of them: V8 compiles it in two ways'
    : 'cause unknown';
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function faster(ratio: number): string {
  return ratio > 1 ? `${percent(ratio - 1)} faster` : `${percent(1 - ratio)} slower`;
}
