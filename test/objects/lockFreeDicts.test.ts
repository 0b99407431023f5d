import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AtomicOps } from '#ungil/memory/atomicOps.js';
import {
  BuiltinType,
  Control,
  Counter,
  DictKeys,
  DictObject,
  GcBits,
  Header,
  SharedState,
} from '#ungil/memory/layout.js';
import { hashText } from '#ungil/objects/strings.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { type ObjectThread, ObjectWorld } from './support/objectWorld.js';

const None = Control.None;
const True = Control.True;
const False = Control.False;

function setUp(count = 2) {
  const world = new ObjectWorld('free-threaded', count);
  const [owner, other] = world.threads;
  const i32 = world.memory.i32;
  const dict = owner.dicts.create();
  const byte = (dict << 2) + Header.MutexByte;
  return {
    world,
    owner,
    other,
    dict,
    i32,
    locked: () => [owner, other].map((thread) => thread.counter(Counter.LockedReads)),
    isShared: () => (world.memory.u8[(dict << 2) + Header.GcBitsByte] & GcBits.Shared) !== 0,
    keys: () => i32[dict + DictObject.Keys],
    /** Runs the body while somebody else has the dict's lock: whoever needed it would wait for ever. */
    whileLocked: (body: () => void) => {
      owner.bare.mutex.lock(byte);
      body();
      owner.bare.mutex.unlock(byte);
    },
  };
}

type Atomics = { -readonly [Name in keyof AtomicOps]: AtomicOps[Name] };

/** Calls `act` before each of the thread's atomic operations of the given names, until it is told to stop. */
function before(thread: ObjectThread, names: (keyof AtomicOps)[], act: () => void): () => void {
  const atomics = thread.bare.atomics as Atomics;
  const originals = names.map((name) => [name, atomics[name]] as const);
  for (const [name, original] of originals) {
    atomics[name] = ((...args: number[]) => {
      act();
      return (original as (...args: number[]) => number)(...args);
    }) as never;
  }
  return () => {
    for (const [name, original] of originals) atomics[name] = original as never;
  };
}

