import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryError, PythonError } from '#ungil/memory/errors.js';
import {
  BuiltinType,
  Control,
  Counter,
  DictKeys,
  GcBits,
  Header,
  HeapTag,
  InstanceObject,
  PreHeader,
  TypeKind,
  TypeObject,
} from '#ungil/memory/layout.js';
import { BUILDS, type ObjectThread, ObjectWorld } from './support/objectWorld.js';

const None = Control.None;
const True = Control.True;
const False = Control.False;

function kindOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof PythonError) return error.kind;
    throw error;
  }
  return 'none';
}

describe.each(BUILDS)('Instances, %s', (build) => {
  it('makes classes that are freed with their last reference', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { instances, strings, i32, refs } = thread;
    const type = instances.createType('Point', ['x', 'y'], 0);
    expect(world.allocator.live.get(type)).toEqual({ words: 20, tag: HeapTag.Gc });
    expect(refs.isImmortal(type)).toBe(false);
    // Counted per thread in one build, plainly in the others.
    expect(i32[type + TypeObject.UniqueId]).toBe(build === 'free-threaded' ? 1 : 0);
    expect(refs.isDeferred(type)).toBe(build === 'free-threaded');
    const before = refs.count(type);
    const object = instances.create(type);
    expect(refs.count(type)).toBe(build === 'free-threaded' ? before : before + 1);
    thread.drop(object);
    expect(refs.count(type)).toBe(before);
    expect(i32[type + Header.Type]).toBe(BuiltinType.Type);
    expect(i32[type + TypeObject.Kind]).toBe(TypeKind.Instance);
    expect(i32[type + TypeObject.Name]).toBe(strings.intern('Point'));
    expect(i32[type + TypeObject.InlineCapacity]).toBe(3);
    expect(['x', 'y', 'z'].map((name) => instances.slotIndex(type, strings.intern(name)))).toEqual([
      0, 1, -1,
    ]);
    thread.drop(type);
    // Only a collector may free what is counted per thread.
    expect(world.allocator.live.has(type)).toBe(build === 'free-threaded');
    expect(world.leaks()).toBe(0);
  });

  it('puts an empty instance behind a zeroed pre-header', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { instances, i32 } = thread;
    const type = thread.newClass('C', ['a'], 0);
    const object = instances.create(type);
    const block = object - PreHeader.Words;
    expect(world.allocator.live.get(block)).toEqual({ words: 12, tag: HeapTag.GcPre });
    expect([...i32.subarray(block, object)]).toEqual([0, 0, 0, 0]);
    expect(i32[object + Header.Type]).toBe(type);
    expect(i32[object] >>> 24).toBe(GcBits.Tracked);
    expect([...i32.subarray(object + InstanceObject.ValuesUsed, block + 12)]).toEqual([0, 0, 0, 0]);
    thread.drop(object);
    expect(world.leaks()).toBe(0);
  });

  it('sets and gets by name and by place, counting references', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { instances, strings, numbers, refs, i32 } = thread;
    const type = thread.newClass('C', ['x'], 0);
    const [x, y] = [strings.intern('x'), strings.intern('y')];
    const [a, b] = [numbers.float(1), numbers.float(2)];
    const object = instances.create(type);
    expect(() => instances.getAttr(object, x)).toThrow("'C' object has no attribute 'x'");
    expect(() => instances.getAttr(object, y)).toThrow("'C' object has no attribute 'y'");
    expect(instances.getSlot(object, 0)).toBe(0);
    instances.setSlot(object, 0, a);
    expect(refs.count(a)).toBe(2);
    expect(instances.getAttr(object, x)).toBe(a);
    instances.setAttr(object, x, b);
    expect(refs.count(a)).toBe(2);
    thread.drop(a);
    expect(i32[object + InstanceObject.ValuesUsed]).toBe(1);
    instances.setAttr(object, y, b);
    expect(i32[object + InstanceObject.ValuesUsed]).toBe(2);
    expect(instances.getSlot(object, instances.slotIndex(type, y))).toBe(b);
    expect(refs.count(b)).toBe(4);
    thread.drop(b, object);
    expect([refs.count(a), refs.count(b)]).toEqual([1, 1]);
    thread.drop(a, b);
    expect(world.leaks()).toBe(0);
  });

  it('learns names up to its room, for all instances', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { instances, strings, i32 } = thread;
    const type = thread.newClass('Open', [], 0);
    const [first, second] = [instances.create(type), instances.create(type)];
    const names = Array.from({ length: 31 }, (_, i) => strings.intern(`attribute${i}`));
    for (let i = 0; i < 30; i++) instances.setAttr(i % 2 ? first : second, names[i], True);
    expect(() => instances.setAttr(first, names[30], True)).toThrow(
      /room for 30 attributes, none .* 'attribute30'/,
    );
    expect(kindOf(() => instances.setAttr(first, names[30], True))).toBe('AttributeError');
    const keys = i32[type + TypeObject.SharedKeys];
    expect([i32[keys + DictKeys.Entries], i32[keys + DictKeys.Usable]]).toEqual([30, 0]);
    expect(names.map((name) => instances.slotIndex(type, name))).toEqual([...Array(30).keys(), -1]);
    instances.setAttr(first, names[4], False);
    expect(instances.getAttr(first, names[4])).toBe(False);
    expect(kindOf(() => instances.getAttr(second, names[5]))).toBe('AttributeError');
    thread.drop(first, second);
    expect(world.leaks()).toBe(0);
  });

  it('refuses classes that are too large, and takes an explicit room', () => {
    const [thread] = new ObjectWorld(build).threads;
    const { instances, strings, i32 } = thread;
    const names = Array.from({ length: 31 }, (_, i) => `n${i}`);
    expect(kindOf(() => thread.newClass('Big', names, 0))).toBe('ValueError');
    expect(kindOf(() => thread.newClass('Tight', ['a', 'b'], 0, 1))).toBe('ValueError');
    const type = thread.newClass('Exact', ['a', 'b'], 0, 2);
    expect(i32[type + TypeObject.InlineCapacity]).toBe(2);
    const object = instances.create(type);
    expect(kindOf(() => instances.setAttr(object, strings.intern('c'), None))).toBe('AttributeError');
    expect(i32[thread.newClass('Full', names.slice(1), 0) + TypeObject.InlineCapacity]).toBe(30);
  });

  it('takes interned names only for new attributes', () => {
    const [thread] = new ObjectWorld(build).threads;
    const { instances, strings } = thread;
    const object = instances.create(thread.newClass('C', [], 0));
    const fresh = strings.create('fresh');
    expect(() => instances.setAttr(object, fresh, None)).toThrow(/interned/);
  });

  it('leaves nothing behind when there is no memory', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { instances } = thread;
    const type = thread.newClass('C', ['x'], 0);
    world.allocator.budget = 0;
    expect(() => instances.create(type)).toThrow(MemoryError);
    expect(world.leaks()).toBe(0);
  });

  it('does what a Map for each object does', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const step = fc.record({
      object: fc.nat({ max: 2 }),
      name: fc.constantFrom(...names),
      value: fc.option(fc.integer({ min: 300, max: 999 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new ObjectWorld(build);
        const [thread] = world.threads;
        const { instances, numbers, strings } = thread;
        const type = thread.newClass('C', ['b', 'a'], 0, 6);
        const objects = [0, 1, 2].map(() => instances.create(type));
        const model = objects.map(() => new Map<string, number>());
        for (const { object, name, value } of steps) {
          const interned = strings.intern(name);
          if (value === null) {
            const known = model[object].get(name);
            if (known === undefined) {
              expect(kindOf(() => instances.getAttr(objects[object], interned))).toBe('AttributeError');
            } else {
              const found = instances.getAttr(objects[object], interned);
              expect(numbers.value(found)).toBe(known);
              thread.drop(found);
            }
          } else {
            const ref = numbers.int(value);
            instances.setAttr(objects[object], interned, ref);
            thread.drop(ref);
            model[object].set(name, value);
          }
        }
        thread.drop(...objects);
        expect(world.leaks()).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('LockFreeInstances', () => {
  function setUp() {
    const world = new ObjectWorld('free-threaded', 2);
    const [owner, other] = world.threads;
    const type = owner.newClass('C', ['x', 'y'], 0);
    const object = owner.instances.create(type);
    const byte = (object << 2) + Header.MutexByte;
    const whileLocked = (body: () => void) => {
      owner.bare.mutex.lock(byte);
      body();
      owner.bare.mutex.unlock(byte);
    };
    return { world, owner, other, object, whileLocked, x: owner.strings.intern('x') };
  }

  const locked = (thread: ObjectThread) => thread.counter(Counter.LockedReads);

  it('reads without the lock: the owner at once, another thread after its first read of the value', () => {
    const { world, owner, other, object, whileLocked, x } = setUp();
    const value = owner.numbers.float(1.5);
    owner.instances.setAttr(object, x, value);
    whileLocked(() => expect(owner.instances.getAttr(object, x)).toBe(value));
    expect(other.instances.getAttr(object, x)).toBe(value);
    expect(locked(other)).toBe(1);
    whileLocked(() => {
      expect(other.instances.getAttr(object, x)).toBe(value);
      expect(other.instances.getSlot(object, 1)).toBe(0);
    });
    expect([locked(owner), locked(other)]).toEqual([0, 1]);
    expect(owner.refs.count(value)).toBe(5);
    other.drop(value, value);
    owner.drop(value, value, object);
    expect(world.leaks()).toBe(0);
  });

  it('returns the old or the new value when a write comes between load and increment', () => {
    const { world, owner, other, object, x } = setUp();
    const set = (number: number) => {
      const value = owner.numbers.int(number);
      owner.instances.setAttr(object, x, value);
      owner.drop(value);
    };
    set(1000);
    other.drop(other.instances.getAttr(object, x));
    owner.refs.mergeQueued();
    // The write frees the old value, and its block is another int by the time of the increment.
    const atomics = other.bare.atomics as { load: (word: number) => number };
    const { load } = atomics;
    atomics.load = (word) => {
      atomics.load = load;
      set(2000);
      owner.refs.mergeQueued();
      const reused = owner.numbers.int(3000);
      owner.refs.setMaybeWeakref(reused);
      return load(word);
    };
    const found = other.instances.getAttr(object, x);
    expect(other.numbers.value(found)).toBe(2000);
    expect(locked(other)).toBe(2);
    other.drop(found);
    owner.drop(object);
    expect([...world.allocator.live.values()].filter(({ tag }) => tag === HeapTag.GcPre)).toEqual([]);
  });

  it('lets other threads set and drop', () => {
    const { world, owner, other, object, x } = setUp();
    const value = other.numbers.float(2.5);
    other.instances.setAttr(object, x, value);
    other.instances.setAttr(object, other.strings.intern('new'), value);
    expect(owner.instances.getAttr(object, x)).toBe(value);
    expect(owner.instances.getAttr(object, owner.strings.intern('new'))).toBe(value);
    owner.drop(value, value, object);
    other.refs.mergeQueued();
    other.drop(value);
    expect(world.leaks()).toBe(0);
  });
});
