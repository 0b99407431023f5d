import { describe, expect, it } from 'vitest';
import { BuiltinType, Control, TypeCacheEntry, TypeObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { FREE, LifeWorld, SCHEMES } from './support/lifeWorld.js';

const TypeCacheWords = 4 << 12;

/** How many entries of the cache hold something. */
function cached(world: LifeWorld): number {
  const { i32 } = world.t;
  let entries = 0;
  for (let word = 0; word < TypeCacheWords; word += TypeCacheEntry.Words) {
    if (i32[i32[Control.TypeCache]! + word + TypeCacheEntry.Version] !== 0) entries++;
  }
  return entries;
}

describe.each(SCHEMES)('attributes of types, %s', (build) => {
  it('are found, replaced, counted, and go with the type', () => {
    const world = new LifeWorld(build);
    const { instances, refs, strings, tuples, types } = world.t;
    const type = world.newClass();
    const name = strings.intern('f');
    expect(types.lookup(type, name)).toBe(0);
    const values = [1, 2].map(() => tuples.create([Control.None]));
    for (const value of values) {
      types.setAttr(type, name, value);
      // Twice: the second time from the cache, where there is one.
      for (let round = 0; round < 2; round++) expect(types.lookup(type, name)).toBe(value);
      world.drop(value, value);
      expect(refs.count(value)).toBe(2);
    }
    // The first one waits for a grace period where readers take no lock.
    world.t.allocator.collect(true);
    const object = instances.create(type);
    expect(instances.getAttr(object, name)).toBe(values[1]);
    world.drop(values[1]!, ...values.slice(1), object, type);
    if (build.startsWith('free')) world.t.poll();
    world.drop(values[0]!);
    expect(world.problems()).toEqual([]);
    expect(world.end()).toEqual([]);
  });

  it('are bound to the instance when they are functions, and the instance’s own go first', () => {
    const world = new LifeWorld(build);
    const { calls, instances, strings, types } = world.t;
    const type = world.newClass();
    const seen: Ref[] = [];
    const func = world.func((self) => void seen.push(self!));
    const [f, x] = ['f', 'x'].map((text) => strings.intern(text)) as [Ref, Ref];
    for (const name of [f, x]) types.setAttr(type, name, func);
    const object = instances.create(type);
    instances.setAttr(object, x, Control.True);
    expect(instances.getAttr(object, x)).toBe(Control.True);
    const method = instances.getAttr(object, f);
    expect(world.t.methods.selfOf(method)).toBe(object);
    world.drop(calls.call0(calls.open(method)), method, Control.True);
    expect(seen).toEqual([object]);
    world.drop(object, type, func);
    expect(world.end()).toEqual([]);
  });

  it('of built-in types last as long as the run', () => {
    const world = new LifeWorld(build);
    const { i32, natives, numbers, refs, strings, types } = world.t;
    natives.defineMethods('float');
    const name = strings.intern('__round__');
    const results = [2.5, 3.5, -0.4].map((value) => {
      const number = numbers.float(value);
      const result = natives.callMethod(types.lookupSpecial(BuiltinType.Float, name), number, 0);
      world.drop(number);
      const rounded = numbers.value(result);
      world.drop(result);
      return rounded + 0;
    });
    expect(results).toEqual([2, 4, 0]);
    expect(world.problems()).toEqual([]);
    const wrong = (): void =>
      void natives.callMethod(types.lookupSpecial(BuiltinType.Float, name), Control.None, 0);
    expect(wrong).toThrow("descriptor '__round__' for 'float' objects doesn't apply to a 'NoneType' object");
    expect(() => types.lookupSpecial(BuiltinType.List, name)).toThrow(
      "type list doesn't define __round__ method",
    );
    types.releaseBuiltins();
    expect(types.lookup(BuiltinType.Float, name)).toBe(0);
    expect(i32[BuiltinType.Float + TypeObject.Dict]).toBe(0);
    expect(refs.count(BuiltinType.Float)).toBeGreaterThan(0);
    expect(world.end()).toEqual([]);
  });
});

describe('the cache of types', () => {
  it.each(['gil', 'free-threaded'])(
    'in %s, remembers what a type has and what it has not, for one version',
    (build) => {
      const world = new LifeWorld(build);
      const { i32, strings, types } = world.t;
      const type = world.newClass();
      const [f, g] = ['f', 'g'].map((text) => strings.intern(text)) as [Ref, Ref];
      types.setAttr(type, f, Control.True);
      expect(types.version(type)).toBe(1);
      expect(cached(world)).toBe(0);
      world.drop(types.lookup(type, f));
      expect(types.lookup(type, g)).toBe(0);
      expect(cached(world)).toBe(2);
      types.setAttr(type, g, Control.False);
      expect(i32[type + TypeObject.Version]).toBe(0);
      expect(types.lookup(type, g)).toBe(Control.False);
      expect(types.version(type)).toBe(2);
      world.drop(type);
      expect(world.end()).toEqual([]);
    },
  );

  it('is not there where every read takes a lock', () => {
    const world = new LifeWorld('gilectomy');
    const type = world.newClass();
    const name = world.t.strings.intern('f');
    world.t.types.setAttr(type, name, Control.True);
    world.drop(world.t.types.lookup(type, name));
    expect(cached(world)).toBe(0);
    world.drop(type);
    expect(world.end()).toEqual([]);
  });

  it.each(['gil', 'free-threaded'])(
    'in %s, is right for a class that changes too often to be cached',
    (build) => {
      const world = new LifeWorld(build);
      const { numbers, strings, types } = world.t;
      const type = world.newClass();
      const name = strings.intern('f');
      for (let change = 0; change < 1200; change++) {
        types.setAttr(type, name, numbers.fromInteger(change % 100));
        expect(numbers.value(types.lookup(type, name))).toBe(change % 100);
      }
      expect(types.version(type)).toBe(0);
      world.drop(type);
      expect(world.end()).toEqual([]);
    },
  );

  it.each(FREE)('in %s, is right for a thread that another one’s change overtakes', (build) => {
    const world = new LifeWorld(build, 2);
    const [one, other] = world.threads as [LifeWorld['t'], LifeWorld['t']];
    const type = world.newClass();
    const name = one.strings.intern('f');
    for (const value of [Control.True, Control.False, Control.None]) {
      one.types.setAttr(type, name, value);
      for (const t of [other, one]) expect(t.types.lookupStack(type, name)).toBe(value);
    }
    world.drop(type);
    expect(world.end()).toEqual([]);
  });
});
