import { describe, expect, test } from 'vitest';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { BuiltinType, Control, GcBits, Header, Immortal, SharedState } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { AtomicRefCounter } from '#ungil/refcount/atomic.js';
import { PlainRefCounter } from '#ungil/refcount/plain.js';
import { ALL_COUNTS, type CountOptions, type RefCounter } from '#ungil/refcount/refCounter.js';
import { RefcountWorld } from '../support/refcountWorld.js';

interface Case {
  readonly refs: RefCounter;
  readonly i32: Int32Array;
  readonly dead: number[];
  /** A fresh object with one reference. */
  create(): number;
}

const SCHEMES: Record<string, (options?: CountOptions) => Case> = {
  plain: (options) => oneCount((memory) => new PlainRefCounter(memory, options)),
  atomic: (options) =>
    oneCount((memory) => new AtomicRefCounter(memory, new PlainAtomicOps(memory), options)),
  biased(options) {
    const world = new RefcountWorld(1, options);
    const [thread] = world.threads;
    const { refs, dead } = thread;
    return { refs, dead, i32: world.memory.i32, create: () => world.create(thread) };
  },
};

function oneCount(make: (memory: SharedMemory) => RefCounter): Case {
  const memory = SharedMemory.create(16 << 20);
  const refs = make(memory);
  const dead: number[] = [];
  refs.deallocator = { dealloc: (object) => dead.push(object) };
  let next: number = Control.StaticArena;
  const create = () => {
    next += 8;
    refs.init(next, BuiltinType.Float, 0);
    return next;
  };
  return { refs, dead, i32: memory.i32, create };
}

const schemes = Object.entries(SCHEMES);

describe.each(schemes)('%s counts', (name, make) => {
  test('an object that is made immortal is counted no more', () => {
    const { refs, dead, create } = make();
    const x = create();
    refs.incref(x);
    refs.immortalize(x);
    expect(refs.isImmortal(x)).toBe(true);
    for (let i = 0; i < 10; i++) refs.decref(x);
    refs.incref(x);
    expect([refs.isImmortal(x), refs.isUnique(x), refs.count(x)]).toEqual([true, false, 3 * 2 ** 30]);
    expect([refs.tryIncref(x), refs.newStatic(x), dead]).toEqual([true, x, []]);
  });

  test('without immortals a static object has a large count, which moves', () => {
    const { refs, dead, create } = make({ ...ALL_COUNTS, immortal: false });
    const x = create();
    refs.initImmortal(x, BuiltinType.Float);
    const start = refs.count(x);
    expect(start).toBeGreaterThanOrEqual(Immortal.StaticCount);
    expect(refs.isImmortal(x)).toBe(false);
    for (let i = 0; i < 1000; i++) refs.decref(x);
    expect(refs.count(x)).toBe(start - 1000);
    for (let i = 0; i < 1000; i++) expect(refs.newStatic(x)).toBe(x);
    expect([refs.count(x), refs.tryIncref(x), refs.count(x)]).toEqual([start, true, start + 1]);
    expect(dead).toEqual([]);

    const y = create();
    refs.immortalize(y);
    expect([refs.isImmortal(y), refs.count(y) > Immortal.StaticCount]).toEqual([false, true]);
  });

  test('a count at the end of its range becomes immortal instead of 0', () => {
    const { refs, dead, i32, create } = make();
    const x = create();
    if (name === 'plain') i32[x + Header.Local] = 0x7fffffff;
    else if (name === 'atomic') i32[x + Header.Shared] = Immortal.AtomicLimit;
    // The owner's count: UINT32_MAX is the immortal encoding itself (CPython).
    else i32[x + Header.Local] = -2;
    refs.incref(x);
    expect(refs.isImmortal(x)).toBe(true);
    for (let i = 0; i < 10; i++) refs.decref(x);
    expect([refs.isImmortal(x), dead]).toEqual([true, []]);
  });
});

