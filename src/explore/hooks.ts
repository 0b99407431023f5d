/** What a thread is about to do at a point where the scheduler may switch. */
export const enum OpKind {
  None = 0,
  /** Plain accesses to a word that another thread is known to race for. */
  Read = 1,
  Write = 2,
  /** `Atomics.*`. */
  Load = 3,
  Store = 4,
  Add = 5,
  Sub = 6,
  And = 7,
  Or = 8,
  Xor = 9,
  Exchange = 10,
  CompareExchange = 11,
  Wait = 12,
  Notify = 13,
  Pause = 14,
  /** `performance.now()`, `Date.now()`. */
  Clock = 15,
  /** The eval breaker is polled: the only place where threads switch under the GIL. */
  Poll = 16,
  /** A block is freed: a write over all of it. */
  Free = 17,
  /** The call and the return of an operation whose history is checked. */
  Call = 18,
  Return = 19,
  /** A choice of the scenario's own. */
  Choose = 20,
}

/** A typed array over shared memory, or anything else that computed member access is applied to. */
export type Indexable = { [index: number]: number };

/**
 * What rewritten code calls, as `$`. Where `point`, `read` or `write` returns true, the code yields at once and
 * goes on when it is resumed; then it performs the access. All values have been evaluated before.
 */
export interface Hooks {
  /** Announces an atomic operation on `view[index]`; `a`, `b`: its further arguments (compareExchange: expected, new). */
  point(kind: OpKind, view: unknown, index: number, a: number, b: number, site: number): boolean;
  /** Performs what the running thread has announced, and returns the result. */
  exec(): number | string | undefined;
  /** A plain read of `view[index]` follows. False at once for anything that is not a view of shared memory. */
  read(view: unknown, index: unknown, site: number): boolean;
  /** A plain write to `view[index]` follows. */
  write(view: unknown, index: unknown, site: number): boolean;
  /** `view.fill(...)`, `view.copyWithin(...)`: word by word where the view is shared, natively where not. */
  fill(view: unknown, site: number, ...args: number[]): Generator;
  copyWithin(view: unknown, site: number, ...args: number[]): Generator;
  /** Whether a call returned a suspended function of ours instead of a value. */
  isGen(value: unknown): boolean;
  /** The suspended function is about to start: if it only stands for an atomic operation, this is its place. */
  from<T>(suspended: T, site: number): T;
  /** In a function that only stands for an atomic operation: where it was called, else its own place. */
  caller(site: number): number;
  /**
   * Runs such a function where the code cannot be suspended (constructors, getters, callbacks of native methods).
   * Throws Refusal if it would have to switch while a thread runs.
   */
  sync(value: unknown, site: number): unknown;
  /** As `read` and `write`, in such a place. */
  readSync(view: unknown, index: unknown, site: number): void;
  writeSync(view: unknown, index: unknown, site: number): void;
  /** Stands for `Atomics` where it is used as a value: members that throw Refusal when called. */
  readonly atomics: Readonly<Record<string, unknown>>;
  /** `Math.random()`: the same numbers in every execution. */
  random(): number;
}

/**
 * What is known of a site besides its place: what comments before its function or statement declare (`Racy`,
 * `Optimistic`), and what the rewriter sees for itself. Bits.
 */
export const enum SiteMark {
  /** "Declared racy read", "declared racy reads": races of this read are meant. */
  Racy = 1,
  /** "May touch a freed block": the access is one of those that check afterwards what they have touched. */
  Optimistic = 2,
  /** In a file of `allocators/`: freed blocks are its own. */
  Allocator = 4,
  /** In a method that only stands for an operation of `Atomics`: the place that counts is its caller's. */
  Forwarder = 8,
  /** A plain write: `a[i]++` has two sites at one place. */
  Write = 16,
}

/** A place in the code under exploration where shared memory is accessed. */
export interface Site {
  /** Source file (TypeScript where a source map says so) and position, 1-based line. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `Class.method` or the function's name. */
  readonly function: string;
  /** Bits of `SiteMark`. */
  readonly marks: number;
}
