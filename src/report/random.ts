/** xorshift32 (Marsaglia 2003): the same sequence for the same seed on every machine. Not for secrets. */
export class Random {
  private state: number;

  /** `seed`: any integer but 0. */
  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1);
  }

  /** A whole number from 0 to `limit` - 1; `limit` up to 2^16, for which 2^32 is as good as a multiple. */
  below(limit: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % limit;
  }
}
