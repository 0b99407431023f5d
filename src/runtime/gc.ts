import { GcDebug } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { type ByGeneration, type GcModuleThread, GcRaw, type GenerationStats } from './gcRaw.js';
import { Handle, type Value } from './handle.js';
import type { HandleSpace, ListHandle } from './handles.js';

interface GcFaceThread extends GcModuleThread {
  readonly handles: HandleSpace;
}

/**
 * The gc module of a thread, `t.gc`: handles in, handles out, which the current scope gives back. CPython's names in
 * camel case. The level of references is `t.gc.raw`, whose methods say what each does.
 */
export class Gc {
  readonly raw: GcRaw;
  readonly DEBUG_STATS = GcDebug.Stats;
  readonly DEBUG_COLLECTABLE = GcDebug.Collectable;
  readonly DEBUG_UNCOLLECTABLE = GcDebug.Uncollectable;
  readonly DEBUG_SAVEALL = GcDebug.SaveAll;
  readonly DEBUG_LEAK = GcDebug.Leak;

  constructor(private readonly t: GcFaceThread) {
    this.raw = new GcRaw(t);
  }

  /** Collects; returns how many unreachable objects were found. Throws ValueError, MemoryError, RunAborted. */
  collect(generation = 2): number {
    return this.raw.collect(generation);
  }

  enable(): void {
    this.raw.enable();
  }

  disable(): void {
    this.raw.disable();
  }

  isEnabled(): boolean {
    return this.raw.isEnabled();
  }

  getThreshold(): ByGeneration {
    return this.raw.getThreshold();
  }

  /** Throws ValueError. */
  setThreshold(first: number, second?: number, third?: number): void {
    this.raw.setThreshold(first, second, third);
  }

  getCount(): ByGeneration {
    return this.raw.getCount();
  }

  freeze(): void {
    this.raw.freeze();
  }

  unfreeze(): void {
    this.raw.unfreeze();
  }

  getFreezeCount(): number {
    return this.raw.getFreezeCount();
  }

  /** Throws ValueError. */
  getObjects(generation: number | null = null): Handle[] {
    return this.adopted(this.raw.getObjects(generation));
  }

  getReferrers(...objects: readonly Value[]): Handle[] {
    return this.adopted(this.withRefs(objects, (refs) => this.raw.getReferrers(...refs)));
  }

  /** Plain values by value. */
  getReferents(...objects: readonly Value[]): Value[] {
    return this.withRefs(objects, (refs) => this.raw.getReferents(...refs)).map((ref) =>
      this.t.handles.take(ref),
    );
  }

  isTracked(object: Value): boolean {
    return object instanceof Handle && object.ref !== 0 && this.raw.isTracked(object.ref);
  }

  isFinalized(object: Value): boolean {
    return object instanceof Handle && object.ref !== 0 && this.raw.isFinalized(object.ref);
  }

  /** By generation. */
  getStats(): GenerationStats[] {
    return this.raw.getStats();
  }

  setDebug(flags: number): void {
    this.raw.setDebug(flags);
  }

  getDebug(): number {
    return this.raw.getDebug();
  }

  /** Functions of the program, called with 'start' or 'stop' and a dict around each collection, by who collects. */
  get callbacks(): ListHandle {
    return this.shared(this.raw.callbacks());
  }

  /** What could not be freed, and all garbage under DEBUG_SAVEALL. */
  get garbage(): ListHandle {
    return this.shared(this.raw.garbage());
  }

  private shared(list: Ref): ListHandle {
    this.t.refs.incref(list);
    return this.t.handles.adopt(list) as ListHandle;
  }

  private adopted(refs: readonly Ref[]): Handle[] {
    return refs.map((ref) => this.t.handles.adopt(ref));
  }

  private withRefs(objects: readonly Value[], body: (refs: readonly Ref[]) => Ref[]): Ref[] {
    const refs = this.t.handles.toRefs(objects);
    try {
      return body(refs);
    } finally {
      for (const ref of refs) this.t.refs.decref(ref);
    }
  }
}
