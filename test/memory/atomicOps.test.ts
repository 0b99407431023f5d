import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AtomicOps, PlainAtomicOps, WasmAtomicOps } from '#ungil/memory/atomicOps.js';
import { ATOMICS_WASM } from '#ungil/memory/atomicsWasm.js';
import { Control, DictObject, GcBits, Header, ListArray, ListObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { assemble } from '../../scripts/wat.mjs';

const BASE = Control.Scratch;
const WORDS = 8;
const LIST = BASE + 16;
const ARRAY = BASE + 32;
const DICT = BASE + 64;
const KEYS = BASE + 80;
const CAPACITY = 6;
const OWNER = 5;

/** The same start for both: a list with room, a dict with one table, some plain words. */
class Side {
  readonly memory = SharedMemory.create(16 << 20);
  readonly ops: AtomicOps;

  constructor(make: new (memory: SharedMemory) => AtomicOps) {
    this.ops = new make(this.memory);
  }

  reset(shared: boolean, size: number): void {
    const heap = this.memory.i32;
    heap.fill(0, BASE, BASE + 128);
    for (const object of [LIST, DICT]) heap[object + Header.Owner] = OWNER;
    if (shared) for (const object of [LIST, DICT]) heap[object] |= GcBits.Shared << 24;
    heap[LIST + ListObject.Items] = ARRAY;
    heap[LIST + ListObject.Size] = size;
    heap[ARRAY + ListArray.Capacity] = CAPACITY;
    for (let i = 0; i < size; i++) heap[ARRAY + ListArray.Items + i] = 4000 + 4 * i;
    heap[DICT + DictObject.Keys] = KEYS;
    heap[KEYS + 1] = 8000;
  }

  words(): number[] {
    return Array.from(this.memory.i32.subarray(BASE, BASE + 128));
  }
}

type Step = (side: Side) => unknown;

const word = fc.integer({ min: 0, max: WORDS - 1 }).map((index) => BASE + index);
const byte = fc.integer({ min: 0, max: WORDS * 4 - 1 }).map((index) => BASE * 4 + index);
/** Small ones too, so that comparisons meet. */
const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const item = fc.integer({ min: 1, max: 1000 }).map((index) => index * 4);
const id = fc.constantFrom(OWNER, OWNER + 2);
const mutex = fc.constantFrom(LIST, DICT).map((object) => (object << 2) + Header.MutexByte);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom([LIST, ListObject.Items] as const, [DICT, DictObject.Keys] as const).map(
    ([object, field]) =>
      ({ ops }: Side) =>
        ops.loadShared(object, field),
  ),
  fc.tuple(word, value).map(
    ([w, v]) =>
      ({ ops }: Side) =>
        ops.add(w, v),
  ),
  word.map(
    (w) =>
      ({ ops }: Side) =>
        ops.load(w),
  ),
  fc.tuple(word, value).map(
    ([w, v]) =>
      ({ ops }: Side) =>
        ops.store(w, v),
  ),
  fc.tuple(word, value, value).map(
    ([w, e, v]) =>
      ({ ops }: Side) =>
        ops.compareExchange(w, e, v),
  ),
  fc.oneof(byte, mutex).map(
    (b) =>
      ({ ops }: Side) =>
        ops.tryLock(b),
  ),
  fc.oneof(byte, mutex).map(
    (b) =>
      ({ ops }: Side) =>
        ops.tryUnlock(b),
  ),
  fc.tuple(item, id).map(
    ([i, t]) =>
      ({ ops }: Side) =>
        ops.listAppend(LIST, i, t),
  ),
  fc.tuple(fc.integer({ min: -2, max: 8 }), item, id).map(
    ([at, i, t]) =>
      ({ ops }: Side) =>
        ops.listReplace(LIST, at, i, t),
  ),
  fc.tuple(fc.constantFrom(KEYS, KEYS + 16), fc.constantFrom(KEYS + 1, KEYS + 2), item, id).map(
    ([keys, slot, i, t]) =>
      ({ ops }: Side) =>
        ops.dictReplace(DICT, keys, slot, i, t),
  ),
);

const wasm = new Side(WasmAtomicOps);
const plain = new Side(PlainAtomicOps);

describe('the two forms of atomic operations', () => {
  it('do the same, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.nat(CAPACITY),
        fc.array(step, { maxLength: 60 }),
        (shared, size, steps) => {
          wasm.reset(shared, size);
          plain.reset(shared, size);
          for (const act of steps) expect(act(wasm)).toBe(act(plain));
          expect(wasm.words()).toEqual(plain.words());
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe.each([
  ['wasm', wasm],
  ['TypeScript', plain],
])('short critical sections in %s', (_, side) => {
  const heap = side.memory.i32;
  const listMutex = (LIST << 2) + Header.MutexByte;

  it('append where there is room', () => {
    side.reset(false, 5);
    expect(side.ops.listAppend(LIST, 44, OWNER)).toBe(1);
    expect(side.ops.listAppend(LIST, 48, OWNER)).toBe(0);
    expect(heap[LIST + ListObject.Size]).toBe(6);
    expect(heap[ARRAY + ListArray.Items + 5]).toBe(44);
    expect(heap[ARRAY + ListArray.Items + 6]).toBe(0);
    heap[LIST + ListObject.Items] = 0;
    heap[LIST + ListObject.Size] = 0;
    expect(side.ops.listAppend(LIST, 48, OWNER)).toBe(0);
  });

  it('replace what is there, and nothing else', () => {
    side.reset(true, 2);
    expect(side.ops.listReplace(LIST, 1, 44, OWNER)).toBe(4004);
    expect(side.ops.listReplace(LIST, 1, 48, OWNER + 2)).toBe(44);
    expect(side.ops.listReplace(LIST, 2, 52, OWNER)).toBe(0);
    expect(side.ops.listReplace(LIST, -1, 52, OWNER)).toBe(0);
    expect(side.ops.dictReplace(DICT, KEYS, KEYS + 1, 44, OWNER)).toBe(8000);
    expect(side.ops.dictReplace(DICT, KEYS + 16, KEYS + 1, 48, OWNER)).toBe(0);
    expect(side.ops.dictReplace(DICT, KEYS, KEYS + 2, 48, OWNER)).toBe(0);
    expect([heap[KEYS + 1], heap[KEYS + 2]]).toEqual([44, 0]);
  });

  it('do nothing while somebody holds the mutex', () => {
    side.reset(false, 2);
    expect(side.ops.tryLock(listMutex)).toBe(0);
    const before = side.words();
    expect(side.ops.listAppend(LIST, 44, OWNER)).toBe(0);
    expect(side.ops.listReplace(LIST, 0, 44, OWNER)).toBe(0);
    expect(side.words()).toEqual(before);
    expect(side.ops.tryUnlock(listMutex)).toBe(1);
  });
});

it('the wasm module in the source is what its text assembles to', async () => {
  expect(ATOMICS_WASM).toBe(await assemble());
});
