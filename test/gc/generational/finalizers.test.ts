import { describe, expect, it } from 'vitest';
import type { GcThread } from '#ungil/gc/collector.js';
import { MemoryError, RunAborted } from '#ungil/memory/errors.js';
import { Control, GcDebug, GcState, GcStats } from '#ungil/memory/layout.js';
import type { GcSlots, GcWeakrefs } from '#ungil/objects/gcSlots.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { GcScene } from './gcScene.js';

/** Slots by object: what types would say. */
class FakeSlots implements GcSlots {
  readonly finalizers = new Map<Ref, (object: Ref) => void>();
  readonly legacy = new Set<Ref>();
  readonly finalized: Ref[] = [];
  readonly cleared: Ref[] = [];

  constructor(private readonly t: Thread) {}

  clear(object: Ref): void {
    this.cleared.push(object);
    this.t.gcSlots.clear(object);
  }
  hasFinalizer(object: Ref): boolean {
    return this.finalizers.has(object) && !this.finalized.includes(object);
  }
  hasLegacyFinalizer(object: Ref): boolean {
    return this.legacy.has(object);
  }
  finalize(object: Ref): void {
    this.finalized.push(object);
    this.finalizers.get(object)!(object);
  }
}

/** Weak references by object; each is a list. */
class FakeWeakrefs implements GcWeakrefs {
  readonly refs = new Map<Ref, Ref[]>();
  readonly called: Ref[] = [];
  readonly silenced: Ref[] = [];
  callback: (weakref: Ref) => void = () => {};

  clearForGc(object: Ref, isUnreachable: (object: Ref) => boolean, push: (weakref: Ref) => void): void {
    for (const weakref of this.refs.get(object) ?? []) {
      if (isUnreachable(weakref)) this.silenced.push(weakref);
      else push(weakref);
    }
    this.refs.delete(object);
  }
  runCallback(weakref: Ref): void {
    this.called.push(weakref);
    this.callback(weakref);
  }
}

class FinalizerScene extends GcScene {
  slots!: FakeSlots;
  weakrefs!: FakeWeakrefs;

  constructor(more: Partial<GcThread> = {}) {
    const made: { slots?: FakeSlots; weakrefs?: FakeWeakrefs } = {};
    super('gil', (t) => {
      made.slots = new FakeSlots(t);
      made.weakrefs = new FakeWeakrefs();
      return { gcSlots: made.slots, gcWeakrefs: made.weakrefs, ...more };
    });
    this.slots = made.slots!;
    this.weakrefs = made.weakrefs!;
  }

  get garbage(): Ref[] {
    const list = this.state(GcState.Garbage);
    return list === 0 ? [] : this.referents(list);
  }
}

