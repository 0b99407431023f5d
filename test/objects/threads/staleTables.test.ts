import { describe, expect, it } from 'vitest';
import { Control, DictKeys, DictObject } from '#ungil/memory/layout.js';
import { LockFreeDicts } from '#ungil/objects/lockFreeDicts.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { type ObjectThread, ObjectWorld } from '../support/objectWorld.js';

const None: Ref = Control.None;
const True: Ref = Control.True;

/** The value's slot alone is looked at again, not whether the dict still shows the table. */
class SlotOnly extends LockFreeDicts {
  constructor(...args: ConstructorParameters<typeof LockFreeDicts>) {
    super(...args);
    const takeForeign = (_dict: Ref, _keys: number, slot: number, object: Ref) =>
      this.refs.tryIncrefCompare(slot, object) ? object : 0;
    Object.assign(this, { takeForeign });
  }
}

/** Tables go back at once, whoever may be reading them. */
class NoGracePeriod extends LockFreeDicts {
  protected override retireTable(_dict: Ref, keys: number): void {
    this.tables.recycle(keys);
  }
}

type Make = new (...args: ConstructorParameters<typeof LockFreeDicts>) => LockFreeDicts;

function setUp(Dicts: Make) {
  const world = new ObjectWorld('free-threaded', 2);
  const [owner, other] = world.threads as [ObjectThread, ObjectThread];
  const make = (thread: ObjectThread) => new Dicts(thread.context, thread.hashing, thread.strings);
  return { world, i32: world.memory.i32, owner, other, ownerDicts: make(owner), otherDicts: make(other) };
}

function grow(dicts: LockFreeDicts, dict: Ref, owner: ObjectThread): void {
  for (let i = 0; i < 12; i++) dicts.set(dict, owner.strings.intern(`grow${i}`), None);
}

/** Runs `act` before the thread's n-th atomic load. */
function beforeLoad(thread: ObjectThread, n: number, act: () => void): void {
  const atomics = thread.bare.atomics as { load: (word: number) => number };
  const { load } = atomics;
  let count = 0;
  atomics.load = (word) => {
    if (++count === n) {
      atomics.load = load;
      act();
    }
    return load.call(atomics, word);
  };
}

describe('a reader of a dict whose table is replaced', () => {
  /** The value dies, its block becomes an object that was never in the dict, the old table still shows it. */
  function readWhileBlockIsReused(Dicts: Make): number {
    const { world, owner, other, ownerDicts, otherDicts } = setUp(Dicts);
    const dict = ownerDicts.create();
    const name = owner.strings.intern('name');
    const value = owner.numbers.float(1.5);
    ownerDicts.set(dict, name, value);
    owner.drop(value);
    other.drop(otherDicts.get(dict, name));
    let stranger = 0;
    // The Shared bit and the table are loaded as one (`loadShared`), then the value's shared count.
    beforeLoad(other, 1, () => {
      grow(ownerDicts, dict, owner);
      const successor = owner.numbers.float(2.5);
      ownerDicts.set(dict, name, successor);
      owner.drop(successor);
      stranger = owner.numbers.float(99.5);
      expect(stranger).toBe(value);
      owner.refs.setMaybeWeakref(stranger);
    });
    const found = otherDicts.get(dict, name);
    const read = other.numbers.value(found);
    other.drop(found);
    owner.refs.mergeQueued();
    owner.drop(stranger, dict);
    expect(world.leaks()).toBe(0);
    return read;
  }

  it('never gets a value that was not in the dict', () => {
    expect(readWhileBlockIsReused(LockFreeDicts)).toBe(2.5);
  });
  it('does, if it does not look at the table again', () => {
    expect(readWhileBlockIsReused(SlotOnly)).toBe(99.5);
  });

  /** The old table's block becomes the table of another dict, in front of the first look into it. */
  function readWhileTableIsReused(Dicts: Make): Ref {
    const { i32, owner, ownerDicts, otherDicts } = setUp(Dicts);
    const dict = ownerDicts.create();
    const name = owner.strings.intern('name');
    ownerDicts.set(dict, name, True);
    expect(otherDicts.get(dict, name)).toBe(True);
    const table = i32[dict + DictObject.Keys] as number;
    const watched = new Proxy(i32, {
      get(target, word) {
        if (word === String(table + DictKeys.Log2Size)) {
          Object.assign(otherDicts, { i32: target });
          grow(ownerDicts, dict, owner);
          ownerDicts.set(ownerDicts.create(), owner.strings.intern('else'), None);
        }
        return target[word as unknown as number];
      },
    });
    Object.assign(otherDicts, { i32: watched });
    const found = otherDicts.get(dict, name);
    owner.drop(dict);
    return found;
  }

  it('finds a key that was there all the time', () => {
    expect(readWhileTableIsReused(LockFreeDicts)).toBe(True);
  });
  it('does not, if the table went back at once', () => {
    expect(readWhileTableIsReused(NoGracePeriod)).toBe(0);
  });
});
