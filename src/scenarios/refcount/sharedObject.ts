import { Header, Immortal, SharedState } from '../../memory/layout.js';
import { AtomicRefCounter } from '../../refcount/atomic.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import { PlainRefCounter } from '../../refcount/plain.js';
import type { Ref } from '../../refcount/refCounter.js';
import { AtomicSideTableRefCounter } from '../../refcount/sideTable.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';
import { DecrefAndDonate } from './brokenCounts.js';

interface Shared {
  readonly object: Ref;
}

/** An object of the main thread's, with so many references. */
function sharedFloat(w: World, references: number): Shared {
  const object = w.main.numbers.float(1);
  for (let i = 1; i < references; i++) w.main.refs.incref(object);
  return { object };
}

/** Gil, plain, atomic, biased: the order of the tables in the reports. */
const ALL = ['gil', 'plain', 'atomic', 'biased', 'side-table'] as const;

// --- Broken steps ---

/** The read and the write of an increment apart from each other: atomic accesses, and no atomic increment. */
class IncrefInTwoSteps extends AtomicRefCounter {
  override incref(object: Ref): void {
    const word = object + Header.Shared;
    Atomics.store(this.i32, word, Atomics.load(this.i32, word) + 1);
  }
}

/** The same in the side table. */
class TableIncrefInTwoSteps extends AtomicSideTableRefCounter {
  override incref(object: Ref): void {
    const word = this.countWord(object);
    Atomics.store(this.i32, word, Atomics.load(this.i32, word) + 1);
  }
}

/** Every thread counts as if the object were its own. */
class EverybodyOwns extends BiasedRefCounter {
  protected override isOwner(heap: Int32Array, object: Ref): boolean {
    return heap[object + Header.Local] !== Immortal.Local;
  }
}

/** `if (--count == 0)` where the comparison reads the count once more. */
class PlainCountReadAgain extends PlainRefCounter {
  override decref(object: Ref): void {
    const heap = this.i32;
    heap[object + Header.Local]--;
    if (heap[object + Header.Local] === 0) this.deallocator.dealloc(object);
  }
}

/** The same with an atomic decrement. */
class AtomicCountReadAgain extends AtomicRefCounter {
  override decref(object: Ref): void {
    const word = object + Header.Shared;
    Atomics.sub(this.i32, word, 1);
    if (Atomics.load(this.i32, word) === 0) this.deallocator.dealloc(object);
  }
}

/** The same for a foreign thread under biased counts. */
class SharedIncrefInTwoSteps extends BiasedRefCounter {
  override incref(object: Ref): void {
    const word = object + Header.Shared;
    Atomics.store(this.i32, word, Atomics.load(this.i32, word) + SharedState.One);
  }
}

// --- Scenario 1 ---

/** The main thread's reference keeps the object alive all the time, so that the last touch is legal. */
function increfDecref(s: Shared, w: World, me: number): void {
  const { refs, numbers } = w.thread(me);
  refs.incref(s.object);
  refs.decref(s.object);
  w.thread(me).poll();
  numbers.value(s.object);
}

/**
 * Plain: of two increments at once one is lost; then the second decrement frees an object that is still in use, or
 * of two decrements at once one is lost as well and the object stays. It is never freed twice: a decrement reads the
 * count once, and after one has stored 1 the other either has read 2 or is the only one to read 1.
 */
export const increfDecrefShared = scenario<Shared>('incref-decref', {
  about: 'two threads incref and decref one shared object (PEP 703: why plain counts need the GIL)',
  refcount: ALL,
  setup: (w) => sharedFloat(w, 1),
  threads: [increfDecref, increfDecref],
  after(s, w) {
    const freed = w.freed(s.object);
    if (!freed) w.main.refs.decref(s.object);
    return { freed };
  },
  outcomes: {
    'freed=false': 'required',
    'use after free': { plain: 'required', else: 'forbidden' },
    leak: { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'atomic accesses, but the increment is not atomic': {
      overrides: [IncrefInTwoSteps],
      finds: ['use after free', 'leak'],
      refcount: ['atomic'],
    },
    'the increment in the side table is not atomic': {
      overrides: [TableIncrefInTwoSteps],
      finds: ['use after free', 'leak'],
      refcount: ['side-table'],
    },
    'a thread counts in the local count of an object that is not its own': {
      overrides: [EverybodyOwns],
      finds: ['use after free', 'leak'],
      refcount: ['biased'],
    },
  },
});

// --- Scenario 2 ---

/**
 * Plain: both read 2 and store 1. Two decrements never both free: each reads the count once, and to read 1 it must
 * come after the other's store. Biased: neither thread is the owner, whose queue holds the object until it looks.
 */
export const lastTwoReferences = scenario<Shared>('last-two', {
  about: 'the last two references are dropped at once, by threads that do not own the object',
  litmus: ['D1'],
  refcount: ALL,
  setup: (w) => sharedFloat(w, 2),
  threads: [(s, w) => w.thread(0).refs.decref(s.object), (s, w) => w.thread(1).refs.decref(s.object)],
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: {
    'freed=true': { biased: 'forbidden', else: 'required' },
    'freed=false': { biased: 'interesting', else: 'forbidden' },
    leak: { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'the count is read again after a plain decrement': {
      overrides: [PlainCountReadAgain],
      finds: ['double free', 'use after free'],
      refcount: ['plain'],
    },
    'the count is read again after an atomic decrement': {
      overrides: [AtomicCountReadAgain],
      finds: ['double free', 'use after free'],
      refcount: ['atomic'],
    },
    'the donated reference is taken back from the shared count too (D1)': {
      overrides: [DecrefAndDonate],
      finds: ['leak'],
      refcount: ['biased'],
    },
  },
});

/** Makes a copy of its reference and drops both. */
function copyAndDrop(s: Shared, w: World, me: number): void {
  const { refs } = w.thread(me);
  refs.incref(s.object);
  refs.decref(s.object);
  refs.decref(s.object);
}

/** Plain: with an increment lost, the fourth decrement comes too late, or two read 1 and both free. */
export const copiesOfTheLastTwo = scenario<Shared>('last-two-copied', {
  about: 'each of two threads copies its reference and drops both',
  refcount: ALL,
  setup: (w) => sharedFloat(w, 2),
  threads: [copyAndDrop, copyAndDrop],
  after: (s, w) => ({ freed: w.freed(s.object) }),
  outcomes: {
    'freed=true': { biased: 'forbidden', else: 'required' },
    'freed=false': { biased: 'interesting', else: 'forbidden' },
    'use after free': { plain: 'required', else: 'forbidden' },
    'double free': { plain: 'required', else: 'forbidden' },
    leak: { plain: 'required', else: 'forbidden' },
  },
  variants: {
    'atomic accesses, but the increment is not atomic': {
      overrides: [IncrefInTwoSteps],
      finds: ['use after free', 'leak', 'error'],
      refcount: ['atomic'],
    },
    'the increment of a foreign thread is not atomic': {
      overrides: [SharedIncrefInTwoSteps],
      finds: ['leak'],
      refcount: ['biased'],
    },
  },
});
