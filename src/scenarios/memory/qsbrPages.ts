import { HeapContext } from '../../allocators/mimalloc/heapContext.js';
import { Page, Slice } from '../../allocators/mimalloc/layout.js';
import { pageOf } from '../../allocators/mimalloc/page.js';
import type { QsbrPages } from '../../allocators/mimalloc/qsbrPages.js';
import { PageRetirement } from '../../allocators/mimalloc/retire.js';
import { BuiltinType, Header, HeapTag, SharedState, ThreadBlock } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const WRITER = 0;
const READER = 1;

/** Four blocks fill a page of objects. */
const ObjectWords = Slice.SmallMaxWords;
const BLOCKS_OF_A_PAGE = 4;
/** Of another size class and another heap. */
const DataWords = ObjectWords >> 1;

/**
 * A page of the writer's, empty or with one object that a slot shows. Behind it lies another page, so that its
 * slices are the first to be taken for a page of any kind.
 */
interface OnePage {
  /** Word that shows the object. */
  readonly slot: number;
  /** What the reader has got: the object. */
  readonly got: number;
  /** The block of the other size class, and what somebody else has made of a word in it. */
  readonly data: number;
  readonly spoilt: number;
  readonly page: number;
  /** Freed at the end. */
  readonly others: readonly { readonly block: number; readonly tag: HeapTag }[];
}

/** In the place of a count: somebody who takes it for one finds one reference, and may take another. */
const LooksCounted = SharedState.One | SharedState.MaybeWeakref;

/**
 * An object of a whole block's size, whose count others may raise: a lock, for it is freed as it is. It is the
 * first in its page, so that a block of any size class lies in the same place later.
 */
function makeObject(w: World): Ref {
  const { allocator, refs } = w.thread(WRITER);
  const object = allocator.alloc(ObjectWords, HeapTag.Object);
  refs.init(object, BuiltinType.Lock, 0);
  refs.setMaybeWeakref(object);
  return object;
}

/** Pages in the writer's bin: the one that it is about, and behind it one with room, so that neither is alone. */
function onePage(w: World): OnePage & { readonly object: Ref } {
  const { allocator, block } = w.thread(WRITER);
  const words = { slot: w.words(1, 'slot'), got: w.words(1, 'got') };
  const more = { data: w.words(1, 'data'), spoilt: w.words(1, 'spoilt') };
  const others: { block: number; tag: HeapTag }[] = [];
  const add = (tag: HeapTag) => others.push({ block: allocator.alloc(ObjectWords, tag), tag });
  for (let i = 0; i < BLOCKS_OF_A_PAGE; i++) add(HeapTag.Object);
  const object = makeObject(w);
  // So that the object's block, freed last, is the page's next one.
  const rest = [1, 2, 3].map(() => allocator.alloc(ObjectWords, HeapTag.Object));
  for (const block of rest) allocator.free(block, HeapTag.Object);
  add(HeapTag.Gc);
  const [first] = others.splice(0, 1);
  allocator.free(first.block, HeapTag.Object);
  // The next empty page is over the budget of pages: its goal needs nobody's later advance.
  w.i32[block + ThreadBlock.DeferredPageMemory] = 1 << 20;
  return { ...words, ...more, page: pageOf(w.i32, object), others, object };
}

/** The slot shows the page's only object. */
function pageWithObject(w: World): OnePage {
  const s = onePage(w);
  w.i32[s.slot] = s.object;
  return s;
}

/** The page has been emptied, and waits for a goal that the reader has not passed. */
function emptiedPage(w: World): OnePage {
  const s = onePage(w);
  const { refs, block } = w.thread(WRITER);
  refs.decref(s.object);
  w.i32[block + ThreadBlock.DeferredPageMemory] = 1 << 20;
  // The writer passes the goal here, and looks at the list of pages, as it has been asked to.
  w.thread(WRITER).poll();
  return s;
}

