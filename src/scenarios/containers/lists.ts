import { PythonError } from '../../memory/errors.js';
import { HeapTag, ListObject } from '../../memory/layout.js';
import { Lists } from '../../objects/lists.js';
import { LockFreeLists } from '../../objects/lockFreeLists.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Qsbr } from '../../threads/qsbr.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const WRITER = 0;
const READER = 1;

interface SharedList {
  readonly list: Ref;
  /** What the reader has got. */
  readonly got: number;
}

/** A list that is full: one more item, and its array moves. Small ints are immortal. */
function fullList(w: World, owner: number): SharedList {
  const { lists, numbers } = w.thread(owner);
  const list = lists.create();
  lists.reserve(list, 2);
  lists.append(list, numbers.int(1));
  lists.append(list, numbers.int(2));
  return { list, got: w.words(1, 'got') };
}

/** A non-owner has read it before: from then on it is SHARED, and read without its lock. */
function sharedFullList(w: World): SharedList {
  const s = fullList(w, WRITER);
  const { lists, refs } = w.thread(READER);
  refs.decref(lists.get(s.list, 0));
  return s;
}

function append(s: SharedList, w: World, me: number, value: number): void {
  const { lists, numbers } = w.thread(me);
  lists.append(s.list, numbers.int(value));
  w.thread(me).poll();
}

function readFirst(s: SharedList, w: World, me: number): void {
  const { lists, numbers, refs } = w.thread(me);
  const item = lists.get(s.list, 0);
  w.i32[s.got] = numbers.value(item);
  refs.decref(item);
}

function dropList(s: SharedList, w: World): { got: number } {
  w.main.refs.decref(s.list);
  return { got: w.i32[s.got] };
}

/** A read without the mutex, as if atomic counts were all that it takes. */
class UnlockedGet extends Lists {
  override get(list: Ref, index: number): Ref {
    const item = this.itemAt(list, index);
    if (item === 0) throw new PythonError('IndexError', 'list index out of range');
    this.refs.incref(item);
    return item;
  }
}

class ArrayFreedAtOnce extends LockFreeLists {
  protected override freeArray(_list: Ref, array: number): void {
    this.allocator.free(array, HeapTag.Mem);
  }
}

/** Every goal counts as reached at once. */
class NoGracePeriod extends Qsbr {
  override poll(_goal: number): boolean {
    return true;
  }
}

