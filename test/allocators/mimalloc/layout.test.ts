import { expect, test } from 'vitest';
import { SharedHeaps } from '#ungil/allocators/mimalloc/layout.js';
import { Control, Geometry, ThreadBlock } from '#ungil/memory/layout.js';

test('the words of shared heaps lie between the threads’ blocks and the static arena', () => {
  expect(Control.SharedHeaps).toBe(Control.Threads + Geometry.ThreadSlots * ThreadBlock.Words);
  expect(SharedHeaps.Spans + 64).toBeLessThanOrEqual(Control.SharedHeaps + ThreadBlock.Words);
  expect(Control.SharedHeaps + ThreadBlock.Words).toBeLessThanOrEqual(Control.StaticArena);
});