/** Reads without a lock, and counts what it finds, if that has a count. */
function read(s: OnePage, w: World): void {
  const { refs } = w.thread(READER);
  const object = Atomics.load(w.i32, s.slot);
  if (object === 0 || !refs.tryIncrefCompare(s.slot, object)) return;
  w.i32[s.got] = object;
  refs.decref(object);
}

function reader(s: OnePage, w: World): void {
  read(s, w);
  w.thread(READER).poll();
}

/** Passes the goal of the time when the page was first emptied. */
function restedReader(s: OnePage, w: World): void {
  w.thread(READER).poll();
  read(s, w);
}

/** The slot's object goes, and something of another size class is made. */
function dropAndMake(s: OnePage, w: World): void {
  const { allocator, refs } = w.thread(WRITER);
  const object = w.i32[s.slot];
  Atomics.store(w.i32, s.slot, 0);
  refs.decref(object);
  w.thread(WRITER).poll();
  const data = allocator.alloc(DataWords, HeapTag.Mem);
  w.i32[s.data] = data;
  w.i32[data + Header.Local] = 0;
  Atomics.store(w.i32, data + Header.Shared, LooksCounted);
  if (Atomics.load(w.i32, data + Header.Shared) !== LooksCounted) w.i32[s.spoilt] = 1;
}

/** The page is used again before that: its old goal has nothing to do with who reads now. */
function reuseDropAndMake(s: OnePage, w: World): void {
  const object = makeObject(w);
  Atomics.store(w.i32, s.slot, object);
  dropAndMake(s, w);
}

function result(s: OnePage, w: World): { reused: boolean; spoilt: boolean } {
  const data = w.i32[s.data];
  const { allocator } = w.thread(WRITER);
  const outcome = { reused: pageOf(w.i32, data) === s.page, spoilt: w.i32[s.spoilt] !== 0 };
  w.check(timesInList(s, w) <= 1, 'the page is in the list of pages with goals more than once');
  allocator.free(data, HeapTag.Mem);
  for (const { block, tag } of s.others) allocator.free(block, tag);
  return outcome;
}

function timesInList(s: OnePage, w: World): number {
  const { block } = w.thread(WRITER);
  let times = 0;
  let steps = 0;
  let page = w.i32[block + ThreadBlock.QsbrPagesHead];
  while (page !== 0 && steps++ < 16) {
    if (page === s.page) times++;
    page = w.i32[page + Page.QsbrNext];
  }
  return times;
}

// --- Broken steps ---

/** Pages of objects are given back as those of bare memory are: at once. */
class NoGracePeriod extends HeapContext {
  override delayOf(_page: number): QsbrPages | null {
    return null;
  }
}

class KeepsOldGoal extends PageRetirement {
  protected override forgetOldGoal(_page: number): void {}
}

/** Scenario 29. */
export const pageReuse = scenario<OnePage>('page-reuse', {
  about: "an empty page becomes another size class's while a reader may still count in it (PEP 703)",
  refcount: ['biased'],
  setup: pageWithObject,
  threads: { writer: dropAndMake, reader },
  after: result,
  outcomes: { 'reused=false, spoilt=false': 'required', 'reused=true, spoilt=false': 'required' },
  world: { allocator: 'real' },
  variants: {
    'reused before its grace period': {
      overrides: [NoGracePeriod],
      finds: ['reused=true, spoilt=true'],
    },
  },
});

/** D28. */
export const pageEmptiedTwice = scenario<OnePage>('page-emptied-twice', {
  about: 'a page is emptied, allocated from, and emptied again: it has a new goal (D28, gh-145615)',
  litmus: ['D28'],
  refcount: ['biased'],
  setup: emptiedPage,
  threads: { writer: reuseDropAndMake, reader: restedReader },
  after: result,
  outcomes: { 'reused=false, spoilt=false': 'required', 'reused=true, spoilt=false': 'required' },
  world: { allocator: 'real' },
  variants: {
    'keeps its old goal': { overrides: [KeepsOldGoal], finds: ['reused=true, spoilt=true'] },
  },
});
