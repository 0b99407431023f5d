import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { allocStatic } from '#ungil/memory/staticArena.js';

describe('allocStatic', () => {
  it('hands out disjoint aligned blocks up to the end', () => {
    const heap = SharedMemory.create(16 << 20).i32;
    const first = allocStatic(heap, 5);
    const second = allocStatic(heap, 1);
    expect([first, second]).toEqual([Control.StaticArena, Control.StaticArena + 8]);
    const rest = Control.StaticArenaEnd - Control.StaticArena - 12;
    expect(() => allocStatic(heap, rest + 1)).toThrow(MemoryError);
    expect(allocStatic(heap, rest)).toBe(Control.StaticArena + 12);
    expect(() => allocStatic(heap, 1)).toThrow(/from static/);
  });
});
