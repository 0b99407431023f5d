import { expect, it } from 'vitest';
import { COUNTER_NAMES } from '#ungil/memory/counterNames.js';
import * as layout from '#ungil/memory/layout.js';
import { Counter, GilWait, ThreadBlock } from '#ungil/memory/layout.js';

it('has a name for each counter, in their order', () => {
  // A constant enumeration has its names at run time too (`preserveConstEnums`), which its type does not say.
  const { Counter: named } = layout as unknown as { Counter: Record<number, string> };
  const expected = Array.from({ length: Counter.Count }, (_, index) => {
    const name = named[index];
    return name[0].toLowerCase() + name.slice(1);
  });
  expect([...COUNTER_NAMES]).toEqual(expected);
});

it('has room for them in the thread block', () => {
  expect(ThreadBlock.Counters + Counter.Count).toBeLessThanOrEqual(ThreadBlock.GilWaits);
  expect(ThreadBlock.GilWaits + GilWait.Words).toBeLessThanOrEqual(ThreadBlock.CountersEnd);
  expect(GilWait.Histogram + GilWait.Buckets).toBe(GilWait.Words);
  expect(ThreadBlock.CountersEnd).toBeLessThanOrEqual(ThreadBlock.Marking);
});
