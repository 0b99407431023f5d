/** What `ungil bench` runs, and what a suite says. */

export interface BenchSuite {
  /** As on the command line. */
  readonly name: string;
  /** In a line. */
  readonly about: string;
  /**
   * Measures, and reports each figure as soon as it is known: what was reported stays when the user interrupts. Throws
   * if something did not do what it should; resolves early once the signal is aborted.
   */
  run(io: BenchIo): Promise<void>;
}

export interface BenchIo {
  /** What is being measured now. */
  progress(text: string): void;
  figure(figure: Figure): void;
  readonly signal: AbortSignal;
}

export interface Figure {
  /** Heading of the table that it stands in. */
  readonly table: string;
  /** What was measured. */
  readonly name: string;
  /** null: it could not be measured; `note` says why. */
  readonly value: number | null;
  readonly unit: string;
  /** What belongs beside it: a ratio, a spread, what it was measured against. */
  readonly note?: string;
  readonly target?: Target;
}

/** A bound that the figure should keep. */
export interface Target {
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

/** Whether the figure keeps its bound; null without a bound or a value. */
export function isReached({ value, target }: Figure): boolean | null {
  if (target === undefined || value === null) return null;
  return target.bound === 'at least' ? value >= target.value : value <= target.value;
}
