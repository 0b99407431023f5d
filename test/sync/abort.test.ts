import { expect, test } from 'vitest';
import { AbortReason, Control, ParkingBucket, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { rawLock } from '#ungil/sync/rawMutex.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers, sleep, until } from '../support/workers.js';

const S = Control.Scratch;
const BYTE = S * 4 + 2;
const BUCKETS = Array.from(
  { length: 257 },
  (_, index) => Control.ParkingBuckets + index * ParkingBucket.Words,
);

test('an abort ends every kind of wait, and leaves no waiter in a queue', async () => {
  const memory = SharedMemory.create(1 << 24);
  const heap = memory.i32;
  const host = new BareThread(memory, 20);
  const kinds = [
    'raw',
    'lock',
    'lockAttached',
    'lockTimed',
    'event',
    'barrier',
    'begin',
    'begin2',
    'begin2Second',
    'nested',
    'parkWord',
  ];
  const queued = kinds.length - 2;
  host.mutex.lock(BYTE);
  rawLock(heap, S + 20);

  const results = runWorkers('syncSteps', memory.handle, kinds.length, { role: 'abort', kinds });
  await until(
    () => BUCKETS.reduce((sum, bucket) => sum + heap[bucket + ParkingBucket.Waiters], 0) === queued,
  );
  await until(() => heap[S + 20] === 2 && heap[S + 30] === 1);
  await sleep(5);
  Atomics.store(heap, Control.Abort, AbortReason.Interrupt);
  expect(await results).toEqual(kinds.map(() => 'RunAborted interrupt'));

  for (const bucket of BUCKETS) expect([...heap.subarray(bucket, bucket + 4)]).toEqual([0, 0, 0, 0]);
  for (let slot = 0; slot < kinds.length; slot++) {
    expect(heap[Control.Threads + slot * ThreadBlock.Words + ThreadBlock.Semaphore]).toBe(0);
  }
  host.mutex.unlock(BYTE);
  expect([...memory.u8.subarray(S * 4, S * 4 + 32)]).toEqual(new Array(32).fill(0));
});
