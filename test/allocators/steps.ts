import fc from 'fast-check';
import { HeapTag } from '#ungil/memory/layout.js';
import type { Step } from './support.js';

const most = [
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 140 }) },
  { weight: 4, arbitrary: fc.integer({ min: 100, max: 5_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4_000, max: 40_000 }) },
];
const rare = { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 1_100_000 }) };
const tag = fc.constantFrom(HeapTag.Mem, HeapTag.Object, HeapTag.Gc, HeapTag.GcPre);
const pick = fc.nat(1_000_000);

/** Random programs for an allocator, with requests of these sizes. */
function programsOf(words: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { weight: 10, arbitrary: fc.record({ op: fc.constant('alloc' as const), words, tag }) },
      { weight: 8, arbitrary: fc.record({ op: fc.constant('free' as const), pick, by: fc.nat(7) }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('realloc' as const), pick, words }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('check' as const) }) },
    ) as fc.Arbitrary<Step>,
    { minLength: 1, maxLength: 120, size: 'max' },
  );
}

/** Sizes from nothing to more than a segment. */
export const programs = programsOf(fc.oneof(...most, rare));

/** Up to 160 KiB: for allocators that touch every word of a block, and would commit the machine's memory. */
export const smallPrograms = programsOf(fc.oneof(...most));
