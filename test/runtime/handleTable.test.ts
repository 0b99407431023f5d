import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';

let thread: Thread;
beforeEach(() => {
  thread = new Thread(SharedMemory.create(16 << 20), buildNamed('gil'), 0);
  thread.start();
  thread.initialiseInterpreter();
});

/** What a collector finds. */
function entries(): number[] {
  const { i32, block } = thread;
  const table = i32[block + ThreadBlock.HandleTable];
  const words = i32.slice(table, table + i32[block + ThreadBlock.HandleCapacity]);
  return [...words].filter((word) => word !== 0);
}

describe('the table of roots', () => {
  it('has what was entered and not removed, whatever the order', () => {
    const start = entries();
    expect(start).toEqual([]);
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 1000 })), { maxLength: 400 });
    fc.assert(
      fc.property(steps, (plan) => {
        const held: { slot: number; ref: number }[] = [];
        for (const [adds, number] of plan) {
          if (adds || held.length === 0)
            held.push({ slot: thread.roots.add(number * 4 + 4), ref: number * 4 + 4 });
          else thread.roots.remove(held.splice(number % held.length, 1)[0].slot);
        }
        const expected = held.map(({ ref }) => ref).sort((a, b) => a - b);
        const found = entries().sort((a, b) => a - b);
        for (const { slot } of held) thread.roots.remove(slot);
        expect(found).toEqual(expected);
        expect(entries()).toEqual([]);
      }),
    );
  });

  it('keeps its slots when it grows, and uses them again', () => {
    const slots = Array.from({ length: 1000 }, (_, index) => thread.roots.add(4 * (index + 1)));
    expect(new Set(slots).size).toBe(1000);
    expect(entries()).toEqual(slots.map((_, index) => 4 * (index + 1)));
    const capacity = thread.i32[thread.block + ThreadBlock.HandleCapacity];
    for (const slot of slots) thread.roots.remove(slot);
    for (let index = 0; index < 1000; index++) thread.roots.add(4);
    expect(thread.i32[thread.block + ThreadBlock.HandleCapacity]).toBe(capacity);
  });

  it('follows handles: scoped, released early, borrowed', () => {
    thread.scope(() => {
      const list = thread.list();
      const dict = thread.dict();
      expect(entries().sort()).toEqual([list.ref, dict.ref].sort());
      const ref = list.ref;
      thread.handles.borrow(ref);
      expect(entries()).toHaveLength(2);
      dict.release();
      dict.release();
      expect(entries()).toEqual([ref]);
    });
    expect(entries()).toEqual([]);
  });

  it('without memory to grow makes no handle and loses no reference', () => {
    const raw = thread.allocator.rawAlloc.bind(thread.allocator);
    thread.allocator.rawAlloc = (words) => {
      throw new MemoryError(words * 4, 'test', 0, 0);
    };
    const list = thread.lists.create();
    thread.refs.incref(list);
    expect(() => thread.scope(() => thread.handles.adopt(list))).toThrow(MemoryError);
    expect(thread.refs.count(list)).toBe(1);
    expect(thread.i32[thread.block + ThreadBlock.HandleCapacity]).toBe(0);
    thread.allocator.rawAlloc = raw;
    thread.scope(() => {
      thread.handles.adopt(list);
      expect(entries()).toEqual([list]);
    });
  });

  it('goes when the thread exits', () => {
    thread.roots.remove(thread.roots.add(4));
    thread.exit();
    expect(thread.i32[thread.block + ThreadBlock.HandleTable]).toBe(0);
    expect(thread.i32[thread.block + ThreadBlock.HandleCapacity]).toBe(0);
    let raw = 0;
    thread.allocator.visit(() => raw++, 1 << 4);
    expect(raw).toBe(0);
  });
});
