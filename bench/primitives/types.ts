import type { Case } from '../suite.js';
import type { Shape } from './bare.js';

/** One primitive of the runtime. */
export interface Primitive extends Case {
  /** Heading of the table that it stands in. */
  readonly table: string;
  /** What bare loop stands beside it. */
  readonly shape: Shape;
  /** After the measuring: null, or what is wrong with what the loops have left. */
  check?(): string | null;
}

/** What the worker of a build posts. */
export interface Measured {
  /** Nanoseconds, by name. */
  readonly medians: ReadonlyMap<string, number>;
  readonly rows: readonly { readonly table: string; readonly name: string; readonly shape: Shape }[];
}
