import { expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareThread } from '../support/bareThread.mjs';

const WORD = Control.Scratch;

test('a barrier for one is always open; the generation may wrap', () => {
  const memory = SharedMemory.create(1 << 24);
  const { barrier } = new BareThread(memory, 0);
  memory.i32[WORD + 1] = 0x7fffffff;
  expect(barrier.wait(WORD, 1)).toBe(true);
  expect(memory.i32[WORD + 1]).toBe(-0x80000000);
  expect(barrier.wait(WORD, 1)).toBe(true);
});

test('a thread too many is a bug', () => {
  const memory = SharedMemory.create(1 << 24);
  const { barrier } = new BareThread(memory, 0);
  memory.i32[WORD] = 2;
  expect(() => barrier.wait(WORD, 2)).toThrow('more than 2 threads');
});
