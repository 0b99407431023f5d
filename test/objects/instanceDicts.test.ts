import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, PreHeader } from '#ungil/memory/layout.js';
import { BUILDS, type ObjectThread, ObjectWorld, type TestBuild } from './support/objectWorld.js';

const None = Control.None;
const True = Control.True;
const False = Control.False;

function makePoint(build: TestBuild, threads = 1) {
  const world = new ObjectWorld(build, threads);
  const [thread] = world.threads;
  const { instances, strings } = thread;
  const [x, y, z] = ['x', 'y', 'z'].map((name) => strings.intern(name));
  const type = thread.newClass('Point', ['x', 'y'], 0, 3);
  const object = instances.create(type);
  return { world, thread, type, object, x, y, z };
}

/** The items in their order, by name. */
function items({ dicts, strings, refs }: ObjectThread, dict: number): [string, number][] {
  const found: [string, number][] = [];
  for (let at = dicts.next(dict, 0); at >= 0; at = dicts.next(dict, at)) {
    found.push([strings.text(dicts.lastKey), dicts.lastValue]);
    refs.decref(dicts.lastKey);
    refs.decref(dicts.lastValue);
  }
  return found;
}

describe.each(BUILDS)('__dict__ of instances, %s', (build) => {
  it('has the values in the order of the class, and takes them over', () => {
    const { world, thread, object, x, y } = makePoint(build);
    const { instances, numbers, refs } = thread;
    const half = numbers.float(0.5);
    instances.setAttr(object, y, True);
    instances.setAttr(object, x, half);
    const dict = instances.dictOf(object);
    expect(items(thread, dict)).toEqual([
      ['x', half],
      ['y', True],
    ]);
    // One reference each: the variable's, the dict's.
    expect(refs.count(half)).toBe(2);
    expect(instances.getAttr(object, x)).toBe(half);
    expect(instances.getSlot(object, 1)).toBe(True);
    thread.drop(half, half, dict, object);
    expect(world.leaks()).toBe(0);
  });

  it('is the same object each time, and kept alive by the instance', () => {
    const { world, thread, object, x } = makePoint(build);
    const { instances, dicts } = thread;
    const first = instances.dictOf(object);
    thread.drop(first);
    const again = instances.dictOf(object);
    expect(again).toBe(first);
    dicts.set(again, x, False);
    expect(instances.getAttr(object, x)).toBe(False);
    instances.setAttr(object, x, True);
    expect(dicts.get(again, x)).toBe(True);
    thread.drop(object);
    expect(dicts.get(again, x)).toBe(True);
    thread.drop(again);
    expect(world.leaks()).toBe(0);
  });

  it('takes names that are new to the class, which does not learn them then', () => {
    const { world, thread, type, object, z } = makePoint(build);
    const { instances, strings } = thread;
    thread.drop(instances.dictOf(object));
    instances.setAttr(object, z, True);
    expect(instances.getAttr(object, z)).toBe(True);
    expect(instances.slotIndex(type, z)).toBe(-1);
    // More than the instance has room for.
    for (let i = 0; i < 40; i++) instances.setAttr(object, strings.intern(`name${i}`), None);
    expect(instances.getAttr(object, strings.intern('name39'))).toBe(None);
    instances.setSlot(object, 0, False);
    expect(instances.getSlot(object, 0)).toBe(False);
    expect(() => instances.getAttr(object, strings.intern('y'))).toThrow(/no attribute 'y'/);
    thread.drop(object);
    expect(world.leaks()).toBe(0);
  });

  it('can be replaced, before and after it was made; the old one goes later', () => {
    const { world, thread, object, x } = makePoint(build);
    const { instances, numbers, dicts } = thread;
    const value = numbers.float(1.5);
    instances.setAttr(object, x, value);
    const first = dicts.create();
    instances.setDict(object, first);
    expect(() => instances.getAttr(object, x)).toThrow(/no attribute 'x'/);
    const second = dicts.create();
    dicts.set(second, x, True);
    instances.setDict(object, second);
    expect(instances.getAttr(object, x)).toBe(True);
    // Also by itself.
    instances.setDict(object, second);
    world.allocator.processDelayed();
    expect(thread.refs.count(value)).toBe(1);
    expect(thread.refs.count(first)).toBe(1);
    expect(thread.refs.count(second)).toBe(2);
    thread.drop(value, first, second, object);
    expect(world.leaks()).toBe(0);
  });

  it('is left alone where memory runs out', () => {
    for (let budget = 0; ; budget++) {
      const { world, thread, object, x, y } = makePoint(build);
      const { instances } = thread;
      instances.setAttr(object, x, True);
      instances.setAttr(object, y, False);
      world.allocator.budget = budget;
      let dict = 0;
      try {
        dict = instances.dictOf(object);
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
      }
      world.allocator.budget = Number.POSITIVE_INFINITY;
      expect(thread.i32[object + PreHeader.Dict]).toBe(dict);
      expect(instances.getAttr(object, x)).toBe(True);
      expect(instances.getAttr(object, y)).toBe(False);
      if (dict !== 0) thread.drop(dict);
      thread.drop(object);
      expect(world.leaks()).toBe(0);
      if (dict !== 0) {
        expect(budget).toBeGreaterThan(1);
        return;
      }
    }
  });
});

it('another thread reads through the dict', () => {
  const { world, object, x } = makePoint('free-threaded', 2);
  const [owner, other] = world.threads;
  owner.instances.setAttr(object, x, owner.numbers.float(2.5));
  const value = other.instances.getAttr(object, x);
  const dict = other.instances.dictOf(object);
  expect(other.dicts.get(dict, x)).toBe(value);
  expect(owner.instances.getAttr(object, x)).toBe(value);
  other.drop(value, value, dict);
  owner.drop(value, value, object);
  for (const thread of world.threads) thread.refs.mergeQueued();
  expect(world.leaks()).toBe(0);
});
