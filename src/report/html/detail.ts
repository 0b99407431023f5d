/** How much of a large comparison goes into the page. */
export interface Detail {
  /** Significant digits of the raw figures; null: all. */
  readonly digits: number | null;
  /** Single samples, histograms and curves in the raw figures. */
  readonly samples: boolean;
  /** Counters by thread; else their sums, and none in the raw figures. */
  readonly byThread: boolean;
  /** Tables of counters at all. */
  readonly counters: boolean;
  /** Notes on single points of charts, and rows of fairness and waits that say little. */
  readonly notes: boolean;
  /** The raw figures at all. */
  readonly raw: boolean;
  /** Slices that a timeline draws at most. */
  readonly slices: number;
  /** What was left out, as a sentence; empty: nothing. */
  readonly leftOut: string;
}

/** From everything to the least. The page takes the first with which it stays small. */
export const DETAILS: readonly Detail[] = [
  {
    digits: null,
    samples: true,
    byThread: true,
    counters: true,
    notes: true,
    raw: true,
    slices: 600,
    leftOut: '',
  },
  {
    digits: 6,
    samples: true,
    byThread: true,
    counters: true,
    notes: true,
    raw: true,
    slices: 300,
    leftOut: 'To keep the page small, raw figures have six digits here.',
  },
  {
    digits: 5,
    samples: false,
    byThread: true,
    counters: true,
    notes: true,
    raw: true,
    slices: 200,
    leftOut:
      'To keep the page small, raw figures have five digits here, and single samples, curves and histograms are left out.',
  },
  {
    digits: 5,
    samples: false,
    byThread: false,
    counters: true,
    notes: true,
    raw: true,
    slices: 150,
    leftOut:
      'To keep the page small, raw figures have five digits here, single samples, curves and histograms are left out, and ' +
      'counters are sums over the threads, at their highest number only.',
  },
  {
    digits: 5,
    samples: false,
    byThread: false,
    counters: true,
    notes: true,
    raw: false,
    slices: 100,
    leftOut:
      'To keep the page small, the raw figures are left out, and counters are sums over the threads, at their highest number only: compare.json has all.',
  },
  {
    digits: 5,
    samples: false,
    byThread: false,
    counters: false,
    notes: false,
    raw: false,
    slices: 60,
    leftOut:
      'To keep the page small, the raw figures, counters, notes on points, rows of fairness above 0.95 and all but the longest waits for the GIL are left out: compare.json has all.',
  },
];