describe('finalisers', () => {
  it('run once for each object, before anything is cleared', () => {
    const s = new FinalizerScene();
    const inner = s.list();
    const outer = s.cycle(inner);
    s.drop(inner);
    const other = s.cycle();
    const seen: unknown[] = [];
    for (const object of [outer, inner]) {
      s.slots.finalizers.set(object, () =>
        seen.push([object, s.t.lists.length(object), s.slots.cleared.length]),
      );
    }
    expect(s.collect()).toBe(3);
    // In the order of the list, which is that of their making.
    expect(seen).toEqual([
      [inner, 0, 0],
      [outer, 2, 0],
    ]);
    expect(s.slots.cleared).toContain(other);
    expect(s.tracked()).toEqual(new Set());
    expect(s.collector.last).toMatchObject({ collected: 3, resurrected: 0 });
  });

  it('that store their object keep it, and all that it reaches', () => {
    const s = new FinalizerScene();
    const saved = s.list();
    const inner = s.dict('x', s.t.numbers.int(7));
    const cycle = s.cycle(inner);
    const partner = s.list(cycle);
    s.t.lists.append(cycle, partner);
    s.drop(inner, partner);
    const other = s.cycle();
    s.slots.finalizers.set(cycle, () => s.t.lists.append(saved, cycle));
    expect(s.collect()).toBe(1);
    expect(s.collector.last).toMatchObject({ collected: 1, resurrected: 3 });
    expect(s.slots.cleared).toEqual([other]);
    expect(s.tracked(2)).toEqual(new Set([saved, cycle, partner, inner]));
    expect(s.t.dicts.length(inner)).toBe(1);
    // INV-9.3: nothing to be done for them now.
    expect(s.collect()).toBe(0);
    s.drop(s.t.lists.pop(saved));
    expect(s.collect()).toBe(3);
    expect(s.slots.finalized).toEqual([cycle]);
  });

  it('that resurrect in a young collection bring their objects to the next generation', () => {
    const s = new FinalizerScene();
    const saved = s.list();
    const cycle = s.cycle();
    s.slots.finalizers.set(cycle, () => s.t.lists.append(saved, cycle));
    expect(s.collect(0)).toBe(0);
    expect(s.tracked(1)).toEqual(new Set([saved, cycle]));
  });

  it('may break the cycles themselves, and free what the collection has in its lists', () => {
    const s = new FinalizerScene();
    const cycles = Array.from({ length: 6 }, () => s.cycle());
    const [first, second, third] = cycles as [Ref, Ref, Ref];
    // Another one of the list, one that was finalised already, its own object.
    s.slots.finalizers.set(second, () => {
      s.t.lists.clear(third);
      s.t.lists.clear(first);
      s.t.lists.clear(second);
      s.sound();
    });
    expect(s.collect()).toBe(3);
    expect(s.tracked()).toEqual(new Set());
    expect(s.slots.cleared).toEqual(cycles.slice(3));
  });

  it('keep their object to their end, also if they break the only cycle that holds it', () => {
    const s = new FinalizerScene();
    const list = s.cycle();
    const counts: number[] = [];
    s.slots.finalizers.set(list, () => {
      s.t.lists.clear(list);
      counts.push(s.t.refs.count(list));
    });
    s.collect();
    expect(counts).toEqual([1]);
    expect(s.tracked()).toEqual(new Set());
  });

  it('may make objects, drop them, and try to collect', () => {
    const s = new FinalizerScene();
    const cycle = s.cycle();
    const made: Ref[] = [];
    s.slots.finalizers.set(cycle, () => {
      for (let i = 0; i < 5000; i++) made.push(s.list());
      s.t.poll();
      made.push(s.cycle());
      s.drop(...made.splice(0, 2000));
      expect(s.collector.collect(2, 'manual')).toBe(0);
      s.sound();
    });
    expect(s.collect()).toBe(1);
    expect(s.tracked(0)).toEqual(new Set(made));
    expect(s.collect()).toBe(1);
  });

  it('that are aborted leave everything in lists, and no collection under way', () => {
    const s = new FinalizerScene();
    const cycles = Array.from({ length: 3 }, () => s.cycle());
    s.slots.finalizers.set(cycles[1]!, () => {
      throw new RunAborted('interrupt');
    });
    expect(() => s.collect(0)).toThrow(RunAborted);
    expect(s.state(GcState.Collecting)).toBe(0);
    s.sound();
    expect(s.tracked(1)).toEqual(new Set(cycles));
    expect(s.collect()).toBe(3);
  });
});

describe('legacy finalisers', () => {
  it('hold back their cycle and all that it reaches; only they are in gc.garbage', () => {
    const s = new FinalizerScene();
    const inner = s.list();
    const held = s.cycle(inner);
    s.drop(inner);
    const free = s.cycle();
    s.slots.legacy.add(held);
    expect(s.collect(0)).toBe(3);
    expect(s.collector.last).toMatchObject({ collected: 3, uncollectable: 2 });
    expect(s.stats(0, GcStats.Collected)).toBe(1);
    expect(s.stats(0, GcStats.Uncollectable)).toBe(2);
    expect(s.garbage).toEqual([held]);
    expect(s.slots.cleared).toEqual([free]);
    expect(s.tracked(1)).toEqual(new Set([held, inner]));
    // In the list it is reachable.
    expect(s.collect()).toBe(0);
    s.t.lists.clear(held);
    s.t.lists.clear(s.state(GcState.Garbage));
    expect(s.tracked().has(held)).toBe(false);
  });

  it('do not hold back what refers to them', () => {
    const s = new FinalizerScene();
    const held = s.list();
    const outer = s.cycle(held);
    s.slots.legacy.add(held);
    s.drop(held);
    expect(s.collect()).toBe(1);
    expect(s.slots.cleared).toEqual([outer]);
    // Its last reference went with the cycle.
    expect(s.tracked().has(held)).toBe(false);
    expect(s.collector.last).toMatchObject({ uncollectable: 0, collected: 1 });
  });

  it('without memory for gc.garbage stay where they are', () => {
    const s = new FinalizerScene({
      addGarbage: () => {
        throw new MemoryError(16, 'test', 0, 0);
      },
    });
    const held = s.cycle();
    s.slots.legacy.add(held);
    expect(s.collect()).toBe(1);
    expect(s.garbage).toEqual([]);
    expect(s.collect()).toBe(1);
    expect(s.tracked(2)).toEqual(new Set([held]));
  });
});

