import { Counter, Header, SharedState, ThreadBlock } from '../../memory/layout.js';
import { AtomicRefCounter } from '../../refcount/atomic.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** A word that holds a reference, and what the reader has got from it. */
interface Slot {
  readonly slot: number;
  readonly got: number;
  /** Of the object that the writer makes, where it makes one. */
  readonly second: number;
}

const WRITER = 0;
const READER = 1;

/** A float of the writer's that others may increment conditionally. */
function makeFloat(w: World, value: number): Ref {
  const { numbers, refs } = w.thread(WRITER);
  const object = numbers.float(value);
  refs.setMaybeWeakref(object);
  return object;
}

function slotWithFloat(w: World): Slot {
  const s = { slot: w.words(1, 'slot'), got: w.words(1, 'got'), second: w.words(1, 'second') };
  w.i32[s.slot] = makeFloat(w, 1);
  return s;
}

/** What a reader without a lock does: it loads the slot, then tries to get a reference of its own. */
function readSlot(s: Slot, w: World): void {
  const { refs, numbers } = w.thread(READER);
  const object = Atomics.load(w.i32, s.slot);
  if (object === 0 || !refs.tryIncrefCompare(s.slot, object)) return;
  w.i32[s.got] = numbers.value(object);
  refs.decref(object);
}

/** The slot holds the last reference. */
function clearSlot(s: Slot, w: World): void {
  const object = w.i32[s.slot];
  Atomics.store(w.i32, s.slot, 0);
  w.thread(WRITER).refs.decref(object);
}

/** The broken variant under the schemes that can do better. */
class PlainAddAtomic extends AtomicRefCounter {
  override tryIncrefCompare(_slot: number, object: Ref): boolean {
    this.incref(object);
    return true;
  }
}

class PlainAddBiased extends BiasedRefCounter {
  override tryIncrefCompare(_slot: number, object: Ref): boolean {
    this.incref(object);
    return true;
  }
}

/** Scenario 9. Plain counts have no conditional increment: under the GIL nothing comes between load and increment. */
export const slotLoad = scenario<Slot>('slot-load', {
  about: 'a slot is loaded and its object incremented, against the decref of the last reference (PEP 703)',
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup: slotWithFloat,
  threads: { writer: clearSlot, reader: readSlot },
  after: (s, w) => ({ got: w.i32[s.got] === 1 ? 'the object' : 'nothing' }),
  outcomes: {
    'got=the object': 'required',
    'got=nothing': 'required',
    'use after free': { plain: 'required', else: 'forbidden' },
    'double free': { plain: 'expected', else: 'forbidden' },
    leak: { plain: 'expected', else: 'forbidden' },
  },
  variants: {
    'an unconditional increment': {
      overrides: [PlainAddAtomic, PlainAddBiased],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free'],
    },
    'the borrowed reference is kept across a poll': {
      refcount: ['gil'],
      threads: {
        writer: clearSlot,
        reader(s, w) {
          const { refs } = w.thread(READER);
          const object = Atomics.load(w.i32, s.slot);
          w.thread(READER).poll();
          if (object === 0) return;
          refs.incref(object);
          refs.decref(object);
        },
      },
      finds: ['use after free'],
    },
  },
});

/** The slot is replaced, and the block of its old object becomes another one, which others may increment too. */
function replaceSlot(s: Slot, w: World): void {
  clearSlot(s, w);
  Atomics.store(w.i32, s.second, makeFloat(w, 2));
}

class NoSecondLookAtomic extends AtomicRefCounter {
  protected override recheck(_slot: number, _object: Ref): boolean {
    return true;
  }
}

class NoSecondLookBiased extends BiasedRefCounter {
  protected override recheck(_slot: number, _object: Ref): boolean {
    return true;
  }
}

/** Scenario 10; D5. Blocks are used again at once. */
export const slotReplaced = scenario<Slot>('slot-replaced', {
  about: 'a conditional increment meets the next object in the block of the one that the slot held (PEP 703)',
  litmus: ['D5'],
  refcount: ['gil', 'atomic', 'biased'],
  world: { allocator: 'reuse' },
  setup: slotWithFloat,
  threads: { writer: replaceSlot, reader: readSlot },
  after(s, w) {
    w.main.refs.decref(w.i32[s.second]);
    return { got: ['nothing', 'the object', 'a stranger'][w.i32[s.got]] };
  },
  outcomes: {
    'got=the object': 'required',
    'got=nothing': 'required',
    'got=a stranger': 'forbidden',
  },
  variants: {
    'no second look at the slot': {
      overrides: [NoSecondLookAtomic, NoSecondLookBiased],
      refcount: ['atomic', 'biased'],
      finds: ['got=a stranger'],
    },
  },
});

/** A list of the writer's that others read without its lock, and what the reader has got. */
interface SharedList {
  readonly list: Ref;
  readonly got: number;
}

/** Its item is a float that nobody but the writer has counted: shared count 0, state default. */
function listWithFloat(w: World): SharedList {
  const { lists, numbers, refs } = w.thread(WRITER);
  const list = lists.create();
  lists.append(list, numbers.int(7));
  // The first read of a non-owner shares the list; it goes through the lock.
  w.thread(READER).lists.get(list, 0);
  const item = numbers.float(1);
  lists.set(list, 0, item);
  refs.decref(item);
  return { list, got: w.words(1, 'got') };
}

function lockedReads(w: World): number {
  return w.i32[w.thread(READER).block + ThreadBlock.Counters + Counter.LockedReads] - 1;
}

/** The owner frees such an object after a look at the shared count that is not atomic. */
class IncrementFromDefault extends BiasedRefCounter {
  protected override tryIncrefShared(object: Ref): boolean {
    const word = object + Header.Shared;
    let shared = this.atomics.load(word);
    while (shared !== SharedState.Merged) {
      const seen = this.atomics.compareExchange(word, shared, shared + SharedState.One);
      if (seen === shared) return true;
      shared = seen;
    }
    return false;
  }
}

/** Scenario 11. Small ints are immortal, and need no count. */
export const sharedCountZero = scenario<SharedList>('shared-count-zero', {
  about:
    'list[0] of an item whose shared count is 0, state default: the lock is taken, never 0 -> 1 (PEP 703)',
  refcount: ['biased'],
  setup: listWithFloat,
  threads: {
    writer: (s, w) => w.thread(WRITER).lists.set(s.list, 0, w.thread(WRITER).numbers.int(9)),
    reader(s, w) {
      const { lists, numbers, refs } = w.thread(READER);
      const item = lists.get(s.list, 0);
      w.i32[s.got] = numbers.value(item);
      refs.decref(item);
    },
  },
  after(s, w) {
    w.main.refs.decref(s.list);
    return { got: w.i32[s.got], locked: lockedReads(w) };
  },
  outcomes: {
    'got=1, locked=1': 'required',
    'got=9, locked=0': 'required',
    'got=9, locked=1': 'required',
  },
  variants: {
    'incremented from 0 in state default': {
      overrides: [IncrementFromDefault],
      finds: ['use after free', 'double free', 'got=1, locked=0'],
    },
  },
});
