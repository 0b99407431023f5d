import { expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { Clock } from '#ungil/sync/clock.js';
import { Semaphore, semaphorePost } from '#ungil/sync/semaphore.js';
import { Spinner } from '#ungil/sync/spin.js';

test('a post is taken once', () => {
  const { i32 } = SharedMemory.create(1 << 24);
  const semaphore = new Semaphore(i32, Control.Scratch, new Clock());
  semaphorePost(i32, Control.Scratch);
  expect(semaphore.wait(Infinity)).toBe(true);
  expect(semaphore.wait(0)).toBe(false);
  expect(semaphore.wait(2)).toBe(false);
  semaphorePost(i32, Control.Scratch);
  expect(semaphore.takeDespiteAbort(new Spinner())).toBe(true);
  expect(semaphore.wait(0)).toBe(false);
});
