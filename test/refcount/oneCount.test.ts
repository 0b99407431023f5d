import { describe, expect, test } from 'vitest';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { BuiltinType, Control, Geometry, Immortal } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { AtomicRefCounter } from '#ungil/refcount/atomic.js';
import { PlainRefCounter } from '#ungil/refcount/plain.js';
import { AtomicSideTableRefCounter, SideTableRefCounter } from '#ungil/refcount/sideTable.js';

const SLOT = Control.Scratch;
const OBJECT = Geometry.SegmentWords;
const OTHER = OBJECT + 64;

const COUNTERS = {
  plain: (memory: SharedMemory) => new PlainRefCounter(memory),
  atomic: (memory: SharedMemory) => new AtomicRefCounter(memory, new PlainAtomicOps(memory)),
  'side-table': (memory: SharedMemory) => new SideTableRefCounter(memory),
  'atomic side-table': (memory: SharedMemory) =>
    new AtomicSideTableRefCounter(memory, new PlainAtomicOps(memory)),
};

function setUp(name: keyof typeof COUNTERS) {
  const memory = SharedMemory.create(32 << 20);
  reserveSideTable(memory.i32);
  const refs = COUNTERS[name](memory);
  const dead: number[] = [];
  refs.deallocator = { dealloc: (object) => dead.push(object) };
  for (const object of [OBJECT, OTHER]) refs.init(object, BuiltinType.Float, 0);
  return { heap: memory.i32, refs, dead };
}

const NAMES = Object.keys(COUNTERS) as (keyof typeof COUNTERS)[];

describe.each(NAMES)('conditional increments, %s', (name) => {
  test('count what is alive, and never revive', () => {
    const { heap, refs, dead } = setUp(name);
    heap[SLOT] = OBJECT;
    expect([refs.tryIncref(OBJECT), refs.tryXGetRef(SLOT), refs.count(OBJECT)]).toEqual([true, OBJECT, 3]);
    for (let i = 0; i < 3; i++) refs.decref(OBJECT);
    expect(dead).toEqual([OBJECT]);
    expect([refs.tryIncref(OBJECT), refs.count(OBJECT)]).toEqual([false, 0]);
  });

  test('of immortals change nothing', () => {
    const { refs } = setUp(name);
    refs.immortalize(OBJECT);
    const before = refs.count(OBJECT);
    expect([refs.tryIncref(OBJECT), refs.count(OBJECT), refs.isImmortal(OBJECT)]).toEqual([
      true,
      before,
      true,
    ]);
  });
});

describe.each(['atomic', 'atomic side-table'] as const)('threads at once, %s', (name) => {
  test('what a slot held a moment ago is not revived, nor kept when the slot has changed', () => {
    const { heap, refs, dead } = setUp(name);
    heap[SLOT] = OTHER;
    expect([refs.tryIncrefCompare(SLOT, OBJECT), refs.count(OBJECT)]).toEqual([false, 1]);
    refs.decref(OBJECT);
    heap[SLOT] = OBJECT;
    expect([refs.tryIncrefCompare(SLOT, OBJECT), refs.count(OBJECT), dead]).toEqual([false, 0, [OBJECT]]);
  });

  test.each(['incref', 'tryIncref'] as const)(
    '%s of a count near its end makes the object immortal',
    (method) => {
      const { heap, refs } = setUp(name);
      const word = refs instanceof SideTableRefCounter ? refs.countWord(OBJECT) : heap.indexOf(1, OBJECT);
      heap[word] = Immortal.AtomicLimit - 1;
      refs[method](OBJECT);
      expect(refs.isImmortal(OBJECT)).toBe(false);
      refs[method](OBJECT);
      expect(refs.isImmortal(OBJECT)).toBe(true);
      for (let i = 0; i < 3; i++) refs.decref(OBJECT);
      expect(refs.isImmortal(OBJECT)).toBe(true);
    },
  );
});
