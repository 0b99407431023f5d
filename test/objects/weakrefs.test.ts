import { describe, expect, it, test } from 'vitest';
import { Control, WeakrefObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { FREE, LifeWorld, SCHEMES } from './support/lifeWorld.js';

describe.each(SCHEMES)('weak references, %s', (build) => {
  it('show their object until it dies, and one without callback is enough', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const object = t.instances.create(type);
    const first = t.weakrefs.create(object);
    expect(t.weakrefs.create(object)).toBe(first);
    expect(t.weakrefs.basicOf(object)).toBe(first);
    expect(t.refs.count(object)).toBe(1);
    expect(t.weakrefs.get(first)).toBe(object);
    expect(t.refs.count(object)).toBe(2);
    world.drop(object, object);
    expect(t.weakrefs.get(first)).toBe(0);
    world.drop(first, first, first, type);
    expect(world.end()).toEqual([]);
  });

  it('make a new one when the old is gone', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const object = t.instances.create(type);
    world.drop(t.weakrefs.create(object));
    expect(t.weakrefs.count(object)).toBe(0);
    expect(t.weakrefs.basicOf(object)).toBe(0);
    const again = t.weakrefs.create(object);
    expect(t.weakrefs.get(again)).toBe(object);
    world.drop(object, object, again, type);
    expect(world.end()).toEqual([]);
  });

  it('call back newest first, each once, alive and cleared', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const log: [Ref, Ref, number][] = [];
    const callback = world.func((weakref) => {
      log.push([weakref!, t.weakrefs.get(weakref!), t.refs.count(weakref!)]);
    });
    const type = world.newClass();
    const object = t.instances.create(type);
    const refs = [callback, 0, callback, callback].map((called) => t.weakrefs.create(object, called));
    expect(t.weakrefs.count(object)).toBe(4);
    const listed = t.weakrefs.list(object);
    expect(listed).toEqual([refs[1], refs[3], refs[2], refs[0]]);
    world.drop(...listed);
    expect(world.problems()).toEqual([]);
    world.drop(object);
    // One reference is the test's, one is held for the call.
    expect(log).toEqual([
      [refs[3], 0, 2],
      [refs[2], 0, 2],
      [refs[0], 0, 2],
    ]);
    expect(t.weakrefs.callbackOf(refs[0]!)).toBe(0);
    world.drop(...refs, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('that are gone themselves are not called', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    let calls = 0;
    const callback = world.func(() => {
      calls++;
    });
    const type = world.newClass();
    const object = t.instances.create(type);
    const [first, second, third] = [1, 2, 3].map(() => t.weakrefs.create(object, callback)) as [
      Ref,
      Ref,
      Ref,
    ];
    world.drop(second);
    expect(t.weakrefs.count(object)).toBe(2);
    expect(world.problems()).toEqual([]);
    world.drop(first, object);
    expect(calls).toBe(1);
    world.drop(third, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('report what callbacks throw, and call the others all the same', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    let calls = 0;
    const fine = world.func(() => {
      calls++;
    });
    const broken = world.func(() => {
      throw new Error('no');
    });
    const type = world.newClass();
    const object = t.instances.create(type);
    const refs = [fine, broken, fine].map((callback) => t.weakrefs.create(object, callback));
    world.drop(object);
    expect(calls).toBe(2);
    expect(t.unraisable.texts()).toEqual([
      expect.stringMatching(
        /^thread 0: exception ignored in the weakref callback function 0x\w+: Error: no$/,
      ),
    ]);
    world.drop(...refs, fine, broken, type);
    expect(world.end()).toEqual([]);
  });

  it('let callbacks drop weakrefs that wait to be called, and make new ones', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const other = t.instances.create(type);
    const made: Ref[] = [];
    let refs: Ref[] = [];
    const callback = world.func(() => {
      // Each is held for its call: none of them is freed here.
      for (const ref of refs.splice(0)) t.refs.decref(ref);
      made.push(t.weakrefs.create(other));
      t.poll();
    });
    const object = t.instances.create(type);
    refs = [1, 2, 3].map(() => t.weakrefs.create(object, callback));
    world.drop(object);
    expect(made.length).toBe(3);
    expect(new Set(made).size).toBe(1);
    world.drop(...made, other, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('refer to functions, classes, bound methods and weak dicts', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const func = world.func(() => {});
    const dict = t.weakDicts.createWithWeakKeys();
    const method = t.methods.create(func, Control.None);
    for (const object of [type, func, dict, method]) {
      const before = t.weakrefs.count(object);
      const weakref = t.weakrefs.create(object);
      expect(t.weakrefs.get(weakref)).toBe(object);
      expect(t.weakrefs.count(object)).toBe(before === 0 ? 1 : before);
      world.drop(object, weakref);
    }
    const weakref = t.weakrefs.create(method);
    world.drop(method);
    expect(t.weakrefs.get(weakref)).toBe(0);
    world.drop(weakref, dict, func, type);
    expect(world.end()).toEqual([]);
  });

  it('are refused by other objects, in CPython words', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const weakref = t.weakrefs.create(type);
    const objects: [Ref, string][] = [
      [t.lists.create(), 'list'],
      [t.dicts.create(), 'dict'],
      [t.numbers.int(1000), 'int'],
      [t.strings.create('text'), 'str'],
      [t.tuples.create([Control.None]), 'tuple'],
      [weakref, 'weakref.ReferenceType'],
    ];
    for (const [object, name] of objects) {
      expect(() => t.weakrefs.create(object)).toThrow(`cannot create weak reference to '${name}' object`);
      expect(t.weakrefs.count(object)).toBe(0);
      expect(t.weakrefs.list(object)).toEqual([]);
      world.drop(object);
    }
    world.drop(type);
    expect(world.end()).toEqual([]);
  });

  it('hash and compare by their object', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const callback = world.func(() => {});
    const type = world.newClass();
    const [a, b] = [t.instances.create(type), t.instances.create(type)];
    const [a1, a2, b1] = [t.weakrefs.create(a), t.weakrefs.create(a, callback), t.weakrefs.create(b)];
    expect(t.hashing.equal(a1, a2)).toBe(true);
    expect(t.hashing.equal(a1, b1)).toBe(false);
    expect(t.hashing.hash(a1)).toBe(t.hashing.hash(a2));
    expect(t.hashing.hash(a1)).toBe(t.hashing.hash(a));
    const known = t.hashing.hash(a1);
    world.drop(a, b);
    // A hash that was asked for in time stays; equal are the dead only to themselves.
    expect(t.hashing.hash(a1)).toBe(known);
    expect(t.hashing.equal(a1, a2)).toBe(false);
    expect(t.hashing.equal(a1, a1)).toBe(true);
    expect(() => t.hashing.hash(b1)).toThrow('weak object has gone away');
    world.drop(a1, a2, b1, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('leave everything as it was when there is no memory', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const callback = world.func(() => {});
    const type = world.newClass();
    const object = t.instances.create(type);
    world.parts.arm(1, 1);
    expect(() => t.weakrefs.create(object, callback)).toThrow('out of memory');
    world.parts.arm(1, 1);
    expect(() => t.weakrefs.create(object)).toThrow('out of memory');
    expect(t.weakrefs.count(object)).toBe(0);
    expect(t.refs.count(object)).toBe(1);
    expect(t.refs.count(callback)).toBe(1);
    expect(world.problems()).toEqual([]);
    world.drop(t.weakrefs.create(object), object, callback, type);
    expect(world.end()).toEqual([]);
  });
});

describe.each(FREE)('weak references of several threads, %s', (build) => {
  it('are asked by one thread about an object of another', () => {
    const world = new LifeWorld(build, 2);
    const [owner, other] = world.threads as [LifeWorld['t'], LifeWorld['t']];
    const type = world.newClass();
    const object = owner.instances.create(type);
    const weakref = owner.weakrefs.create(object);
    expect(other.weakrefs.get(weakref)).toBe(object);
    owner.refs.decref(object);
    expect(owner.weakrefs.get(weakref)).toBe(object);
    owner.refs.decref(object);
    other.refs.decref(object);
    owner.poll();
    expect(other.weakrefs.get(weakref)).toBe(0);
    other.refs.decref(weakref);
    owner.poll();
    world.drop(type);
    expect(world.end()).toEqual([]);
  });

  it('run their callbacks in the thread that has dropped the last reference', () => {
    const world = new LifeWorld(build, 2);
    const [owner, other] = world.threads as [LifeWorld['t'], LifeWorld['t']];
    let called = 0;
    const callback = world.func(() => {
      called++;
    });
    const type = world.newClass();
    const object = owner.instances.create(type);
    const weakref = owner.weakrefs.create(object, callback);
    other.refs.incref(object);
    owner.refs.decref(object);
    expect(called).toBe(0);
    other.refs.decref(object);
    owner.poll();
    expect(called).toBe(1);
    world.drop(weakref, callback, type);
    expect(world.end()).toEqual([]);
  });
});

test('the check of objects finds broken lists of weak references', () => {
  const damages: [(heap: Int32Array, first: Ref, second: Ref) => void, RegExp][] = [
    [(heap, _, second) => (heap[second + WeakrefObject.Previous] = 0), /before it, not/],
    [(heap, first) => (heap[first + WeakrefObject.Object] = 0), /shows 0/],
    [(heap, first) => (heap[first + WeakrefObject.Next] = 0), /is not in its list/],
    [(heap, first) => (heap[first + WeakrefObject.Next] = first), /is in a list already/],
    [(heap, _, second) => (heap[second + WeakrefObject.Callback] = 0), /is not the first/],
    [(heap, first) => heap[first + WeakrefObject.Stripe]!++, /another stripe/],
    [(heap, first) => (heap[first + WeakrefObject.Next] = Control.None), /is no live weakref/],
  ];
  for (const [harm, found] of damages) {
    const world = new LifeWorld('free-threaded');
    const callback = world.func(() => {});
    const object = world.t.instances.create(world.newClass());
    const first = world.t.weakrefs.create(object);
    const second = world.t.weakrefs.create(object, callback);
    expect(world.problems()).toEqual([]);
    harm(world.memory.i32, first, second);
    expect(world.problems().join('\n')).toMatch(found);
  }
});
