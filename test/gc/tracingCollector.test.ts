import { beforeEach, describe, expect, it } from 'vitest';
import type { GcThread } from '#ungil/gc/collector.js';
import { TracingCollector } from '#ungil/gc/tracing/tracingCollector.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, GcState, PreHeader } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { GcSlots, GcWeakrefs } from '#ungil/objects/gcSlots.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { Thread } from '#ungil/runtime/thread.js';

const BUILD = buildNamed('free-threaded:refcount=none');
const LISTS = ['list', 'dict', 'tuple', 'instance', 'type', 'float', 'str', 'lock', 'function'];

let memory: SharedMemory;
let t: Thread;
beforeEach(() => {
  memory = SharedMemory.create(32 << 20);
  t = new Thread(memory, BUILD, 0);
  t.start(0, { body: () => Control.None });
  t.initialiseInterpreter();
});

/** Objects in the heap by type, after a look at everything that is checked. */
function alive(): Record<string, number> {
  expect(checkObjects(memory, { refcount: 'none' })).toEqual([]);
  return Object.fromEntries(
    findLeaks(t)
      .filter(({ type }) => type !== '(memory)')
      .map(({ type, count }) => [type, count]),
  );
}

/** A class, an instance of it with a list that holds the instance, and some of every other type, in one dict. */
function everything(): number {
  const dict = t.dicts.create();
  const put = (key: string, ref: number): void => t.dicts.set(dict, t.strings.create(key), ref);
  const type = t.instances.createType('Node', ['next'], 0);
  const node = t.instances.create(type);
  const list = t.lists.create();
  t.lists.append(list, node);
  t.instances.setAttr(node, t.strings.intern('next'), list);
  put('a node', node);
  put('a number', t.numbers.float(2.5));
  put('a lock', t.locks.create());
  put('a tuple', t.tuples.create([list, t.numbers.int(70000)]));
  put('a function', t.calls.define('body', dict));
  put('itself', dict);
  return dict;
}

describe('a collection that traces', () => {
  it('leaves what a root leads to, of every type, and then nothing', () => {
    const dict = everything();
    const root = t.roots.add(dict);
    const before = alive();
    t.collector.collect(2, 'manual');
    expect(alive()).toEqual(before);
    expect(Object.keys(before).length).toBeGreaterThan(LISTS.length);
    t.roots.remove(root);
    t.collector.collect(2, 'manual');
    // The code object is the thread's own root.
    expect(alive()).toEqual({ code: 1 });
    t.calls.releaseCodes();
    t.collector.collect(2, 'manual');
    expect(findLeaks(t).filter(({ count, type }) => type !== '(memory)' || count > 1)).toEqual([]);
  });

  it('says what it did', () => {
    t.roots.add(t.lists.create());
    for (let i = 0; i < 10; i++) t.numbers.float(i);
    expect(t.collector.collect(2, 'manual')).toBe(10);
    expect(t.collector.last).toMatchObject({
      reason: 'manual',
      visited: 11,
      markedAlive: 1,
      collected: 10,
      resurrected: 0,
    });
    expect(t.collector.last?.freedBytes).toBeGreaterThanOrEqual(10 * 24);
    expect(t.gc.raw.getStats()[2]).toMatchObject({ collections: 1, collected: 10 });
  });

  it('leaves what is frozen, and what that refers to', () => {
    const list = t.lists.create();
    t.lists.append(list, t.numbers.float(0.5));
    t.collector.freeze();
    expect(t.collector.freezeCount()).toBe(1);
    t.lists.create();
    expect(t.collector.objects(null)).toHaveLength(1);
    expect(t.collector.collect(2, 'manual')).toBe(1);
    expect(t.numbers.value(t.lists.get(list, 0))).toBe(0.5);
    t.collector.unfreeze();
    expect(t.collector.collect(2, 'manual')).toBe(2);
  });

  it('knows who refers to whom', () => {
    const inner = t.lists.create();
    const outer = t.lists.create();
    t.lists.append(outer, inner);
    const other = t.lists.create();
    expect(t.collector.referrers([inner])).toEqual([outer]);
    expect(t.collector.objects(null).sort()).toEqual([inner, outer, other].sort());
  });

  it('starts by itself for objects that hold nothing, at a safepoint', () => {
    const gc = Control.Gc + GcState.Stats + 8;
    for (let i = 0; i < 400_000; i++) {
      t.numbers.float(i);
      if (i % 100 === 0) t.poll();
    }
    expect(t.i32[gc]).toBeGreaterThan(3);
    expect(t.i32[gc]).toBeLessThan(20);
    expect(t.collector.last?.visited).toBeGreaterThan(10_000);
  });

  it('starts by itself before large strings fill the memory', () => {
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 2000; i++) {
      t.strings.create(text);
      t.poll();
    }
    expect(t.collector.last?.reason).toBe('heap');
  });

  it('needs no memory of the heap: it makes room in a full one', () => {
    const root = t.roots.add(t.lists.create());
    const fill = (): number => {
      for (let made = 0; ; made++) {
        try {
          t.lists.append(t.lists.create(), t.strings.create('x'.repeat(1000)));
        } catch (error) {
          if (error instanceof MemoryError) return made;
          throw error;
        }
      }
    };
    const first = fill();
    t.collector.collect(2, 'manual');
    expect(t.collector.last?.markedAlive).toBe(1);
    expect(fill()).toBeGreaterThan(first * 0.8);
    t.roots.remove(root);
    t.collector.collect(2, 'manual');
    expect(alive()).toEqual({});
  });

  it('does not start by itself with a threshold of 0, or disabled', () => {
    t.gc.setThreshold(0);
    for (let i = 0; i < 200_000; i++) t.numbers.float(i);
    t.poll();
    t.gc.setThreshold(2000);
    t.gc.disable();
    for (let i = 0; i < 100_000; i++) t.numbers.float(i);
    t.poll();
    expect(t.collector.last).toBeNull();
  });
});

