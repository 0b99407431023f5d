import type { ObservedCollector } from '../gc/observedCollector.js';
import { PythonError } from '../memory/errors.js';
import { Control, GcBits, GcState, GcStats, ThreadBlock } from '../memory/layout.js';
import { Referents, Span } from '../objects/referents.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectThread } from './objectThread.js';

/** One row of `gc.get_stats()`. */
export interface GenerationStats {
  readonly collections: number;
  readonly collected: number;
  readonly uncollectable: number;
  readonly candidates: number;
}

/** What the module needs of its thread. */
export interface GcModuleThread extends ObjectThread {
  /** Address of the `ThreadBlock`. */
  readonly block: number;
  readonly collector: ObservedCollector;
  stopTheWorld(): void;
  startTheWorld(): void;
}

/** Counts and thresholds of the three generations. */
export type ByGeneration = readonly [number, number, number];

/**
 * The gc module at the raw level: references are numbers, results are new references. CPython's names in camel case;
 * what they do where it says nothing else is in CPython's documentation. Attached threads, at a safepoint: nothing that
 * is neither counted nor on the shadow stack is held across a call.
 */
export class GcRaw {
  private readonly i32: Int32Array;
  private readonly spans: Referents;

  constructor(private readonly t: GcModuleThread) {
    this.i32 = t.i32;
    this.spans = new Referents(t.i32);
  }

  /**
   * Collects, whether collections are enabled or not; the number of unreachable objects, uncollectable ones included; 0 if
   * a collection is under way. Without a GIL all generations are one, and `generation` only says in which row of
   * `getStats` it counts. Throws ValueError, MemoryError, RunAborted.
   */
  collect(generation = 2): number {
    return this.t.collector.collect(checkGeneration(generation), 'manual');
  }

