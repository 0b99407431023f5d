import type { Ref } from '../refcount/refCounter.js';
import type { Collector, GcReason, GcRecord } from './collector.js';

/** Builds whose cyclic garbage stays. */
export class NoCollector implements Collector {
  readonly last: GcRecord | null = null;

  collect(_generation: number, _reason: GcReason): number {
    return 0;
  }

  due(): number {
    return -1;
  }

  freeze(): void {}
  unfreeze(): void {}

  freezeCount(): number {
    return 0;
  }

  objects(_generation: number | null): Ref[] {
    return [];
  }

  referrers(_targets: readonly Ref[]): Ref[] {
    return [];
  }
}
