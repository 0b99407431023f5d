import { describe, expect, it } from 'vitest';
import { Control, GcBits, Header, HeapTag, ListArray, ListObject } from '#ungil/memory/layout.js';
import { LockFreeLists } from '#ungil/objects/lockFreeLists.js';
import type { BiasedRefCounter } from '#ungil/refcount/biased.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { type ObjectThread, ObjectWorld } from '../support/objectWorld.js';

const None: Ref = Control.None;
const True: Ref = Control.True;

/** As CPython from 3.13 on: only the slot is looked at again (PIT-10.2). */
class SlotOnly extends LockFreeLists {
  protected override arrayUnchanged(): boolean {
    return true;
  }
}

/** Arrays are freed at once, whoever may be reading them. */
class NoGracePeriod extends LockFreeLists {
  protected override freeArray(_list: Ref, array: number): void {
    this.allocator.free(array, HeapTag.Mem);
  }
}

/** Only a resize by copying says that the list is shared now. */
class QuietEmptying extends LockFreeLists {
  protected override publishArray(list: Ref, array: number): void {
    if (array === 0) this.i32[list + ListObject.Items] = 0;
    else super.publishArray(list, array);
  }
}

type Make = new (...args: ConstructorParameters<typeof LockFreeLists>) => LockFreeLists;

function setUp(Lists: Make) {
  const world = new ObjectWorld('free-threaded', 2);
  const [owner, other] = world.threads as [ObjectThread, ObjectThread];
  const make = (thread: ObjectThread) => new Lists(thread.context, thread.refs as BiasedRefCounter);
  return { world, i32: world.memory.i32, owner, other, ownerLists: make(owner), otherLists: make(other) };
}

/** Runs `act` when these lists are about to read the word at `address` without the lock; once. */
function beforeRead(lists: LockFreeLists, i32: Int32Array, address: number, act: () => void): void {
  const watched = new Proxy(i32, {
    get(target, name) {
      if (name === String(address)) {
        Object.assign(lists, { i32: target });
        act();
      }
      return target[name as unknown as number];
    },
  });
  Object.assign(lists, { i32: watched });
}

/** Runs `act` before the thread's n-th atomic load. */
function beforeLoad(thread: ObjectThread, n: number, act: () => void): void {
  const atomics = thread.bare.atomics as { load: (word: number) => number };
  const { load } = atomics;
  let count = 0;
  atomics.load = (word) => {
    if (++count < n) return load.call(atomics, word);
    atomics.load = load;
    act();
    return load.call(atomics, word);
  };
}

describe('a reader of a list whose array is replaced', () => {
  /** D6: the item dies, its block becomes an object that was never in the list, the old array still shows it. */
  function readWhileBlockIsReused(Lists: Make): { found: number; leaks: number } {
    const { world, owner, other, ownerLists, otherLists } = setUp(Lists);
    const list = ownerLists.create();
    const item = owner.numbers.float(1.5);
    for (const value of [item, None, None, None]) ownerLists.append(list, value);
    owner.drop(item);
    // From here reads by the other thread take no lock.
    other.drop(otherLists.get(list, 0));
    let stranger = 0;
    // SHARED bit and array are loaded as one (`loadShared`), then the item's shared count.
    beforeLoad(other, 1, () => {
      ownerLists.append(list, None);
      const successor = owner.numbers.float(2.5);
      ownerLists.set(list, 0, successor);
      owner.drop(successor);
      stranger = owner.numbers.float(99.5);
      expect(stranger).toBe(item);
      owner.refs.setMaybeWeakref(stranger);
    });
    const found = otherLists.get(list, 0);
    const value = other.numbers.value(found);
    other.drop(found);
    owner.refs.mergeQueued();
    owner.drop(stranger, list);
    return { found: value, leaks: world.leaks() };
  }

  it('never gets an object that was not in the list', () => {
    expect(readWhileBlockIsReused(LockFreeLists)).toEqual({ found: 2.5, leaks: 0 });
  });

  it('does, if it looks at the slot alone again', () => {
    expect(readWhileBlockIsReused(SlotOnly)).toEqual({ found: 99.5, leaks: 0 });
  });

  /** The old array's block becomes the array of another list, in front of the read of the item. */
  function readWhileArrayIsReused(Lists: Make): Ref {
    const { i32, owner, other, ownerLists, otherLists } = setUp(Lists);
    const list = ownerLists.create();
    for (let i = 0; i < 4; i++) ownerLists.append(list, None);
    const array = i32[list + ListObject.Items] as number;
    expect(otherLists.get(list, 0)).toBe(None);
    beforeRead(otherLists, i32, array + ListArray.Items, () => {
      ownerLists.append(list, None);
      const unrelated = ownerLists.create();
      for (let i = 0; i < 4; i++) ownerLists.append(unrelated, True);
    });
    const found = otherLists.get(list, 0);
    owner.drop(list);
    other.refs.mergeQueued();
    return found;
  }

  it('still finds the old items in it', () => {
    expect(readWhileArrayIsReused(LockFreeLists)).toBe(None);
  });

  it('finds those of another list, if the array was freed at once', () => {
    expect(readWhileArrayIsReused(NoGracePeriod)).toBe(True);
  });
});

describe('an owner who reads what another thread empties', () => {
  function readWhileEmptied(Lists: Make, how: 'clear' | 'pop') {
    const { world, i32, owner, other, ownerLists, otherLists } = setUp(Lists);
    const list = ownerLists.create();
    ownerLists.append(list, None);
    const array = i32[list + ListObject.Items] as number;
    beforeRead(ownerLists, i32, array + ListArray.Items, () => {
      if (how === 'clear') otherLists.clear(list);
      else otherLists.pop(list);
      const unrelated = otherLists.create();
      otherLists.append(unrelated, True);
    });
    let found: Ref | string;
    try {
      found = ownerLists.get(list, 0);
    } catch (error) {
      found = (error as Error).name;
    }
    const shared = (world.memory.u8[(list << 2) + Header.GcBitsByte] as number) & GcBits.Shared;
    owner.drop(list);
    other.refs.mergeQueued();
    return { found, shared: shared !== 0, delayed: world.allocator.delayed.includes(array) };
  }

  it.each(['clear', 'pop'] as const)('has the array as it was, and the list is shared then: %s', (how) => {
    const found = how === 'clear' ? None : 'IndexError';
    expect(readWhileEmptied(LockFreeLists, how)).toEqual({ found, shared: true, delayed: true });
  });

  it.each(['clear', 'pop'] as const)('reads another list, if nothing says that it is shared: %s', (how) => {
    expect(readWhileEmptied(QuietEmptying, how)).toEqual({ found: True, shared: false, delayed: false });
  });
});
