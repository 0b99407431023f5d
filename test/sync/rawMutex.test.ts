import { expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { rawLock, rawLockDespiteAbort, rawUnlock } from '#ungil/sync/rawMutex.js';
import { Spinner } from '#ungil/sync/spin.js';
import { runWorkers } from '../support/workers.js';

const WORD = Control.Scratch + 48;

test('a word goes from 0 to 1 and back; unlocking twice is fatal', () => {
  const { i32 } = SharedMemory.create(1 << 24);
  rawLock(i32, WORD);
  expect(i32[WORD]).toBe(1);
  rawUnlock(i32, WORD);
  expect(i32[WORD]).toBe(0);
  expect(() => rawUnlock(i32, WORD)).toThrow('not locked');
});

test('in an aborted run a free mutex can be locked; a held one throws, or is given up after bounded spinning', () => {
  const { i32 } = SharedMemory.create(1 << 24);
  i32[Control.Abort] = 1;
  rawLock(i32, WORD);
  expect(() => rawLock(i32, WORD)).toThrow('another thread failed');
  expect(rawLockDespiteAbort(i32, WORD, new Spinner())).toBe(false);
  rawUnlock(i32, WORD);
  expect(rawLockDespiteAbort(i32, WORD, new Spinner())).toBe(true);
});

test('threads exclude each other', async () => {
  const { handle, i32 } = SharedMemory.create(1 << 24);
  await runWorkers('syncContend', handle, 3, { mode: 'raw', rounds: 20_000 });
  expect(i32[Control.Scratch + 64]).toBe(60_000);
  expect(i32[WORD]).toBe(0);
});
