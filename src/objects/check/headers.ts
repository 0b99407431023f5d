import type { CheckContext } from '../../allocators/check/context.js';
import {
  Control,
  GcBits,
  Geometry,
  Header,
  Immortal,
  SharedState,
  TypeKind,
  TypeObject,
} from '../../memory/layout.js';
import { countedPerThread } from '../../refcount/perThread.js';

/** Where a scheme keeps counts. */
export type Scheme = 'plain' | 'atomic' | 'biased' | 'side-table' | 'none';

/** Reads an object's count and checks its header by the rules of one scheme. */
export interface HeaderCheck {
  isImmortal(object: number): boolean;
  /** References that are counted in the header. */
  count(object: number): number;
  /** Reports what no object may look like while no operation is under way. */
  check(object: number): void;
}

export function headerCheckOf(context: CheckContext, scheme: Scheme): HeaderCheck {
  switch (scheme) {
    case 'plain':
      return new PlainHeaders(context);
    case 'atomic':
      return new AtomicHeaders(context);
    case 'biased':
      return new BiasedHeaders(context);
    case 'side-table':
      return new SideTableHeaders(context);
    case 'none':
      return new UncountedHeaders(context);
  }
}

/** No counts: nothing to agree with. The header says so, and between collections has none of the collector's marks. */
class UncountedHeaders implements HeaderCheck {
  constructor(private readonly context: CheckContext) {}

  isImmortal(_object: number): boolean {
    return true;
  }

  count(_object: number): number {
    return 0;
  }

  check(object: number): void {
    const heap = this.context.i32;
    const marks = (heap[object] >>> 24) & (GcBits.Alive | GcBits.Unreachable);
    const clean = heap[object + Header.Local] === Immortal.Local && heap[object + Header.Shared] === 0;
    this.context.expect(
      clean && marks === 0,
      () => `object ${object}: marks ${marks}, or counts in its header, although nothing is counted`,
    );
  }
}

/** One count, in the table; the words of the header stay 0. */
class SideTableHeaders implements HeaderCheck {
  constructor(private readonly context: CheckContext) {}

  isImmortal(object: number): boolean {
    return this.count(object) < 0;
  }

  count(object: number): number {
    const heap = this.context.i32;
    return heap[heap[Control.SideTable] + (object >>> 2)];
  }

  check(object: number): void {
    const heap = this.context.i32;
    const owner = heap[object] & Header.OwnerMask;
    const clean = heap[object + Header.Local] === 0 && heap[object + Header.Shared] === 0 && owner === 0;
    this.context.expect(
      clean && this.count(object) !== 0,
      () => `object ${object}: count ${this.count(object)} in the side table, or counts in its header`,
    );
  }
}

/** One count, in `Header.Local`; nothing else is used. */
class PlainHeaders implements HeaderCheck {
  constructor(private readonly context: CheckContext) {}

  isImmortal(object: number): boolean {
    return this.context.i32[object + Header.Local] < 0;
  }

  count(object: number): number {
    return this.context.i32[object + Header.Local];
  }

  check(object: number): void {
    const heap = this.context.i32;
    const count = heap[object + Header.Local];
    const owner = heap[object] & Header.OwnerMask;
    this.context.expect(
      count !== 0 && heap[object + Header.Shared] === 0 && owner === 0,
      () => `object ${object}: count ${count}, owner ${owner}, shared word ${heap[object + Header.Shared]}`,
    );
  }
}

/** One count, the whole of `Header.Shared`; `Local` only marks immortals. */
class AtomicHeaders implements HeaderCheck {
  constructor(private readonly context: CheckContext) {}

  isImmortal(object: number): boolean {
    return this.context.i32[object + Header.Local] === Immortal.Local;
  }

  count(object: number): number {
    return Atomics.load(this.context.i32, object + Header.Shared);
  }

  check(object: number): void {
    const heap = this.context.i32;
    const local = heap[object + Header.Local];
    const owner = heap[object] & Header.OwnerMask;
    this.context.expect(
      this.count(object) > 0 && (local === 0 || local === Immortal.Local) && owner === 0,
      () => `object ${object}: count ${this.count(object)}, owner ${owner}, local word ${local}`,
    );
  }
}

/** Owner, local and shared count with its state. */
class BiasedHeaders implements HeaderCheck {
  constructor(private readonly context: CheckContext) {}

  isImmortal(object: number): boolean {
    return this.context.i32[object + Header.Local] === Immortal.Local;
  }

  count(object: number): number {
    const heap = this.context.i32;
    const shared = Atomics.load(heap, object + Header.Shared) >> SharedState.Shift;
    const deferred = ((heap[object] >>> 24) & GcBits.Deferred) !== 0;
    if (!deferred) return heap[object + Header.Local] + shared;
    const counted = heap[object + Header.Local] + shared - Immortal.DeferredBias;
    return counted + (hasUniqueId(heap, object) ? countedPerThread(heap, object) : 0);
  }

  check(object: number): void {
    const { i32: heap } = this.context;
    const owner = heap[object] & Header.OwnerMask;
    const local = heap[object + Header.Local];
    if (local === Immortal.Local) {
      this.context.expect(owner === 0, () => `INV-1.5: immortal object ${object} has the owner ${owner}`);
      return;
    }
    const shared = Atomics.load(heap, object + Header.Shared);
    const state = shared & SharedState.Mask;
    const known = owner === 0 || ((owner & 1) === 1 && owner < 2 * Geometry.ThreadSlots);
    this.context.expect(known, () => `object ${object} has the owner ${owner}, which is no thread's id`);
    this.context.expect(
      (state === SharedState.Merged) === (owner === 0),
      () => `INV-1.1: object ${object} has the owner ${owner} in state ${state}`,
    );
    this.context.expect(
      local >= 0 && (local === 0 || owner !== 0),
      () => `INV-1.1: object ${object} has a local count of ${local} and the owner ${owner}`,
    );
    this.context.expect(
      state !== SharedState.Merged || shared >> SharedState.Shift >= 0,
      () => `INV-2.1: merged object ${object} has the count ${shared >> SharedState.Shift}`,
    );
  }
}

/** Objects of these types may be counted per thread (INV-2.5). */
function hasUniqueId(heap: Int32Array, object: number): boolean {
  const kind = heap[heap[object + Header.Type] + TypeObject.Kind];
  return kind === TypeKind.Type || kind === TypeKind.Code || kind === TypeKind.Dict;
}
