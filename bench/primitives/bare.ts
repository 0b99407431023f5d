import { Control } from '../../src/memory/layout.js';
import { type Case, INNER } from '../suite.js';

/** What a primitive could cost at the least: its reads and writes of shared memory alone, without the runtime. */
export type Shape = 'read' | 'write' | 'two counts' | 'lock' | 'block';

export const SHAPES: readonly Shape[] = ['read', 'write', 'two counts', 'lock', 'block'];

/** What the loops of a shape do, for the legend. */
export const SHAPE_WORDS: Readonly<Record<Shape, string>> = {
  read: 'one word read',
  write: 'one word written',
  'two counts': 'one word incremented, and decremented again',
  lock: 'one word set to 1 if it is 0, and back',
  block: 'a block popped off a list, four words written, pushed back',
};

const WORD = Control.Scratch;
const HEAD = Control.Scratch + 16;
const FIRST = Control.Scratch + 32;
const SECOND = Control.Scratch + 64;

/** A bare loop that was not removed has left this behind. */
function expectWord(heap: Int32Array, word: number, value: number): void {
  if (heap[word] !== value) throw new Error(`a bare loop left ${heap[word]} in its word, not ${value}`);
}

/** Each shape through a typed array (`read plain`) and through Atomics (`read atomic`). */
export function bareCases(heap: Int32Array): Case[] {
  return SHAPES.flatMap((shape) => {
    const [plain, atomic] = bodies(shape, heap);
    return [
      { name: bareName(shape, 'plain'), body: plain },
      { name: bareName(shape, 'atomic'), body: atomic },
    ];
  });
}

export function bareName(shape: Shape, kind: 'plain' | 'atomic'): string {
  return `${shape} ${kind}`;
}

function bodies(shape: Shape, heap: Int32Array): [plain: () => void, atomic: () => void] {
  switch (shape) {
    case 'read':
      return reads(heap);
    case 'write':
      return writes(heap);
    case 'two counts':
      return counts(heap);
    case 'lock':
      return locks(heap);
    case 'block':
      return blocks(heap);
  }
}

function reads(heap: Int32Array): [() => void, () => void] {
  return [
    () => {
      heap[WORD] = 1;
      let sum = 0;
      // The mask keeps V8 from lifting the read out of the loop: the word is another each time.
      for (let i = 0; i < INNER; i++) sum += heap[WORD + (i & 1) * 4];
      if (sum > INNER) throw new Error('a bare loop read something else');
    },
    () => {
      let sum = 0;
      for (let i = 0; i < INNER; i++) sum += Atomics.load(heap, WORD + (i & 1) * 4);
      if (sum > INNER) throw new Error('a bare loop read something else');
    },
  ];
}

function writes(heap: Int32Array): [() => void, () => void] {
  return [
    () => {
      for (let i = 0; i < INNER; i++) heap[WORD + (i & 1) * 4] = i;
      expectWord(heap, WORD, INNER - 2);
    },
    () => {
      for (let i = 0; i < INNER; i++) Atomics.store(heap, WORD + (i & 1) * 4, i);
      expectWord(heap, WORD, INNER - 2);
    },
  ];
}

function counts(heap: Int32Array): [() => void, () => void] {
  return [
    () => {
      heap[WORD] = 0;
      heap[WORD + 16] = 0;
      // Two words: an increment and a decrement of one would cancel out.
      for (let i = 0; i < INNER; i++) {
        heap[WORD]++;
        heap[WORD + 16]--;
      }
      expectWord(heap, WORD, INNER);
    },
    () => {
      heap[WORD] = 0;
      for (let i = 0; i < INNER; i++) {
        Atomics.add(heap, WORD, 1);
        Atomics.sub(heap, WORD, 1);
      }
      expectWord(heap, WORD, 0);
    },
  ];
}

function locks(heap: Int32Array): [() => void, () => void] {
  return [
    () => {
      heap[WORD] = 0;
      let taken = 0;
      for (let i = 0; i < INNER; i++) {
        const word = WORD + (i & 1) * 4;
        if (heap[word] === 0) {
          heap[word] = 1;
          taken++;
        }
        heap[word] = 0;
      }
      if (taken < INNER / 2) throw new Error('a bare lock was not free');
    },
    () => {
      heap[WORD] = 0;
      let taken = 0;
      for (let i = 0; i < INNER; i++) {
        if (Atomics.compareExchange(heap, WORD, 0, 1) === 0) taken++;
        Atomics.compareExchange(heap, WORD, 1, 0);
      }
      if (taken !== INNER) throw new Error('a bare lock was not free');
    },
  ];
}

function blocks(heap: Int32Array): [() => void, () => void] {
  const prepare = (): void => {
    heap[HEAD] = FIRST;
    heap[FIRST] = SECOND;
  };
  return [
    () => {
      prepare();
      for (let i = 0; i < INNER; i++) {
        const block = heap[HEAD];
        heap[HEAD] = heap[block];
        heap[block] = i;
        heap[block + 1] = 1;
        heap[block + 2] = 0;
        heap[block + 3] = i;
        heap[block] = heap[HEAD];
        heap[HEAD] = block;
      }
      expectWord(heap, HEAD, FIRST);
    },
    () => {
      prepare();
      for (let i = 0; i < INNER; i++) {
        const block = Atomics.load(heap, HEAD);
        Atomics.compareExchange(heap, HEAD, block, Atomics.load(heap, block));
        for (let word = 0; word < 4; word++) Atomics.store(heap, block + word, i);
        const next = Atomics.load(heap, HEAD);
        Atomics.store(heap, block, next);
        Atomics.compareExchange(heap, HEAD, next, block);
      }
      expectWord(heap, HEAD, FIRST);
    },
  ];
}