/** Scenario 15. */
export const listReadAppend = scenario<SharedList>('list-read-append', {
  about: 'list[0] against an append that moves the array: QSBR keeps the old one (PEP 703)',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: sharedFullList,
  threads: {
    writer: (s, w) => append(s, w, WRITER, 3),
    reader: (s, w) => readFirst(s, w, READER),
  },
  after: dropList,
  outcomes: {
    'got=1': 'required',
    'use after free': { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'the old array is freed at once': {
      overrides: [ArrayFreedAtOnce],
      refcount: ['biased'],
      finds: ['use after free'],
    },
    'no grace period': {
      overrides: [NoGracePeriod],
      refcount: ['biased'],
      finds: ['use after free'],
    },
    'reads without the mutex': {
      overrides: [UnlockedGet],
      refcount: ['atomic'],
      finds: ['use after free'],
    },
  },
});

/** The old array looks private, for only its owner has read it. */
class ResizeWithoutSharing extends LockFreeLists {
  protected override publishArray(list: Ref, array: number): void {
    Atomics.store(this.i32, list + ListObject.Items, array);
  }
}

/** Scenario 16. */
export const listOwnerRead = scenario<SharedList>('list-owner-read', {
  about: "the owner reads without the lock while another thread's append moves the array (gh-127521)",
  refcount: ['biased'],
  setup: (w) => fullList(w, READER),
  threads: {
    writer: (s, w) => append(s, w, WRITER, 3),
    owner: (s, w) => readFirst(s, w, READER),
  },
  after: dropList,
  outcomes: { 'got=1': 'required' },
  variants: {
    'a resize by another thread does not share the list (gh-127521)': {
      overrides: [ResizeWithoutSharing],
      finds: ['use after free'],
    },
  },
});

/** The last item is a float of the writer's, which the slow path of a read has made fit for conditional increments. */
function listWithFloat(w: World): SharedList {
  const { lists, numbers } = w.thread(WRITER);
  const list = lists.create();
  lists.reserve(list, 2);
  lists.append(list, numbers.int(1));
  const item = numbers.float(2);
  lists.append(list, item);
  w.thread(WRITER).refs.decref(item);
  w.thread(READER).refs.decref(w.thread(READER).lists.get(list, 1));
  return { list, got: w.words(1, 'got') };
}

function popLast(s: SharedList, w: World): void {
  const { lists, refs } = w.thread(WRITER);
  refs.decref(lists.pop(s.list));
}

/** The block of the popped float becomes another one. */
function popAndMake(s: SharedList, w: World): void {
  const { numbers, refs } = w.thread(WRITER);
  popLast(s, w);
  const next = numbers.float(9);
  refs.setMaybeWeakref(next);
  w.thread(WRITER).poll();
  refs.decref(next);
}

function readLast(s: SharedList, w: World): void {
  const { lists, numbers, refs } = w.thread(READER);
  try {
    const item = lists.get(s.list, 1);
    w.i32[s.got] = numbers.value(item);
    refs.decref(item);
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
  }
}

function nameOf(got: number): string {
  return ['IndexError', 'int', 'the item'][got] ?? 'a stranger';
}

class PlainAdd extends BiasedRefCounter {
  protected override tryIncrefShared(object: Ref): boolean {
    this.incref(object);
    return true;
  }
}

class SlotNotCleared extends LockFreeLists {
  protected override storeItem(list: Ref, slot: number, item: Ref): void {
    if (item !== 0) super.storeItem(list, slot, item);
  }
}

/** Scenario 17. */
export const listReadPop = scenario<SharedList>('list-read-pop', {
  about: 'list[1] against pop(), which drops the last reference: the item or IndexError (PEP 703)',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: listWithFloat,
  threads: { writer: popLast, reader: readLast },
  after: (s, w) => ({ got: nameOf(dropList(s, w).got) }),
  outcomes: {
    'got=the item': 'required',
    'got=IndexError': 'required',
    'use after free': { plain: 'required', else: 'forbidden' },
    'double free': { plain: 'expected', else: 'forbidden' },
    leak: { plain: 'expected', else: 'forbidden' },
  },
  variants: {
    'an unconditional increment': {
      overrides: [PlainAdd],
      refcount: ['biased'],
      finds: ['use after free', 'double free'],
    },
    'reads without the mutex': {
      overrides: [UnlockedGet],
      refcount: ['atomic'],
      finds: ['use after free', 'double free'],
    },
    'blocks are used again': {
      refcount: ['atomic', 'biased'],
      world: { allocator: 'reuse' },
      threads: { writer: popAndMake, reader: readLast },
    },
    'the popped slot is not cleared': {
      overrides: [SlotNotCleared],
      refcount: ['biased'],
      world: { allocator: 'reuse' },
      threads: { writer: popAndMake, reader: readLast },
      finds: ['got=a stranger'],
    },
  },
});

/** The block of the cleared item becomes another object, which is there until the end. */
function clearAndMake(s: SharedList & { made: number }, w: World): void {
  const { lists, numbers, refs } = w.thread(WRITER);
  lists.clear(s.list);
  const made = numbers.float(9);
  refs.setMaybeWeakref(made);
  w.i32[s.made] = made;
}

class NoSecondLookAtArray extends LockFreeLists {
  protected override arrayUnchanged(_list: Ref, _array: number): boolean {
    return true;
  }
}

/** Scenario 10 with a list; D6. A slot of an array that the list has let go of keeps its old item for ever. */
export const listReadClear = scenario<SharedList & { made: number }>('list-read-clear', {
  about: 'list[1] in an array that clear() has taken away, its item dead and its block used again (PIT-10.2)',
  litmus: ['D6'],
  refcount: ['biased'],
  world: { allocator: 'reuse' },
  setup: (w) => ({ ...listWithFloat(w), made: w.words(1, 'made') }),
  threads: { writer: clearAndMake, reader: readLast },
  after(s, w) {
    w.main.refs.decref(w.i32[s.made]);
    return { got: nameOf(dropList(s, w).got) };
  },
  outcomes: { 'got=the item': 'required', 'got=IndexError': 'required' },
  variants: {
    'no second look at the array (as CPython 3.13)': {
      overrides: [NoSecondLookAtArray],
      finds: ['got=a stranger'],
    },
  },
});

/**
 * for x in list, behind its first step: the index goes up to the length as it is then, and each back-edge polls.
 */
function iterate(s: SharedList, w: World): void {
  const { lists, numbers, refs } = w.thread(READER);
  for (let i = 1; i < lists.length(s.list); i++) {
    const item = lists.get(s.list, i);
    w.i32[s.got] = w.i32[s.got] * 10 + numbers.value(item);
    refs.decref(item);
    w.thread(READER).poll();
  }
}

/** Scenario 19. */
export const listIterateAppend = scenario<SharedList>('list-iterate-append', {
  about: 'an iteration sees none, some or all of the items that are appended meanwhile, and ends',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: sharedFullList,
  threads: {
    writer: (s, w) => append(s, w, WRITER, 3),
    reader: iterate,
  },
  after: dropList,
  outcomes: {
    'got=2': 'required',
    'got=23': 'required',
    'use after free': { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'the old array is freed at once': {
      overrides: [ArrayFreedAtOnce],
      refcount: ['biased'],
      finds: ['use after free'],
    },
  },
});
