import { beforeEach, expect, test } from 'vitest';
import { Control, Counter, ParkingBucket, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { ParkResult } from '#ungil/sync/parkingLot.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers, sleep, until } from '../support/workers.js';

const S = Control.Scratch;
const BYTE = S * 4 + 2;
const STOP = S + 99;
const GO = S + 120;

let memory: SharedMemory;
let heap: Int32Array;
let host: BareThread;

beforeEach(() => {
  memory = SharedMemory.create(1 << 24);
  heap = memory.i32;
  host = new BareThread(memory, 20);
});

const bucketOf = (address: number) => Control.ParkingBuckets + (address % 257) * ParkingBucket.Words;
const waiters = (address: number) => Atomics.load(heap, bucketOf(address) + ParkingBucket.Waiters);
const block = (slot: number) => Control.Threads + slot * ThreadBlock.Words;

/** Lets the workers with role `park` go one after another, each once the last one is in its queue. */
async function parkInTurn(addresses: number[]): Promise<void> {
  const expected = new Map<number, number>();
  for (let index = 0; index < addresses.length; index++) {
    const bucket = bucketOf(addresses[index]);
    expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
    Atomics.store(heap, GO + index, 1);
    await until(() => waiters(addresses[index]) === expected.get(bucket));
  }
}

test('a changed value is not slept on (D13), nor is the thread left in the queue after a time-out', () => {
  memory.u8[BYTE] = 7;
  expect(host.lot.park(BYTE, 6, Infinity, true)).toBe(ParkResult.Again);
  expect(host.lot.parkWord(S, 1, Infinity, true)).toBe(ParkResult.Again);
  expect(host.detaches).toBe(0);
  expect(host.lot.park(BYTE, 7, 3, true)).toBe(ParkResult.Timeout);
  expect(host.lot.parkWord(S, heap[S], 3, false)).toBe(ParkResult.Timeout);
  expect(host.detaches).toBe(1);
  expect(host.isAttached()).toBe(true);
  expect(host.counter(Counter.Parks)).toBe(2);
  expect(waiters(BYTE)).toBe(0);
  expect(waiters(S * 4)).toBe(0);
  expect(host.lot.unpark(BYTE)).toBe(false);
  expect(heap[bucketOf(BYTE) + ParkingBucket.Lock]).toBe(0);
});

test('waiters of one address leave in the order in which they came, whatever else is in the bucket', async () => {
  const other = BYTE + 257;
  const addresses = [BYTE, other, BYTE, other, BYTE];
  const results = runWorkers('syncSteps', memory.handle, 5, { role: 'park', addresses });
  await parkInTurn(addresses);

  const order: number[] = [];
  for (const address of [BYTE, other, BYTE, BYTE, other, BYTE]) {
    const waiter = host.lot.beginUnpark(address);
    const left = host.lot.hasWaiters(address);
    host.lot.finishUnpark(address, waiter);
    order.push(waiter);
    expect(left).toBe(order.length < 5);
  }
  expect(order).toEqual([block(0), block(1), block(2), block(4), block(3), 0]);
  expect(await results).toEqual([0, 0, 0, 0, 0]);
});

test('unparkAll wakes the waiters of its address and nobody else', async () => {
  const other = BYTE + 257;
  const addresses = [other, BYTE, BYTE, other, BYTE];
  const results = runWorkers('syncSteps', memory.handle, 5, { role: 'park', addresses });
  await parkInTurn(addresses);
  expect(host.lot.unparkAll(BYTE)).toBe(3);
  expect(waiters(other)).toBe(2);
  expect(host.lot.unparkAll(BYTE)).toBe(0);
  expect(host.lot.unparkAll(other)).toBe(2);
  expect(await results).toEqual([0, 0, 0, 0, 0]);
  expect(heap[bucketOf(BYTE) + ParkingBucket.Head]).toBe(0);
  expect(heap[bucketOf(BYTE) + ParkingBucket.Tail]).toBe(0);
});

test('a waiter whose time runs out after it was dequeued reports the wake-up (D12)', async () => {
  const results = runWorkers('syncSteps', memory.handle, 1, {
    role: 'park',
    addresses: [BYTE],
    timeout: 300,
  });
  Atomics.store(heap, GO, 1);
  await until(() => waiters(BYTE) === 1);
  const waiter = host.lot.beginUnpark(BYTE);
  expect(waiter).toBe(block(0));
  // Its time runs out while the bucket is locked: it finds itself dequeued.
  await sleep(500);
  host.lot.finishUnpark(BYTE, waiter);
  expect(await results).toEqual([ParkResult.Ok]);
  expect(heap[block(0) + ThreadBlock.Semaphore]).toBe(0);
});

test('time-outs race with wake-ups: each wake-up is reported by exactly one waiter', async () => {
  const results = runWorkers<number>('syncSteps', memory.handle, 2, { role: 'parkOften' });
  await until(() => waiters(BYTE) > 0);
  let woken = 0;
  const end = performance.now() + 500;
  while (performance.now() < end) {
    for (let turn = 0; turn < 200; turn++) if (host.lot.unpark(BYTE)) woken++;
    await sleep(0);
  }
  Atomics.store(heap, STOP, 1);
  const reported = (await results).reduce((sum, ok) => sum + ok, 0);
  expect(woken).toBeGreaterThan(0);
  expect(reported).toBe(woken);
  expect(waiters(BYTE)).toBe(0);
});
