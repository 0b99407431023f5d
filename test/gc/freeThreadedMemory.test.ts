import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, GcBits, GcState, Header } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { NoMemoryParts } from '../support/noMemory.js';
import { GcWorld } from './support/gcWorld.js';

const BUILDS = [
  'free-threaded',
  'free-threaded:mark-alive=off',
  'free-threaded:mark-alive=off:thread-heaps=off',
  'gilectomy:refcount=side-table',
];

/** A chain of lists in both directions, longer than a chunk of any stack; its first list. One reference. */
function chain(world: GcWorld, length: number): Ref {
  const { lists, refs } = world.main;
  const first = lists.create();
  let last = first;
  for (let i = 1; i < length; i++) {
    const next = lists.create();
    lists.append(last, next);
    lists.append(next, last);
    if (last !== first) refs.decref(last);
    last = next;
  }
  if (last !== first) refs.decref(last);
  return first;
}

/** A list of lists that hold themselves, more than a chunk has room for. */
function fan(world: GcWorld, count: number): Ref {
  const { lists, refs } = world.main;
  const list = lists.create();
  lists.append(list, list);
  for (let i = 0; i < count; i++) {
    const item = lists.create();
    lists.append(item, list);
    lists.append(list, item);
    refs.decref(item);
  }
  return list;
}

/** Headers of all that is tracked, as text. */
function headers(world: GcWorld): string[] {
  const objects = world.main.collector.objects(null);
  for (const object of objects) world.main.refs.decref(object);
  return objects
    .sort((a, b) => a - b)
    .map((object) => {
      const [owner, local, shared] = world.i32.subarray(object, object + Header.Type);
      return `${object}: ${owner} ${local} ${shared}`;
    });
}

/** Fails each allocation in turn until the collection succeeds; what must hold behind each failure is in `check`. */
function failEach(
  world: GcWorld,
  parts: NoMemoryParts,
  check: () => void,
): { failed: number; found: number } {
  for (let number = 1; ; number++) {
    parts.armRaw(number, number);
    let found = -1;
    try {
      found = world.collect();
    } catch (error) {
      expect(error).toBeInstanceOf(MemoryError);
    }
    parts.armRaw(0, -1);
    expect(world.i32[Control.WorldStopped]).toBe(0);
    expect(world.i32[Control.Gc + GcState.Collecting]).toBe(0);
    world.check();
    if (found >= 0) return { failed: number - 1, found };
    check();
  }
}

describe.each(BUILDS)('without memory, a collection in build %s', (build) => {
  it('leaves everything as it was, at each of its allocations', () => {
    const parts = new NoMemoryParts();
    const world = new GcWorld(build, parts);
    const { lists, refs } = world.main;
    const other = world.thread();
    const held = lists.create();
    lists.append(held, chain(world, 600));
    refs.decref(chain(world, 600));
    const live = fan(world, 600);
    refs.decref(fan(world, 600));
    const theirs = world.as(other, () => other.lists.create());
    lists.append(theirs, theirs);
    const before = headers(world);
    const { failed, found } = failEach(world, parts, () => expect(headers(world)).toEqual(before));
    expect(failed).toBeGreaterThan(5);
    expect(found).toBe(600 + 601);
    // `chain` of the list that is held has a reference of its own.
    expect(world.collect()).toBe(0);
    refs.decref(theirs);
    refs.decref(live);
    const [first] = [lists.get(held, 0)];
    lists.clear(held);
    refs.decref(first);
    refs.decref(first);
    refs.decref(held);
    expect(world.collect()).toBe(600 + 601 + 1);
    world.check(true);
  });

  it('keeps what finalisers have seen, if the second pause has none', () => {
    const parts = new NoMemoryParts();
    const world = new GcWorld(build, parts);
    const { refs, gcSlots } = world.main;
    const cyclic = fan(world, 600);
    refs.decref(cyclic);
    const kept: Ref[] = [];
    gcSlots.hasFinalizer = (object) => object === cyclic && kept.length === 0;
    gcSlots.finalize = (object) => {
      refs.incref(object);
      kept.push(object);
    };
    const unmarked = (): void => {
      for (const object of world.main.collector.objects(null)) {
        expect((world.i32[object] >>> 24) & GcBits.Unreachable).toBe(0);
        refs.decref(object);
      }
    };
    let failures = 0;
    for (let number = 1; ; number++) {
      kept.length = 0;
      parts.armRaw(number, number);
      let done = false;
      try {
        world.collect();
        done = true;
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        failures++;
      }
      parts.armRaw(0, -1);
      world.check();
      unmarked();
      for (const object of kept) refs.decref(object);
      if (done) break;
    }
    expect(failures).toBeGreaterThan(4);
    expect(kept).toEqual([cyclic]);
    gcSlots.hasFinalizer = () => false;
    expect(world.collect()).toBe(601);
    world.check(true);
  });

  it('leaves what legacy finalisers keep with the counts that it has, if the second pause has none', () => {
    const parts = new NoMemoryParts();
    const world = new GcWorld(build, parts, () => ({ del: () => Control.None }));
    const { instances, refs, strings, gcSlots, calls } = world.main;
    const type = instances.createType('Legacy', ['next'], 0);
    const finalizer = calls.define('del');
    instances.setFinalizer(type, finalizer, true);
    const legacy = instances.create(type);
    instances.setAttr(legacy, strings.intern('next'), legacy);
    refs.decref(legacy);
    const cyclic = fan(world, 600);
    refs.decref(cyclic);
    const kept: Ref[] = [];
    gcSlots.hasFinalizer = (object) => object === cyclic;
    gcSlots.finalize = (object) => {
      refs.incref(object);
      kept.push(object);
    };
    const before = refs.count(legacy);
    let failures = 0;
    for (let number = 1; ; number++) {
      parts.armRaw(number, number);
      let done = false;
      try {
        world.collect();
        done = true;
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        failures++;
      }
      parts.armRaw(0, -1);
      for (const object of kept.splice(0)) refs.decref(object);
      if (done) break;
      expect(refs.count(legacy)).toBe(before);
    }
    expect(failures).toBeGreaterThan(4);
    // It is in gc.garbage now.
    expect(refs.count(legacy)).toBe(before + 1);
  });

  it('is tried again later, if nobody asked for it', () => {
    const parts = new NoMemoryParts();
    const world = new GcWorld(build, parts);
    world.i32[Control.Gc + GcState.Thresholds] = 1;
    world.i32[Control.Gc + GcState.Thresholds + 1] = 0;
    world.garbage();
    world.i32[Control.Gc + GcState.Counts] = 10;
    parts.armRaw(1, 1000);
    world.main.collectIfDue();
    parts.armRaw(0, -1);
    world.i32[Control.Gc + GcState.Counts] = 10;
    world.main.collectIfDue();
    expect(world.main.collector.last?.collected).toBe(1);
    world.check(true);
  });
});
