import { expect, test } from 'vitest';
import type { Allocator } from '#ungil/allocators/allocator.js';
import { BuiltinType, Control, Header, TypeKind, TypeObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { TypeDeallocator } from '#ungil/objects/dealloc.js';
import { UncollectedGcHeap } from '#ungil/objects/gcHeap.js';
import type { RefCounter } from '#ungil/refcount/refCounter.js';

function stackDepth(): number {
  return new Error().stack?.split('\n').length ?? 0;
}

test('the stack does not grow with the length of a chain of containers', () => {
  const heap = SharedMemory.create(16 << 20).i32;
  const length = 100_000;
  const first = Control.StaticArena;
  heap[BuiltinType.List + TypeObject.Kind] = TypeKind.List;
  const deallocator = new TypeDeallocator(heap);
  const freed: number[] = [];
  let deepest = 0;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100_000;

  /** Each object holds the one behind it. */
  const dealloc = (object: number) => {
    freed.push(object);
    const next = object + Header.Words;
    if (freed.length % 30_000 === 0) deepest = Math.max(deepest, stackDepth());
    if (freed.length < length) deallocator.dealloc(next);
  };
  const none = { dealloc: () => {} };
  deallocator.connect({
    refs: { idleWord: Header.Local } as RefCounter,
    gcHeap: new UncollectedGcHeap({} as Allocator, 0, heap),
    numbers: { deallocInt: () => {}, deallocFloat: () => {} },
    strings: none,
    tuples: none,
    lists: { dealloc },
    dicts: none,
    functions: none,
    locks: none,
    instances: { ...none, deallocType: () => {} },
    codes: none,
    weakrefs: none,
    weakDicts: none,
    methods: none,
    records: none,
    generators: none,
  });
  for (let i = 0; i < length; i++) heap[first + i * Header.Words + Header.Type] = BuiltinType.List;
  deallocator.dealloc(first);
  Error.stackTraceLimit = limit;

  expect(freed).toEqual(Array.from({ length }, (_, i) => first + i * Header.Words));
  expect(deepest).toBeGreaterThan(100);
  expect(deepest).toBeLessThan(1000);
});
