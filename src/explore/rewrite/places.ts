import type { SiteMark } from '../hooks.js';
import type { FunctionNode } from './syntax.js';
import type { Target } from './targets.js';

/** How code at a place is rewritten. */
export const enum PlaceKind {
  /** The module's top level: evaluated before any thread runs. */
  Module = 0,
  /** The body of an async function: left as it is, but for calls of functions that have become generators. */
  Async = 1,
  /** Code that nothing can suspend: constructors, getters, callbacks of native methods, ... */
  Sync = 2,
  /** The body of a function that becomes a generator where it needs to. */
  Body = 3,
}

/** A piece of code that is rewritten in one way: a function's body, its parameters, a field's initial value. */
export interface Place {
  readonly kind: PlaceKind;
  /** What it is in words, for refusals: `a getter`. */
  readonly what: string;
  /** `Class.method`, or the function's name. */
  readonly label: string;
  /** Marks that all accesses of the function have. */
  readonly marks: SiteMark | 0;
  /** A method that only stands for an operation of `Atomics`: see `isForwarder`. */
  readonly forwards: boolean;
  readonly node: FunctionNode | null;
  /** Reads, writes or waits itself. */
  direct: boolean;
  /** What it calls. */
  readonly calls: Target[];
  /** Found by the colouring. Never in places other than bodies. */
  suspending: boolean;
}
