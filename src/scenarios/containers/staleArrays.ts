import { Page } from '../../allocators/mimalloc/layout.js';
import { pageOf } from '../../allocators/mimalloc/page.js';
import { HeapTag, ListArray, ListObject, NumberObject } from '../../memory/layout.js';
import { LockFreeLists } from '../../objects/lockFreeLists.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';
import { lockFreeReads, unlessLocked } from './lockFreePart.js';

const WRITER = 0;
const READER = 1;

/** A list that is full, whose first item is a float that others may increment conditionally. */
interface FullList {
  readonly list: Ref;
  /** What the reader has got: the number in the item. */
  readonly got: number;
  /** The object that is made in the block of the dead item. */
  readonly made: number;
  /** Blocks that fill the item's page, so that its next free block is the one that is freed next. */
  readonly fillers: readonly number[];
}

const enum Value {
  Item = 1,
  Replacement = 2,
  Stranger = 3,
}

function fullList(w: World): FullList {
  const { lists, numbers, refs } = w.thread(WRITER);
  const list = lists.create();
  lists.reserve(list, 2);
  const item = numbers.float(Value.Item);
  lists.append(list, item);
  refs.decref(item);
  lists.append(list, numbers.int(0));
  // The first read of a non-owner takes the lock; it makes list and item fit for reads without it.
  w.thread(READER).refs.decref(w.thread(READER).lists.get(list, 0));
  return { list, got: w.words(1, 'got'), made: w.words(1, 'made'), fillers: [] };
}

/** mimalloc hands a freed block out only when the page has no other: so the page is filled. */
function fullListAndPage(w: World): FullList {
  const s = fullList(w);
  const { allocator } = w.thread(WRITER);
  const page = pageOf(w.i32, w.i32[w.i32[s.list + ListObject.Items] + ListArray.Items]);
  const fillers: number[] = [];
  while (w.i32[page + Page.Free] !== 0) fillers.push(allocator.alloc(NumberObject.Words, HeapTag.Object));
  return { ...s, fillers };
}

/** The array moves; the item is replaced in the new one, and dies; its block becomes another float. */
function growAndReplace(s: FullList, w: World): void {
  const { lists, numbers, refs } = w.thread(WRITER);
  lists.append(s.list, numbers.int(0));
  lists.set(s.list, 0, numbers.int(Value.Replacement));
  const made = numbers.float(Value.Stranger);
  // As by making a weak reference to it, or by its first read out of another container.
  refs.setMaybeWeakref(made);
  w.i32[s.made] = made;
}

function readFirst(s: FullList, w: World): void {
  const { numbers, refs } = w.thread(READER);
  const { lists } = lockFreeReads(w.thread(READER));
  const item = unlessLocked(() => lists.get(s.list, 0));
  if (item === 0) return;
  w.i32[s.got] = numbers.value(item);
  refs.decref(item);
}

function nameResult(s: FullList, w: World): { got: string } {
  w.main.refs.decref(w.i32[s.made]);
  w.main.refs.decref(s.list);
  for (const block of s.fillers) w.thread(WRITER).allocator.free(block, HeapTag.Object);
  return { got: ['by the lock', 'the item', 'its replacement', 'a stranger'][w.i32[s.got]] };
}

/**
 * CPython's `list_get_item_ref` (3.13, 3.14): size; array; index against that array's own capacity; item; increment
 * if immortal or own, else conditionally, and then the slot - of the array that was read - is compared. Whether the
 * list still shows that array is not looked at.
 */
class CPythonGet extends LockFreeLists {
  /** Declared racy reads, as in production. */
  override get(list: Ref, index: number): Ref {
    const heap = this.i32;
    if (index >= heap[list + ListObject.Size]) return super.get(list, index);
    const array = Atomics.load(heap, list + ListObject.Items);
    if (array === 0 || index >= heap[array + ListArray.Capacity]) return super.get(list, index);
    const slot = array + ListArray.Items + index;
    const item = Atomics.load(heap, slot);
    if (item !== 0 && this.refs.tryIncrefCompare(slot, item)) return item;
    return this.getLocked(list, index);
  }
}

/** Production's read without its second look at the array. */
class NoSecondLookAtArray extends LockFreeLists {
  protected override arrayUnchanged(_list: Ref, _array: number): boolean {
    return true;
  }
}

/** D6. With each step of the read as in CPython, and then with production's read less its second look. */
export const listReadResize = scenario<FullList>('list-read-resize', {
  about: 'list[0] in an array that an append has replaced, its item dead and its block used again (PIT-10.2)',
  litmus: ['D6'],
  refcount: ['biased'],
  world: { allocator: 'reuse' },
  setup: fullList,
  threads: { writer: growAndReplace, reader: readFirst },
  after: nameResult,
  outcomes: {
    'got=the item': 'required',
    'got=its replacement': 'required',
    'got=by the lock': 'required',
  },
  variants: {
    'CPython 3.13: the array is not looked at again': {
      overrides: [CPythonGet],
      finds: ['got=a stranger'],
    },
    'no second look at the array': {
      overrides: [NoSecondLookAtArray],
      finds: ['got=a stranger'],
    },
    'CPython 3.13, over mimalloc': {
      overrides: [CPythonGet],
      world: { allocator: 'real' },
      setup: fullListAndPage,
      finds: ['got=a stranger'],
    },
    'over mimalloc': { world: { allocator: 'real' }, setup: fullListAndPage },
  },
});
