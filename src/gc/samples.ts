/** Samples that are kept at most; then every second one goes. */
const ROOM = 8192;

/** What samples come to. Milliseconds; all 0 where there are none. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Samples as they come, for quantiles of any number of them in bounded memory. Plain data: travels between workers. */
export interface Samples {
  /** Every `stride`th sample. */
  readonly values: readonly number[];
  readonly stride: number;
  readonly count: number;
  readonly max: number;
}

/** Collects samples: count and maximum are exact, quantiles are of an even selection. */
export class Sampler {
  private values: number[] = [];
  private stride = 1;
  private count = 0;
  private max = 0;

  add(value: number): void {
    if (this.count % this.stride === 0) this.values.push(value);
    this.count++;
    if (value > this.max) this.max = value;
    if (this.values.length < ROOM) return;
    this.values = this.values.filter((_, index) => index % 2 === 0);
    this.stride *= 2;
  }

  samples(): Samples {
    return { values: this.values, stride: this.stride, count: this.count, max: this.max };
  }
}

/** Of several threads' samples together; each counts for as many as it stands for. */
export function quantilesOf(parts: readonly Samples[]): Quantiles {
  const weighted = parts.flatMap(({ values, stride }) => values.map((value) => ({ value, weight: stride })));
  weighted.sort((a, b) => a.value - b.value);
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  const at = (part: number): number => {
    let left = part * total;
    for (const { value, weight } of weighted) {
      left -= weight;
      if (left <= 0) return value;
    }
    return 0;
  };
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    p50: at(0.5),
    p99: at(0.99),
    max: parts.reduce((most, { max }) => Math.max(most, max), 0),
  };
}