describe('LockFreeDicts', () => {
  it('serves the owner without the lock from the start', () => {
    const { world, owner, dict, locked, isShared, whileLocked } = setUp();
    const [key, copy] = [owner.strings.create('key'), owner.strings.create('key')];
    const value = owner.numbers.float(1.5);
    owner.dicts.set(dict, key, value);
    whileLocked(() => {
      expect(owner.dicts.get(dict, key)).toBe(value);
      expect(owner.dicts.get(dict, copy)).toBe(value);
      expect(owner.dicts.get(dict, None)).toBe(0);
      expect(owner.dicts.contains(dict, copy)).toBe(true);
      expect(owner.dicts.next(dict, 0)).toBe(1);
    });
    expect(owner.refs.count(value)).toBe(5);
    owner.drop(value, value, owner.dicts.lastKey, owner.dicts.lastValue);
    expect(isShared()).toBe(false);
    expect(locked()).toEqual([0, 0]);
    owner.drop(key, copy, value, dict);
    expect(world.leaks()).toBe(0);
  });

  it('takes the lock once for another thread, once more for each value it has not counted', () => {
    const { world, owner, other, dict, locked, isShared, whileLocked } = setUp();
    const names = ['a', 'b', 'c'].map((name) => owner.strings.intern(name));
    const values = [owner.numbers.float(1), owner.numbers.float(2), None];
    for (let i = 0; i < 3; i++) owner.dicts.set(dict, names[i], values[i]);
    expect(other.dicts.get(dict, names[0])).toBe(values[0]);
    expect(isShared()).toBe(true);
    expect(locked()).toEqual([0, 1]);
    expect(world.memory.i32[values[0] + Header.Shared] & SharedState.Mask).toBe(SharedState.MaybeWeakref);
    whileLocked(() => {
      expect(other.dicts.get(dict, names[0])).toBe(values[0]);
      expect(other.dicts.get(dict, names[2])).toBe(None);
      expect(other.dicts.get(dict, True)).toBe(0);
      expect(names.map((name) => other.dicts.contains(dict, name))).toEqual([true, true, true]);
    });
    expect(locked()).toEqual([0, 1]);
    expect(other.dicts.get(dict, names[1])).toBe(values[1]);
    expect(other.dicts.get(dict, names[1])).toBe(values[1]);
    expect(locked()).toEqual([0, 2]);
    other.drop(values[0], values[0], values[1], values[1]);
    owner.refs.mergeQueued();
    owner.drop(...values, dict);
    expect(world.leaks()).toBe(0);
  });

  it('iterates without the lock', () => {
    const { world, owner, other, dict, locked, whileLocked } = setUp();
    for (const key of [True, None, False]) owner.dicts.set(dict, key, key);
    expect(other.dicts.next(dict, 0)).toBe(1);
    expect(locked()).toEqual([0, 1]);
    owner.dicts.del(dict, None);
    const seen: Ref[] = [];
    whileLocked(() => {
      for (let at = other.dicts.next(dict, 0); at !== -1; at = other.dicts.next(dict, at)) {
        seen.push(other.dicts.lastKey, other.dicts.lastValue);
      }
    });
    expect(seen).toEqual([True, True, False, False]);
    expect([other.dicts.lastKey, other.dicts.lastValue]).toEqual([0, 0]);
    owner.drop(dict);
    expect(world.leaks()).toBe(0);
  });

  it('frees a private table at once, a shared one after a grace period, with its words as they were', () => {
    const { world, owner, other, dict, i32, keys } = setUp();
    const { allocator } = world;
    const fill = (from: number, to: number) => {
      for (let i = from; i < to; i++) owner.dicts.set(dict, owner.numbers.int(i), None);
    };
    fill(0, 6);
    expect(allocator.delayed).toEqual([]);
    expect(other.dicts.get(dict, True)).toBe(None);
    const old = keys();
    const size = allocator.live.get(old)!.words;
    fill(6, 10);
    const words = i32.slice(old, old + size);
    fill(10, 11);
    expect(keys()).not.toBe(old);
    expect(allocator.delayed).toEqual([old]);
    expect(i32.slice(old, old + size)).toEqual(words);
    const second = keys();
    owner.dicts.clear(dict);
    expect(allocator.delayed).toEqual([old, second]);
    expect(keys()).toBe(Control.EmptyKeys);
    owner.drop(dict);
    expect(world.leaks()).toBe(0);
  });

  it('never recycles a shared small table before its grace period', () => {
    const { world, owner, other, dict, keys } = setUp();
    const name = owner.strings.intern('name');
    owner.dicts.set(dict, name, None);
    other.dicts.get(dict, name);
    const table = keys();
    owner.dicts.clear(dict);
    owner.dicts.set(dict, name, True);
    expect(keys()).not.toBe(table);
    expect(world.allocator.delayed).toEqual([table]);
    owner.drop(dict);
    expect(world.leaks()).toBe(0);
  });

  it.each(['set', 'clear', 'update'] as const)('is shared once a non-owner replaces the table: %s', (act) => {
    const { world, owner, other, dict, isShared, keys } = setUp();
    for (let i = 0; i < 5; i++) owner.dicts.set(dict, owner.numbers.int(i), None);
    other.dicts.set(dict, other.numbers.int(0), True);
    expect(isShared()).toBe(false);
    const old = keys();
    const source = other.dicts.create();
    for (let i = 0; i < 9; i++) other.dicts.set(source, other.numbers.int(i), None);
    if (act === 'set') other.dicts.set(dict, other.numbers.int(5), None);
    else if (act === 'clear') other.dicts.clear(dict);
    else other.dicts.update(dict, source);
    expect(isShared()).toBe(true);
    expect(world.allocator.delayed).toEqual([old]);
    other.drop(source);
    owner.drop(dict);
    expect(world.leaks()).toBe(0);
  });

  it('never uses the place of a deleted key again', () => {
    const { owner, dict, i32, keys } = setUp();
    for (let i = 0; i < 4; i++) owner.dicts.set(dict, owner.numbers.int(i), None);
    owner.dicts.del(dict, owner.numbers.int(1));
    const entries = i32[keys() + DictKeys.Entries];
    owner.dicts.set(dict, owner.numbers.int(1), True);
    expect(i32[keys() + DictKeys.Entries]).toBe(entries + 1);
    expect(i32[keys() + DictKeys.Usable]).toBe(0);
  });

  // D23, D24: a reader looks in before every step of a writer.
  it.each(['insert', 'delete', 'replace', 'grow', 'clear'] as const)(
    'shows readers nothing half-done: %s',
    (act) => {
      for (const general of [false, true]) {
        const { owner, other, dict } = setUp();
        const names = Array.from({ length: 6 }, (_, i) =>
          general ? owner.numbers.int(8 * i) : owner.strings.intern(`n${i}`),
        );
        for (let i = 0; i < (act === 'grow' ? 5 : 3); i++) owner.dicts.set(dict, names[i], True);
        expect(other.dicts.get(dict, names[0])).toBe(True);
        const lockedRead = -7;
        Object.assign(other.dicts, { getLocked: () => lockedRead });
        const target = { insert: 3, delete: 1, replace: 1, grow: 5, clear: 1 }[act];
        const allowed = {
          insert: [0, False, lockedRead],
          delete: [True, 0, lockedRead],
          replace: [True, False],
          grow: [0, False],
          clear: [True, 0],
        }[act];
        const neighbours = act === 'clear' ? [True, 0] : [True];
        let looks = 0;
        const look = () => {
          looks++;
          expect(allowed).toContain(other.dicts.get(dict, names[target]));
          expect(neighbours).toContain(other.dicts.get(dict, names[2]));
          expect(neighbours).toContain(other.dicts.get(dict, names[0]));
        };
        const stop = before(owner, ['store', 'dictReplace'], look);
        if (act === 'delete') owner.dicts.del(dict, names[target]);
        else if (act === 'clear') owner.dicts.clear(dict);
        else owner.dicts.set(dict, names[target], False);
        stop();
        look();
        expect(looks).toBeGreaterThan(1);
      }
    },
  );
});

