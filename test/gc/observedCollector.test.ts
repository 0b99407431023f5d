import { describe, expect, it } from 'vitest';
import type { Collector, GcReason, GcRecord } from '#ungil/gc/collector.js';
import { type CollectionObserver, ObservedCollector } from '#ungil/gc/observedCollector.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';

function record(reason: GcReason, generation: number): GcRecord {
  return {
    reason,
    generation,
    thread: 0,
    toSafepoint: 1,
    toSafepointByThread: [{ thread: 1, milliseconds: 1 }],
    pause1: 3,
    pause2: 2,
    duration: 7,
    visited: 10,
    markedAlive: 4,
    candidates: 6,
    collected: 5,
    uncollectable: 1,
    resurrected: 0,
    freedBytes: 64,
    markers: 1,
    phases: { markAlive: 2 },
  };
}

/** Collects what it is told to. */
class FakeCollector implements Collector {
  last: GcRecord | null = null;
  isDue = -1;
  /** What the next collection does instead. */
  instead: (() => number) | null = null;

  due(): number {
    return this.isDue;
  }

  collect(generation: number, reason: GcReason): number {
    if (this.instead !== null) return this.instead();
    this.last = record(reason, generation);
    return 5;
  }

  freeze(): void {}
  unfreeze(): void {}
  freezeCount(): number {
    return 0;
  }
  objects(): number[] {
    return [];
  }
  referrers(): number[] {
    return [];
  }
}

function observed(during: (again: ObservedCollector) => void = () => {}) {
  const heard: string[] = [];
  const inner = new FakeCollector();
  const observer: CollectionObserver = {
    starts(generation) {
      heard.push(`start ${generation}`);
      during(collector);
    },
    ends(generation, done) {
      heard.push(`stop ${generation} ${done?.collected ?? 'nothing'}`);
      during(collector);
    },
    failed(error) {
      heard.push(error.name);
    },
  };
  const { i32 } = SharedMemory.create(16 << 20);
  const collector = new ObservedCollector(i32, inner, observer);
  return { heard, inner, collector, other: new ObservedCollector(i32, inner, observer) };
}

const NO_MEMORY = () => new MemoryError(8, 'segments', 16, 16);

describe('a collector with observers', () => {
  it('tells them before and after, and keeps a record', () => {
    const { heard, collector } = observed();
    expect(collector.collect(1, 'manual')).toBe(5);
    expect(heard).toEqual(['start 1', 'stop 1 5']);
    const { collections, pauses, totals, phases, toSafepointByThread } = collector.journal.data();
    expect(collections).toEqual({ manual: 1, heap: 0 });
    expect(pauses.values).toEqual([3, 2]);
    expect(totals.visited).toBe(10);
    expect(phases).toEqual({ markAlive: 2 });
    expect(toSafepointByThread[1].count).toBe(1);
  });

  it('collects nothing for an observer that asks, of whichever thread', () => {
    const inside: number[] = [];
    const { heard, collector, other } = observed((again) => {
      inside.push(again.collect(2, 'manual'), other.collect(0, 'manual'));
      again.collectIfDue();
    });
    expect(collector.collect(2, 'manual')).toBe(5);
    expect(inside).toEqual([0, 0, 0, 0]);
    expect(heard).toEqual(['start 2', 'stop 2 5']);
    expect(other.collect(0, 'manual')).toBe(5);
  });

  it('collects by itself what is due, and only that', () => {
    const { heard, inner, collector } = observed();
    collector.collectIfDue();
    expect(heard).toEqual([]);
    inner.isDue = 1;
    collector.collectIfDue();
    expect(heard).toEqual(['start 1', 'stop 1 5']);
    expect(collector.journal.data().collections).toEqual({ manual: 0, heap: 1 });
  });

  it('hands a want of memory to who asked, or to the observer, and can collect again', () => {
    const { heard, inner, collector } = observed();
    inner.instead = () => {
      throw NO_MEMORY();
    };
    expect(() => collector.collect(2, 'manual')).toThrow(MemoryError);
    expect(heard).toEqual(['start 2', 'stop 2 nothing']);
    inner.isDue = 0;
    collector.collectIfDue();
    expect(heard.slice(2)).toEqual(['start 0', 'stop 0 nothing', 'MemoryError']);
    inner.instead = null;
    expect(collector.collect(2, 'manual')).toBe(5);
  });

  it('writes no record where the collector found that nothing was due any more', () => {
    const { heard, inner, collector } = observed();
    inner.instead = () => 0;
    expect(collector.collect(0, 'heap')).toBe(0);
    expect(heard).toEqual(['start 0', 'stop 0 nothing']);
    expect(collector.journal.data().collections).toEqual({ manual: 0, heap: 0 });
  });

  it('tells nobody at the end of a run, and keeps that apart', () => {
    const { heard, collector } = observed();
    collector.collect(2, 'shutdown');
    expect(heard).toEqual([]);
    const { collections, pauses, shutdown } = collector.journal.data();
    expect(collections).toEqual({ manual: 0, heap: 0 });
    expect(pauses.count).toBe(0);
    expect(shutdown).toHaveLength(1);
  });
});
