/** One address and how often it was met. */
export interface HotSpot {
  readonly address: number;
  /** At least so often. */
  readonly count: number;
}

/** Addresses watched at a time: whatever makes up more than an eighth of all is among them. */
const PLACES = 8;

/**
 * Which address comes most often, without a table of all: the Space-Saving sketch of Metwally, Agrawal and El Abbadi
 * (Efficient Computation of Frequent and Top-k Elements in Data Streams, ICDT 2005). A newcomer takes the place of the
 * address with the lowest count, and that count with it, as its possible error. Private to a thread.
 */
export class HotSpots {
  /** How many addresses were added in all. */
  total = 0;
  private readonly addresses = new Int32Array(PLACES);
  private readonly counts = new Float64Array(PLACES);
  private readonly errors = new Float64Array(PLACES);

  add(address: number): void {
    this.total++;
    const { addresses, counts } = this;
    let lowest = 0;
    for (let place = 0; place < PLACES; place++) {
      if (addresses[place] === address) {
        counts[place]++;
        return;
      }
      if (counts[place] < counts[lowest]) lowest = place;
    }
    this.errors[lowest] = counts[lowest];
    addresses[lowest] = address;
    counts[lowest]++;
  }

  clear(): void {
    this.total = 0;
    this.addresses.fill(0);
    this.counts.fill(0);
    this.errors.fill(0);
  }

  /** The addresses that are known to have come up, most frequent first. */
  spots(): HotSpot[] {
    const spots: HotSpot[] = [];
    for (let place = 0; place < PLACES; place++) {
      const count = this.counts[place] - this.errors[place];
      if (count > 0) spots.push({ address: this.addresses[place], count });
    }
    return spots.sort((one, other) => other.count - one.count);
  }
}
