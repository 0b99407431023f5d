import { MemoryError } from '../memory/errors.js';
import { Control, GcState } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Collector, GcReason, GcRecord } from './collector.js';
import { GcJournal } from './journal.js';

/** Who is told of each collection. */
export interface CollectionObserver {
  /** Before anything is done. The world runs. */
  starts(generation: number): void;
  /** Everything is done; null: nothing was, for want of memory or because nothing was due any more. */
  ends(generation: number, record: GcRecord | null): void;
  /** A collection that nobody asked for could not be made. */
  failed(error: MemoryError): void;
}

/**
 * A build's collector with what surrounds each collection, whoever starts it (CPython `gc_collect_main`): observers
 * before and after, and a record in the journal. While observers run, a collection that they start returns at
 * once, as one does that another thread starts. One instance a thread; all methods as `Collector` says.
 */
export class ObservedCollector {
  /** What this thread has collected in its run. */
  readonly journal = new GcJournal();

  constructor(
    private readonly i32: Int32Array,
    private readonly inner: Collector,
    private readonly observer: CollectionObserver,
  ) {}

  /** As `Collector.collect`. Observers hear of an end also where that throws MemoryError. */
  collect(generation: number, reason: GcReason): number {
    if (!this.begin()) return 0;
    try {
      return this.observed(generation, reason);
    } finally {
      this.end();
    }
  }

  /** The breaker asked for a look: collects if it is time. Errors for want of memory go to the observer. */
  collectIfDue(): void {
    const generation = this.inner.due();
    if (generation < 0 || !this.begin()) return;
    try {
      this.observed(generation, 'heap');
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      this.observer.failed(error);
    } finally {
      this.end();
    }
  }

  /** As `Collector.helpPause`. Not observed: the collection is another thread's. */
  helpPause(): void {
    this.inner.helpPause?.();
  }

  freeze(): void {
    this.inner.freeze();
  }

  unfreeze(): void {
    this.inner.unfreeze();
  }

  freezeCount(): number {
    return this.inner.freezeCount();
  }

  objects(generation: number | null): Ref[] {
    return this.inner.objects(generation);
  }

  referrers(targets: readonly Ref[]): Ref[] {
    return this.inner.referrers(targets);
  }

  get last(): GcRecord | null {
    return this.inner.last;
  }

  /** At shutdown nobody is told (CPython). */
  private observed(generation: number, reason: GcReason): number {
    if (reason === 'shutdown') return this.recorded(generation, reason);
    const before = this.inner.last;
    this.observer.starts(generation);
    let found: number;
    try {
      found = this.recorded(generation, reason);
    } catch (error) {
      if (error instanceof MemoryError) this.observer.ends(generation, null);
      throw error;
    }
    const { last } = this.inner;
    this.observer.ends(generation, last === before ? null : last);
    return found;
  }

  private recorded(generation: number, reason: GcReason): number {
    const before = this.inner.last;
    const found = this.inner.collect(generation, reason);
    const { last } = this.inner;
    if (last !== null && last !== before) this.journal.add(last);
    return found;
  }

  /** A step of its own: exactly one of two threads gets on, and none inside an observer. */
  protected begin(): boolean {
    return Atomics.exchange(this.i32, Control.Gc + GcState.Observed, 1) === 0;
  }

  private end(): void {
    Atomics.store(this.i32, Control.Gc + GcState.Observed, 0);
  }
}
