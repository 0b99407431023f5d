import { describe, expect, test } from 'vitest';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { FatalError } from '#ungil/memory/errors.js';
import { Control, Header, Immortal } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { AtomicRefCounter } from '#ungil/refcount/atomic.js';
import { PlainRefCounter } from '#ungil/refcount/plain.js';

const OBJECT = Control.StaticArena;

function plain() {
  const memory = SharedMemory.create(16 << 20);
  const refs = new PlainRefCounter(memory);
  const dead: number[] = [];
  refs.deallocator = { dealloc: (object) => dead.push(object) };
  return { memory, refs, dead };
}

describe('plain counts', () => {
  test('free with the last reference', () => {
    const { refs, dead } = plain();
    refs.init(OBJECT, 4, 0);
    refs.incref(OBJECT);
    expect(refs.isUnique(OBJECT)).toBe(false);
    refs.decref(OBJECT);
    expect(refs.isUnique(OBJECT)).toBe(true);
    refs.decref(OBJECT);
    expect(dead).toEqual([OBJECT]);
  });

  test('INV-1.5: an immortal count only drifts upwards to its initial value', () => {
    const { memory, refs, dead } = plain();
    refs.initImmortal(OBJECT, 4);
    refs.incref(OBJECT);
    refs.decref(OBJECT);
    expect(refs.count(OBJECT)).toBe(3 * 2 ** 30);
    memory.i32[OBJECT + Header.Local] = Immortal.PlainMinimum;
    refs.decref(OBJECT);
    expect(memory.i32[OBJECT + Header.Local]).toBe(Immortal.PlainMinimum);
    refs.incref(OBJECT);
    expect(memory.i32[OBJECT + Header.Local]).toBe(Immortal.PlainMinimum + 1);
    expect(dead).toEqual([]);
  });
});

describe('atomic counts', () => {
  function atomic() {
    const memory = SharedMemory.create(16 << 20);
    const refs = new AtomicRefCounter(memory, new PlainAtomicOps(memory));
    const dead: number[] = [];
    refs.deallocator = { dealloc: (object) => dead.push(object) };
    return { memory, refs, dead };
  }

  test('free with the last reference and notice one too few', () => {
    const { refs, dead } = atomic();
    refs.init(OBJECT, 4, 0);
    refs.incref(OBJECT);
    refs.decref(OBJECT);
    refs.decref(OBJECT);
    expect(dead).toEqual([OBJECT]);
    expect(() => refs.decref(OBJECT)).toThrow(FatalError);
  });

  test('a conditional increment never revives and re-checks its slot', () => {
    const { memory, refs } = atomic();
    refs.init(OBJECT, 4, 0);
    memory.i32[Control.Scratch] = OBJECT;
    expect(refs.tryIncrefCompare(Control.Scratch, OBJECT)).toBe(true);
    memory.i32[Control.Scratch] = 0;
    expect(refs.tryIncrefCompare(Control.Scratch, OBJECT)).toBe(false);
    expect(refs.count(OBJECT)).toBe(2);
    refs.decref(OBJECT);
    refs.decref(OBJECT);
    expect(refs.tryIncrefCompare(Control.Scratch, OBJECT)).toBe(false);
  });
});