describe('LockFreeDicts, stale tables', () => {
  /** Runs `act` before the thread's n-th atomic operation of these names. */
  function beforeNth(thread: ObjectThread, names: (keyof AtomicOps)[], n: number, act: () => void): void {
    let count = 0;
    const stop = before(thread, names, () => {
      if (++count !== n) return;
      stop();
      act();
    });
  }

  function grow(thread: ObjectThread, dict: Ref): void {
    for (let i = 0; i < 12; i++) thread.dicts.set(dict, thread.numbers.int(i), None);
  }

  it('turns away an object that took the block of a value in a replaced table (PIT-10.2)', () => {
    const { world, owner, other, dict, keys } = setUp();
    const name = owner.strings.intern('name');
    const old = owner.numbers.int(1000);
    owner.dicts.set(dict, name, old);
    other.drop(other.dicts.get(dict, name));
    owner.drop(old);
    const table = keys();
    let intruder = 0;
    // The table comes with the Shared bit (`loadShared`), the first load alone is of the value's shared count.
    beforeNth(other, ['load'], 1, () => {
      grow(owner, dict);
      const value = owner.numbers.int(2000);
      owner.dicts.set(dict, name, value);
      owner.drop(value);
      intruder = owner.numbers.int(3000);
      owner.refs.setMaybeWeakref(intruder);
    });
    const found = other.dicts.get(dict, name);
    expect(intruder).toBe(old);
    expect(keys()).not.toBe(table);
    expect(other.numbers.value(found)).toBe(2000);
    expect(owner.refs.count(intruder)).toBe(1);
    other.drop(found);
    owner.refs.mergeQueued();
    owner.drop(intruder, dict);
    expect(world.leaks()).toBe(0);
  });

  it('does not take a str that took the block of a key in a replaced table for that key (PIT-10.4)', () => {
    const { world, owner, other, dict } = setUp();
    // Two names of one length that begin at the same position of a table of eight.
    const hash = (text: string) => hashText(text) & 7;
    const wanted = 'k00';
    const stored = Array.from({ length: 90 }, (_, i) => `q${10 + i}`).find(
      (text) => hash(text) === hash(wanted),
    )!;
    const key = owner.strings.create(stored);
    owner.dicts.set(dict, key, None);
    owner.refs.setMaybeWeakref(key);
    owner.drop(key);
    const probe = other.strings.create(wanted);
    other.dicts.contains(dict, True);
    let intruder = 0;
    beforeNth(other, ['load'], 1, () => {
      grow(owner, dict);
      const same = owner.strings.create(stored);
      owner.dicts.del(dict, same);
      intruder = owner.strings.create(wanted);
      owner.refs.setMaybeWeakref(intruder);
      owner.drop(same);
    });
    expect(other.dicts.contains(dict, probe)).toBe(false);
    expect(intruder).toBe(key);
    expect(owner.refs.count(intruder)).toBe(1);
    other.drop(probe);
    owner.drop(intruder, dict);
    expect(world.leaks()).toBe(0);
  });
});

