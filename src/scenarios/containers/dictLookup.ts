import { Control, DictObject } from '../../memory/layout.js';
import { LockFreeDicts } from '../../objects/lockFreeDicts.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Looked {
  readonly dict: Ref;
  /** What the reader looks up. */
  readonly key: Ref;
  /** What the writer adds. */
  readonly other: Ref;
  /** The first table. */
  readonly table: number;
  /** Word for the value that the reader has found, 0: none. */
  readonly got: number;
}

const enum Thread {
  Reader = 0,
  Writer = 1,
}

/** A lookup of a key that is there: small ints as values, which have no counts. */
function lookUp(s: Looked, w: World): void {
  const { dicts, numbers } = w.thread(Thread.Reader);
  const value = dicts.get(s.dict, s.key);
  if (value !== 0) w.i32[s.got] = numbers.value(value);
}

/** Grows the table, and lets go of the old one. */
function grow(s: Looked, w: World): void {
  const thread = w.thread(Thread.Writer);
  thread.dicts.set(s.dict, s.other, thread.numbers.int(2));
  thread.poll();
  thread.processDelayed();
}

/**
 * A dict of this thread's whose table is full. The reader's key has the value 1. No key hashes to position 0, so that
 * a lookup in the ruins of a freed table, which looks as if it had one position, ends.
 */
function fullDict(w: World, owner: Thread): Looked {
  const { dicts, numbers } = w.thread(owner);
  const dict = dicts.create();
  for (let key = 1; key <= 5; key++) dicts.set(dict, numbers.int(key), numbers.int(1));
  const table = w.i32[dict + DictObject.Keys];
  return { dict, key: numbers.int(1), other: numbers.int(6), table, got: w.words(1, 'got') };
}

function gotAndFreed(s: Looked, w: World): { got: number; freed: boolean } {
  const result = { got: w.i32[s.got], freed: w.freed(s.table) };
  w.main.refs.decref(s.dict);
  return result;
}

/** Frees a table that readers may be in. */
class TableFreedAtOnce extends LockFreeDicts {
  protected override retireTable(_dict: Ref, keys: number): void {
    this.tables.recycle(keys);
  }
}

/** Scenario 21. */
export const lookupResize = scenario<Looked>('dict-lookup-resize', {
  about: 'a lookup against an insert that moves the dict to a larger table (gh-144295)',
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup(w) {
    const s = fullDict(w, Thread.Writer);
    // The first read of a thread that is not the owner takes the lock; the next one does not.
    w.thread(Thread.Reader).dicts.get(s.dict, s.key);
    return s;
  },
  threads: { lookUp, grow },
  after: gotAndFreed,
  outcomes: {
    'got=1, freed=true': 'required',
    'got=1, freed=false': { biased: 'expected', else: 'forbidden' },
    'use after free': { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'old table freed at once (gh-144295)': {
      overrides: [TableFreedAtOnce],
      refcount: ['biased'],
      finds: ['use after free'],
    },
  },
});

/** A thread that is not the owner replaces the table without telling that the owner may be in it. */
class OwnerForgotten extends LockFreeDicts {
  protected override announceRetirement(_dict: Ref): void {}
}

export const ownerLookupResize = scenario<Looked>('dict-owner-lookup-resize', {
  about: 'the owner looks a key up in a dict that nobody shares yet; another thread grows it (gh-127521)',
  refcount: ['biased'],
  setup: (w) => fullDict(w, Thread.Reader),
  threads: { lookUp, grow },
  after: gotAndFreed,
  outcomes: { 'got=1, freed=true': 'required', 'got=1, freed=false': 'expected' },
  variants: {
    'old table freed at once (gh-127521)': { overrides: [OwnerForgotten], finds: ['use after free'] },
  },
});

// --- A table that is freed and comes back at the same address ---

/** The dict's key is equal to the reader's, but another object, which dies with its entry. */
function dictWithEqualKey(w: World): Looked {
  const { dicts, numbers, refs } = w.thread(Thread.Writer);
  const dict = dicts.create();
  const stored = numbers.float(1);
  dicts.set(dict, stored, numbers.int(1));
  // Else a reader may not take a reference to compare with.
  refs.setMaybeWeakref(stored);
  refs.decref(stored);
  const table = w.i32[dict + DictObject.Keys];
  const s = { dict, key: numbers.int(1), other: numbers.int(2), table, got: w.words(1, 'got') };
  // From here readers take no lock.
  w.thread(Thread.Reader).dicts.valueSlot(dict, s.key);
  return s;
}

function clear(s: Looked, w: World): void {
  w.thread(Thread.Writer).dicts.clear(s.dict);
}

/** The old table is freed as soon as the reader allows it; another key comes into one that may lie in its place. */
function replace(s: Looked, w: World): void {
  clear(s, w);
  const thread = w.thread(Thread.Writer);
  thread.poll();
  thread.processDelayed();
  thread.dicts.set(s.dict, s.other, thread.numbers.int(2));
}

/**
 * What `DelayedFree` does for a key that is huge, when there is no memory to remember it. A read that must take the
 * lock finds nothing here: waiting for the lock is not what this is about, and too long for a search to the end.
 */
class QuiescentInComparison extends LockFreeDicts {
  protected override dropCompared(stored: Ref): boolean {
    const heap = this.i32;
    const before = heap[this.quiescence];
    this.refs.decref(stored);
    Atomics.store(heap, this.quiescence, Atomics.load(heap, Control.WriteSequence));
    return heap[this.quiescence] !== before;
  }

  protected override getLocked(): Ref {
    return 0;
  }
}

/** On top of the other one. */
class QuiescenceUnnoticed extends LockFreeDicts {
  protected override dropCompared(stored: Ref): boolean {
    super.dropCompared(stored);
    return false;
  }
}

/** The value of another key is never an answer. */
export const lookupClear = scenario<Looked>('dict-lookup-clear', {
  about: 'a lookup compares keys while the dict is cleared, its table freed and used again (PIT-10.4)',
  refcount: ['biased'],
  setup: dictWithEqualKey,
  threads: { lookUp, clear },
  after(s, w) {
    const got = w.i32[s.got];
    w.main.refs.decref(s.dict);
    return { got };
  },
  outcomes: { 'got=1': 'required', 'got=0': 'required' },
  world: { allocator: 'reuse' },
  variants: {
    'quiescent point in the comparison': {
      overrides: [QuiescentInComparison],
      threads: { lookUp, replace },
    },
    'quiescent point in the comparison, unnoticed': {
      overrides: [QuiescentInComparison, QuiescenceUnnoticed],
      threads: { lookUp, replace },
      finds: ['got=2', 'use after free', 'type confusion'],
    },
  },
});
