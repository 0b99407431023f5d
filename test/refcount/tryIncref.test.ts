import { describe, expect, test } from 'vitest';
import { Control, SharedState } from '#ungil/memory/layout.js';
import { RefcountWorld } from '../support/refcountWorld.js';

const SLOT = Control.Scratch;
const word = (count: number, state: number) => (count << SharedState.Shift) | state;

function world2() {
  const world = new RefcountWorld(2);
  const [t1, t2] = world.threads;
  return { world, t1, t2, x: world.create(t1) };
}

describe('tryIncref', () => {
  test('of the owner always succeeds, in the local count', () => {
    const { world, t1, x } = world2();
    expect(t1.refs.tryIncref(x)).toBe(true);
    expect([world.local(x), world.shared(x)]).toEqual([2, 0]);
  });

  test('of another thread fails until it is enabled (PIT-2.5), and never revives', () => {
    const { world, t1, t2, x } = world2();
    expect(t2.refs.tryIncref(x)).toBe(false);
    t1.refs.enableTryIncref(x);
    expect(world.shared(x)).toBe(SharedState.MaybeWeakref);
    expect(t2.refs.tryIncref(x)).toBe(true);
    expect(world.shared(x)).toBe(word(1, SharedState.MaybeWeakref));
    t2.refs.decref(x);
    t1.refs.decref(x);
    expect([t1.dead, world.shared(x)]).toEqual([[x], SharedState.Merged]);
    expect(t2.refs.tryIncref(x)).toBe(false);
  });

  test('succeeds on what is queued, or has any count', () => {
    const { world, t1, t2, x } = world2();
    t1.refs.incref(x);
    t2.refs.decref(x);
    expect(world.shared(x)).toBe(SharedState.Queued);
    expect(t2.refs.tryIncref(x)).toBe(true);
    const y = world.create(t1);
    t2.refs.incref(y);
    expect(t2.refs.tryIncref(y)).toBe(true);
    expect(world.shared(y)).toBe(word(2, SharedState.Default));
  });
});

describe('xGetRef and tryXGetRef', () => {
  test('give 0 for an empty slot', () => {
    const { world, t2 } = world2();
    world.memory.i32[SLOT] = 0;
    expect([t2.refs.xGetRef(SLOT), t2.refs.tryXGetRef(SLOT)]).toEqual([0, 0]);
  });

  test('give a new reference to what allows it; one attempt else', () => {
    const { world, t1, t2, x } = world2();
    world.memory.i32[SLOT] = x;
    expect(t2.refs.tryXGetRef(SLOT)).toBe(0);
    t1.refs.setMaybeWeakref(x);
    expect([t2.refs.tryXGetRef(SLOT), t2.refs.xGetRef(SLOT)]).toEqual([x, x]);
    expect(world.shared(x)).toBe(word(2, SharedState.MaybeWeakref));
  });

  test('go by the second look at the slot: the old object is given back', () => {
    const { world, t1, t2, x } = world2();
    const y = world.create(t1);
    for (const object of [x, y]) t1.refs.setMaybeWeakref(object);
    world.memory.i32[SLOT] = x;
    const { compareExchange } = world.atomics;
    const atomics = world.atomics as { compareExchange: typeof compareExchange };
    const replaceOnce = () => {
      atomics.compareExchange = (address, expected, value) => {
        atomics.compareExchange = compareExchange;
        world.memory.i32[SLOT] = y;
        return compareExchange.call(world.atomics, address, expected, value);
      };
    };
    replaceOnce();
    expect(t2.refs.xGetRef(SLOT)).toBe(y);
    // Given back to x, which nobody else holds in its shared count: a plain decrement.
    expect([world.shared(x), world.shared(y)]).toEqual([
      word(0, SharedState.MaybeWeakref),
      word(1, SharedState.MaybeWeakref),
    ]);
    world.memory.i32[SLOT] = x;
    replaceOnce();
    expect(t2.refs.tryXGetRef(SLOT)).toBe(0);
  });
});

describe('newRefWithLock', () => {
  test('counts, and allows the next one to do without the lock', () => {
    const { world, t2, x } = world2();
    t2.refs.newRefWithLock(x);
    expect(world.shared(x)).toBe(word(1, SharedState.MaybeWeakref));
    t2.refs.decref(x);
    expect(t2.refs.tryIncref(x)).toBe(true);
  });
});

describe('isUnique', () => {
  test('needs the whole shared word to be 0, state bits included', () => {
    const { t1, t2, x } = world2();
    expect([t1.refs.isUnique(x), t2.refs.isUnique(x)]).toEqual([true, false]);
    t1.refs.setMaybeWeakref(x);
    expect(t1.refs.isUnique(x)).toBe(false);
  });
});