describe('finalisers and weak references', () => {
  const finalized: number[] = [];
  const events: string[] = [];
  let keep: (object: number) => void;
  let collector: TracingCollector;
  let type = 0;

  beforeEach(() => {
    finalized.length = 0;
    events.length = 0;
    keep = () => {};
    const gcSlots = {
      hasFinalizer: (object: number) => t.i32[object + 3] === type && !finalized.includes(object),
      finalize(object: number) {
        finalized.push(object);
        events.push('finalise');
        keep(object);
      },
    } as unknown as GcSlots;
    const gcWeakrefs: GcWeakrefs = {
      clearForGc(object, isUnreachable, push) {
        expect(isUnreachable(object)).toBe(true);
        expect(isUnreachable(type)).toBe(false);
        events.push('clear');
        t.i32[object + PreHeader.Weakrefs] = 0;
        push(object + 1);
      },
      runCallback: () => void events.push('callback'),
    };
    const seen: GcThread = Object.create(t, {
      gcSlots: { value: gcSlots },
      gcWeakrefs: { value: gcWeakrefs },
    });
    collector = new TracingCollector(seen, false);
    type = t.instances.createType('Finalised', ['held'], 0);
    t.roots.add(type);
  });

  function garbage(): number {
    const object = t.instances.create(type);
    const list = t.lists.create();
    t.lists.append(list, object);
    t.instances.setAttr(object, t.strings.intern('held'), list);
    return object;
  }

  it('a finaliser runs once, and sees what the object refers to', () => {
    const object = garbage();
    keep = (dying) => {
      const list = t.instances.getAttr(dying, t.strings.intern('held'));
      expect(t.lists.get(list, 0)).toBe(object);
    };
    expect(collector.collect(2, 'manual')).toBe(2);
    expect(finalized).toEqual([object]);
    expect(collector.last).toMatchObject({ resurrected: 0, collected: 2 });
    expect(collector.last?.pause2).toBeGreaterThan(0);
    expect(alive()).toEqual({ type: 1 });
  });

  it('what comes back stays, with all it refers to; the rest of the garbage goes', () => {
    const object = garbage();
    garbage();
    let root = -1;
    keep = (dying) => {
      if (dying === object) root = t.roots.add(dying);
    };
    expect(collector.collect(2, 'manual')).toBe(2);
    expect(collector.last).toMatchObject({ resurrected: 2, collected: 2 });
    expect(finalized).toHaveLength(2);
    expect(alive()).toEqual({ type: 1, Finalised: 1, list: 1 });
    t.roots.remove(root);
    expect(collector.collect(2, 'manual')).toBe(2);
    expect(finalized).toHaveLength(2);
    expect(alive()).toEqual({ type: 1 });
  });

  it('weak references are cleared before callbacks, and these run before finalisers', () => {
    const object = garbage();
    t.i32[object + PreHeader.Weakrefs] = 4;
    collector.collect(2, 'manual');
    expect(events).toEqual(['clear', 'callback', 'finalise']);
  });

  it('a class goes together with its instances', () => {
    const other = t.instances.createType('Other', [], 0);
    for (let i = 0; i < 5; i++) t.instances.create(other);
    expect(collector.collect(2, 'manual')).toBe(6);
    expect(alive()).toEqual({ type: 1 });
  });
});