  /** Collections start by themselves from now on. */
  enable(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Enabled, 1);
  }

  disable(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Enabled, 0);
  }

  isEnabled(): boolean {
    return Atomics.load(this.i32, Control.Gc + GcState.Enabled) !== 0;
  }

  getThreshold(): ByGeneration {
    return this.three(GcState.Thresholds);
  }

  /** What is left out stays. 0 for the first: no collection starts by itself. Throws ValueError. */
  setThreshold(first: number, second?: number, third?: number): void {
    const values = [first, second, third];
    for (const value of values) if (value !== undefined) checkThreshold(value);
    const start = Control.Gc + GcState.Thresholds;
    values.forEach((value, generation) => {
      if (value !== undefined) this.i32[start + generation] = value;
    });
  }

  /**
   * Net allocations since the last collection, then collections of the younger generation since the last of the older
   * one. Without a GIL: what this thread has allocated counts from now, what others have not told yet does not.
   */
  getCount(): ByGeneration {
    if (this.t.build.collector === 'free-threaded') this.tellAllocations();
    return this.three(GcState.Counts);
  }

  /** No collection looks at what is tracked now, until `unfreeze`. */
  freeze(): void {
    this.t.collector.freeze();
  }

  unfreeze(): void {
    this.t.collector.unfreeze();
  }

  getFreezeCount(): number {
    return this.t.collector.freezeCount();
  }

  /** New references to all tracked objects that are not frozen. One generation's only, where there are some. */
  getObjects(generation: number | null = null): Ref[] {
    return this.t.collector.objects(generation === null ? null : checkGeneration(generation));
  }

  /** New references to the tracked objects that refer directly to one of these. */
  getReferrers(...targets: readonly Ref[]): Ref[] {
    return this.t.collector.referrers(targets);
  }

  /** New references to what these objects refer to directly, in the order of their fields; the same one twice if it is. */
  getReferents(...objects: readonly Ref[]): Ref[] {
    const { t } = this;
    const gil = t.build.lock === 'gil';
    if (!gil) t.stopTheWorld();
    const found: Ref[] = [];
    try {
      for (const object of objects) this.addReferents(object, found);
    } finally {
      if (!gil) t.startTheWorld();
    }
    return found;
  }

  /** Whether collections look at the object. Declared racy read: it may change at once. */
  isTracked(object: Ref): boolean {
    return ((this.i32[object] >>> 24) & GcBits.Tracked) !== 0;
  }

  /** Whether its finaliser has run. Declared racy read, as above. */
  isFinalized(object: Ref): boolean {
    return ((this.i32[object] >>> 24) & GcBits.Finalized) !== 0;
  }

  getStats(): GenerationStats[] {
    return [0, 1, 2].map((generation) => {
      const row = Control.Gc + GcState.Stats + generation * GcStats.Words;
      return {
        collections: this.i32[row + GcStats.Collections],
        collected: this.i32[row + GcStats.Collected],
        uncollectable: this.i32[row + GcStats.Uncollectable],
        candidates: this.i32[row + GcStats.Candidates],
      };
    });
  }

  /** `GcDebug` bits. Throws ValueError. */
  setDebug(flags: number): void {
    if (!Number.isInteger(flags)) throw new PythonError('ValueError', `debug flags are bits, got ${flags}`);
    this.i32[Control.Gc + GcState.Debug] = flags;
  }

  getDebug(): number {
    return this.i32[Control.Gc + GcState.Debug];
  }

  /** The list of functions that are called around collections; borrowed. Throws MemoryError. */
  callbacks(): Ref {
    return this.listIn(Control.Gc + GcState.Callbacks);
  }

  /** The list of what could not be freed; borrowed. Throws MemoryError. */
  garbage(): Ref {
    return this.listIn(Control.Gc + GcState.Garbage);
  }

  /** End of a run: both lists go, with what is in them. */
  dropLists(): void {
    for (const word of [Control.Gc + GcState.Callbacks, Control.Gc + GcState.Garbage]) {
      const list = Atomics.exchange(this.i32, word, 0);
      if (list !== 0) this.t.refs.decref(list);
    }
  }

  // --- Steps ---

  /** Made when somebody first asks for it. */
  private listIn(word: number): Ref {
    const known = Atomics.load(this.i32, word);
    if (known !== 0) return known;
    const made = this.t.lists.create();
    const before = Atomics.compareExchange(this.i32, word, 0, made);
    if (before === 0) return made;
    this.t.refs.decref(made);
    return before;
  }

  private addReferents(object: Ref, found: Ref[]): void {
    const heap = this.i32;
    const count = this.spans.of(object);
    const { spans } = this.spans;
    for (let span = 0; span < count * Span.Words; span += Span.Words) {
      const end = spans[span + Span.End];
      for (let word = spans[span + Span.Start]; word < end; word += spans[span + Span.Step]) {
        const referent = heap[word];
        if (referent === 0) continue;
        this.t.refs.incref(referent);
        found.push(referent);
      }
    }
  }

  /** What this thread has counted for itself goes to the shared count, which never gets below 0. */
  private tellAllocations(): void {
    const heap = this.i32;
    const own = heap[this.t.block + ThreadBlock.GcAllocations];
    heap[this.t.block + ThreadBlock.GcAllocations] = 0;
    const word = Control.Gc + GcState.Counts;
    let young = Atomics.load(heap, word);
    for (;;) {
      const seen = Atomics.compareExchange(heap, word, young, Math.max(young + own, 0));
      if (seen === young) return;
      young = seen;
    }
  }

  private three(offset: number): ByGeneration {
    const start = Control.Gc + offset;
    return [Atomics.load(this.i32, start), this.i32[start + 1], this.i32[start + 2]];
  }
}

function checkGeneration(generation: number): number {
  if (Number.isInteger(generation) && generation >= 0 && generation <= 2) return generation;
  throw new PythonError('ValueError', `invalid generation ${String(generation)}: generations are 0, 1 and 2`);
}

function checkThreshold(value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= 0x7fffffff) return;
  throw new PythonError(
    'ValueError',
    `a threshold is a whole number from 0 to 2147483647, got ${String(value)}`,
  );
}