describe('weak references', () => {
  it('have their callbacks called before finalisers, unless they are garbage too', () => {
    const s = new FinalizerScene();
    const object = s.cycle();
    const weakref = s.list();
    const inGarbage = s.list();
    s.t.lists.append(object, inGarbage);
    s.drop(inGarbage);
    s.weakrefs.refs.set(object, [weakref, inGarbage]);
    const order: string[] = [];
    s.weakrefs.callback = () => order.push(`callback, ${s.t.lists.length(object)} items`);
    s.slots.finalizers.set(object, () => order.push('finaliser'));
    expect(s.collect(0)).toBe(2);
    expect(order).toEqual(['callback, 2 items', 'finaliser']);
    expect(s.weakrefs.called).toEqual([weakref]);
    expect(s.weakrefs.silenced).toEqual([inGarbage]);
    expect(s.tracked(1)).toEqual(new Set([weakref]));
    expect(s.t.refs.count(weakref)).toBe(1);
  });

  it('that die of their callback count among the collected', () => {
    const s = new FinalizerScene();
    const object = s.cycle();
    const weakref = s.list();
    const holder = s.list(weakref);
    s.drop(weakref);
    s.weakrefs.refs.set(object, [weakref]);
    s.weakrefs.callback = () => s.t.lists.clear(holder);
    expect(s.collect(0)).toBe(2);
    expect(s.tracked()).toEqual(new Set([holder]));
  });

  it('of immortals, which are in no list, are called and tracked again', () => {
    const s = new FinalizerScene();
    const object = s.cycle();
    const weakref = s.list();
    s.t.refs.immortalize(weakref);
    s.weakrefs.refs.set(object, [weakref]);
    expect(s.collect(0)).toBe(1);
    expect(s.weakrefs.called).toEqual([weakref]);
    expect(s.tracked(1)).toEqual(new Set([weakref]));
  });

  it('whose callback keeps the garbage, keep it', () => {
    const s = new FinalizerScene();
    const object = s.cycle();
    const weakref = s.list();
    s.weakrefs.refs.set(object, [weakref]);
    s.weakrefs.callback = () => s.t.lists.append(weakref, object);
    expect(s.collect()).toBe(0);
    expect(s.collector.last).toMatchObject({ resurrected: 1 });
    expect(s.tracked()).toEqual(new Set([weakref, object]));
  });
});

describe('debug flags', () => {
  it('SAVEALL: gc.garbage has all that would have been freed', () => {
    const s = new FinalizerScene();
    s.setState(GcState.Debug, GcDebug.SaveAll);
    const cycle = s.cycle(s.list());
    const finalized = s.cycle();
    s.slots.finalizers.set(finalized, () => {});
    expect(s.collect()).toBe(2);
    expect(s.garbage).toEqual([cycle, finalized]);
    expect(s.slots.cleared).toEqual([]);
    expect(s.collector.last).toMatchObject({ freedBytes: 0 });
    expect(s.slots.finalized).toEqual([finalized]);
  });

  it('SAVEALL: and what legacy finalisers hold back', () => {
    const s = new FinalizerScene();
    s.setState(GcState.Debug, GcDebug.SaveAll);
    const inner = s.list();
    const held = s.cycle(inner);
    s.drop(inner);
    s.slots.legacy.add(held);
    expect(s.collect()).toBe(2);
    expect(new Set(s.garbage)).toEqual(new Set([inner, held]));
  });

  it('STATS, COLLECTABLE and UNCOLLECTABLE: lines as CPython prints them', () => {
    const s = new FinalizerScene();
    s.setState(GcState.Debug, GcDebug.Stats | GcDebug.Collectable | GcDebug.Uncollectable);
    s.list();
    s.collect(1);
    s.lines.length = 0;
    const cycle = s.cycle();
    const held = s.cycle();
    s.slots.legacy.add(held);
    s.collect(0);
    expect(s.lines.map((line) => line.replace(/\d\.\d{4}s/, 'T'))).toEqual([
      'gc: collecting generation 0...',
      'gc: objects in each generation: 2 0 1',
      'gc: objects in permanent generation: 0',
      `gc: collectable <list 0x${cycle.toString(16)}>`,
      `gc: uncollectable <list 0x${held.toString(16)}>`,
      'gc: done, 2 unreachable, 1 uncollectable, T elapsed',
    ]);
    expect(s.lines.some((line) => /\d\.\d{4}s elapsed$/.test(line))).toBe(true);
  });

  it('none: nothing is printed', () => {
    const s = new FinalizerScene();
    s.cycle();
    s.collect();
    expect(s.lines).toEqual([]);
    expect(s.heap[Control.Gc + GcState.Debug]).toBe(0);
  });
});