describe('plain counts', () => {
  test('drift upwards between 2^31 and 3 << 30, and stay there (INV-1.5)', () => {
    const { refs, i32, create } = SCHEMES.plain();
    const x = create();
    i32[x + Header.Local] = -(2 ** 31);
    refs.incref(x);
    refs.decref(x);
    expect(refs.count(x)).toBe(2 ** 31 + 1);
    i32[x + Header.Local] = Immortal.PlainInitial - 1;
    for (let i = 0; i < 3; i++) refs.incref(x);
    expect(refs.count(x)).toBe(3 * 2 ** 30);
  });
});

describe('biased counts', () => {
  const word = (count: number, state: number) => (count << SharedState.Shift) | state;

  test('made immortal by the owner look as CPython leaves them', () => {
    const { refs, i32, create } = SCHEMES.biased();
    const x = create();
    refs.setMaybeWeakref(x);
    refs.immortalize(x);
    expect([...i32.subarray(x, x + 3)]).toEqual([GcBits.Deferred << 24, -1, 0]);
    refs.disableDeferred(x);
    expect(refs.isImmortal(x)).toBe(true);
  });

  test('a shared count near the end of its 30 bits becomes immortal, upwards and downwards', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    for (const count of [Immortal.SharedLimit + 1, -Immortal.SharedLimit - 1]) {
      const x = world.create(t1);
      world.memory.i32[x + Header.Shared] = word(count, SharedState.Queued);
      if (count > 0) t2.refs.incref(x);
      else t2.refs.decref(x);
      expect([t1.refs.isImmortal(x), world.owner(x), world.shared(x)]).toEqual([true, 0, 0]);
    }
    const y = world.create(t1);
    world.memory.i32[y + Header.Shared] = word(Immortal.SharedLimit + 1, SharedState.MaybeWeakref);
    expect([t2.refs.tryIncref(y), t1.refs.isImmortal(y)]).toEqual([true, true]);
  });

  test('a merge of a local count that the shared one cannot hold makes the object immortal', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    for (const local of [2 ** 29, 2 ** 31 + 5, 2 ** 32 - 2]) {
      const x = world.create(t1);
      world.memory.i32[x + Header.Local] = local;
      expect(t1.refs.explicitMerge(x, -1)).not.toBe(0);
      expect(t1.refs.isImmortal(x)).toBe(true);
    }
    const fits = world.create(t1);
    world.memory.i32[fits + Header.Local] = 2 ** 28;
    expect(t1.refs.explicitMerge(fits, -1)).toBe(2 ** 28 - 1);
    expect(t1.dead).toEqual([]);
  });

  test('count the owner beyond 2^31 as unsigned', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const x = world.create(t1);
    world.memory.i32[x + Header.Local] = 2 ** 31 - 1;
    t1.refs.incref(x);
    t1.refs.incref(x);
    expect([t1.refs.count(x), t1.refs.isImmortal(x)]).toEqual([2 ** 31 + 1, false]);
    for (let i = 0; i < 3; i++) t1.refs.decref(x);
    expect([t1.refs.count(x), t1.dead]).toEqual([2 ** 31 - 2, []]);
  });

  test('without owners are all in the shared word, from birth', () => {
    const world = new RefcountWorld(2, { ...ALL_COUNTS, biased: false });
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    expect([world.owner(x), world.local(x), world.shared(x)]).toEqual([0, 0, word(1, SharedState.Merged)]);
    t2.refs.incref(x);
    // Readers without a lock need no first read under it.
    expect([t2.refs.tryIncref(x), t1.refs.count(x), t1.refs.isUnique(x)]).toEqual([true, 3, false]);
    t1.refs.decref(x);
    t1.refs.decref(x);
    t2.refs.decref(x);
    expect([t1.dead, t2.dead]).toEqual([[], [x]]);
    expect(t1.refs.tryIncref(x)).toBe(false);
  });

  test('without deferral stay as they are', () => {
    const world = new RefcountWorld(1, { ...ALL_COUNTS, deferred: false });
    const [t1] = world.threads;
    const x = world.create(t1);
    t1.refs.enableDeferred(x);
    expect([t1.refs.isDeferred(x), world.shared(x)]).toEqual([false, 0]);
  });
});