/** Random writes of one thread before random atomic steps of another's reads, with blocks re-used at once. */
describe('LockFreeDicts, reads among writes', () => {
  const KEYS = 8;
  const write = fc.record({
    name: fc.constantFrom('set', 'set', 'set', 'del', 'grow', 'clear', 'churn' as const),
    key: fc.nat({ max: KEYS - 1 }),
  });
  const read = fc.record({
    name: fc.constantFrom('get', 'get', 'contains', 'next' as const),
    key: fc.nat({ max: KEYS - 1 }),
    writes: fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 8 }),
  });

  it.each([
    ['str keys of the writer', 'str', 0],
    ['str keys, dict of the reader', 'str', 1],
    ['tuple keys', 'tuple', 0],
    ['int keys', 'int', 0],
    ['int keys, dict of the reader', 'int', 1],
    ['immortal keys', 'small', 0],
  ] as const)('returns what the dict had during the call: %s', (_, kind, ownerIndex) => {
    let lockedReads = 0;
    let injected = 0;
    fc.assert(
      fc.property(fc.array(read, { maxLength: 25 }), (reads) => {
        const world = new Race(kind, ownerIndex);
        for (const step of reads) world.read(step);
        injected += world.injected;
        lockedReads += world.reader.counter(Counter.LockedReads);
        expect(world.finish()).toBe(0);
      }),
      { numRuns: 150 },
    );
    expect(injected).toBeGreaterThan(100);
    expect(lockedReads).toBeGreaterThan(10);
  });

  interface Write {
    readonly name: 'set' | 'del' | 'grow' | 'clear' | 'churn';
    readonly key: number;
  }
  interface Read {
    readonly name: 'get' | 'contains' | 'next';
    readonly key: number;
    /** Before each atomic step of the read. */
    readonly writes: readonly (readonly Write[])[];
  }

  class Race {
    readonly world = new ObjectWorld('free-threaded', 2);
    readonly writer = this.world.threads[0];
    readonly reader = this.world.threads[1];
    readonly dict: Ref;
    injected = 0;
    /** Number in the value of each key, 0 none; and all that it was during the current read. */
    private readonly model: number[] = Array(KEYS).fill(0);
    private during: Set<number>[] = [];
    private next = 1000;
    private readonly kept: Ref[] = [];

    constructor(
      private readonly kind: 'str' | 'tuple' | 'int' | 'small',
      ownerIndex: number,
    ) {
      this.dict = this.world.threads[ownerIndex].dicts.create();
      for (let key = 0; key < KEYS; key += 2) this.write({ name: 'set', key });
    }

    read(step: Read): void {
      const { reader, dict } = this;
      this.during = this.model.map((value) => new Set([value]));
      const queue = [...step.writes];
      const key = this.makeKey(reader, step.key);
      // While the reader has the lock, the writer waits.
      const stop = before(reader, ['load', 'loadShared', 'compareExchange', 'tryLock'], () => {
        if (reader.bare.sections.depth() > 0 || queue.length === 0) return;
        for (const next of queue.shift()!) {
          this.injected++;
          this.write(next);
        }
      });
      if (step.name === 'get') this.checkValue(step.key, reader.dicts.get(dict, key));
      else if (step.name === 'contains') this.checkContains(step.key, reader.dicts.contains(dict, key));
      else this.iterate();
      stop();
      reader.drop(key);
    }

    finish(): number {
      const { writer, reader, dict } = this;
      const last = [...this.world.threads].find((thread) => (writer.i32[dict] & 0xffff) === thread.id)!;
      for (let key = 0; key < KEYS; key++) {
        const ref = this.makeKey(reader, key);
        this.during = this.model.map((value) => new Set([value]));
        this.checkValue(key, reader.dicts.get(dict, ref));
        reader.drop(ref);
      }
      writer.drop(...this.kept);
      last.drop(dict);
      writer.refs.mergeQueued();
      reader.refs.mergeQueued();
      return this.world.leaks();
    }

    private iterate(): void {
      const { dicts, refs } = this.reader;
      let steps = 0;
      for (let at = dicts.next(this.dict, 0); at !== -1 && steps < 40; at = dicts.next(this.dict, at)) {
        steps++;
        const { lastKey, lastValue } = dicts;
        const key = this.keyNumber(lastKey);
        if (key < KEYS) this.checkNumber(key, lastValue);
        refs.decref(lastKey);
        refs.decref(lastValue);
      }
    }

    private checkValue(key: number, value: Ref): void {
      if (value === 0) expect(this.during[key]).toContain(0);
      else {
        this.checkNumber(key, value);
        this.reader.drop(value);
      }
    }

    private checkNumber(key: number, value: Ref): void {
      expect(this.reader.i32[value + Header.Type]).toBe(BuiltinType.Int);
      expect([...this.during[key]]).toContain(this.reader.numbers.value(value));
      expect(this.reader.refs.count(value)).toBeGreaterThanOrEqual(1);
    }

    private checkContains(key: number, answer: boolean): void {
      const had = [...this.during[key]];
      expect(answer ? had.some((value) => value !== 0) : had.includes(0)).toBe(true);
    }

    private write({ name, key }: Write): void {
      const { writer, dict } = this;
      if (name === 'clear') {
        writer.dicts.clear(dict);
        for (let i = 0; i < KEYS; i++) this.record(i, 0);
      } else if (name === 'churn') {
        // Other objects in the blocks that were just freed, all of which can be incremented conditionally.
        const int = writer.numbers.int(7777);
        const str = writer.strings.create(`k${key}`);
        const tuple = writer.tuples.create([str]);
        for (const object of [int, str, tuple]) writer.refs.setMaybeWeakref(object);
        this.kept.push(int, str, tuple);
      } else if (name === 'grow') {
        for (let i = 0; i < 12; i++) this.setOne(KEYS + i);
        for (let i = 0; i < 12; i++) this.deleteOne(KEYS + i);
      } else if (name === 'set') {
        this.record(key, this.setOne(key));
      } else if (this.model[key] !== 0) {
        this.deleteOne(key);
        this.record(key, 0);
      }
    }

    private record(key: number, value: number): void {
      this.model[key] = value;
      this.during[key]?.add(value);
    }

    private setOne(key: number): number {
      const { writer } = this;
      const number = ++this.next;
      const [ref, value] = [this.makeKey(writer, key), writer.numbers.int(number)];
      // As a reader that iterates does: later comparisons without the lock succeed.
      if (number % 3 !== 0) writer.refs.setMaybeWeakref(ref);
      writer.dicts.set(this.dict, ref, value);
      writer.drop(ref, value);
      return number;
    }

    private deleteOne(key: number): void {
      const ref = this.makeKey(this.writer, key);
      this.writer.dicts.del(this.dict, ref);
      this.writer.drop(ref);
    }

    /** Fresh objects, so that a lookup must look into the stored ones. */
    private makeKey(thread: ObjectThread, key: number): Ref {
      if (this.kind === 'int') return thread.numbers.int(300 + 8 * key);
      if (this.kind === 'small') return thread.numbers.int(key);
      const str = thread.strings.create(`k${key}`);
      if (this.kind === 'str') return str;
      const tuple = thread.tuples.create([str]);
      thread.drop(str);
      return tuple;
    }

    private keyNumber(key: Ref): number {
      const { numbers, strings, i32 } = this.reader;
      if (this.kind === 'int') return (numbers.value(key) - 300) / 8;
      if (this.kind === 'small') return numbers.value(key);
      const str = this.kind === 'str' ? key : i32[key + 6];
      expect(i32[str + Header.Type]).toBe(BuiltinType.Str);
      return Number(strings.text(str).slice(1));
    }
  }
});
