import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Control, Counter } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers } from '../support/workers.js';

const S = Control.Scratch;
const BYTE = S * 4 + 2;
const CONTENDED = (S + 16) * 4 + 2;
const SUM = S + 64;

let memory: SharedMemory;

beforeEach(() => {
  memory = SharedMemory.create(1 << 24);
});

describe.each([true, false])('one thread, operations in wasm: %s', (wasm) => {
  test('any sequence of operations moves the byte as the table of states says', () => {
    const thread = new BareThread(memory, 0, { wasm });
    const operation = fc.constantFrom('tryLock', 'lock', 'lockTimed', 'unlock', 'leaveParkedBit');
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        memory.u8[BYTE] = 0;
        let byte = 0;
        for (const name of operations) {
          const locked = (byte & 1) === 1;
          if (name === 'leaveParkedBit') {
            byte |= 2;
            memory.u8[BYTE] = byte;
          } else if (name === 'unlock') {
            if (locked) thread.mutex.unlock(BYTE);
            else expect(() => thread.mutex.unlock(BYTE)).toThrow('not locked');
            if (locked) byte = 0;
          } else if (name === 'lock') {
            if (!locked) thread.mutex.lock(BYTE);
            byte |= 1;
          } else {
            const taken = name === 'tryLock' ? thread.mutex.tryLock(BYTE) : thread.mutex.lockTimed(BYTE, 0);
            expect(taken).toBe(!locked);
            byte |= 1;
          }
          expect(memory.u8[BYTE]).toBe(byte);
          expect(thread.mutex.isLocked(BYTE)).toBe((byte & 1) === 1);
        }
      }),
    );
    expect(thread.counter(Counter.Parks)).toBe(0);
  });

  test('neighbouring bytes are left alone', () => {
    const thread = new BareThread(memory, 0, { wasm });
    memory.u8.fill(0xff, S * 4, S * 4 + 8);
    memory.u8[BYTE] = 0;
    thread.mutex.lock(BYTE);
    expect([...memory.u8.subarray(S * 4, S * 4 + 5)]).toEqual([0xff, 0xff, 1, 0xff, 0xff]);
    thread.mutex.unlock(BYTE);
    expect([...memory.u8.subarray(S * 4, S * 4 + 5)]).toEqual([0xff, 0xff, 0, 0xff, 0xff]);
  });
});

test('a time-out leaves the mutex with its holder, and at most a parked bit behind', () => {
  const holder = new BareThread(memory, 0);
  const other = new BareThread(memory, 1);
  holder.mutex.lock(BYTE);
  expect(other.mutex.lockTimed(BYTE, 60)).toBe(false);
  expect(other.mutex.lockTimed(BYTE, 40, false)).toBe(false);
  expect(other.detaches).toBe(1);
  expect(memory.u8[BYTE]).toBe(3);
  holder.mutex.unlock(BYTE);
  expect(memory.u8[BYTE]).toBe(0);
  expect(other.counter(Counter.MutexWaits)).toBe(2);
  expect(other.counter(Counter.Parks)).toBe(2);
});

test('a waiter of more than a millisecond gets the mutex, which never shows unlocked (D11)', async () => {
  const [holder, waiter] = await runWorkers('syncSteps', memory.handle, 2, { role: 'handOff' });
  expect(holder).toEqual({ after: 1, handOffs: 1 });
  expect(waiter).toEqual({ after: 1, waits: 1, parks: 1 });
  expect(memory.u8[BYTE]).toBe(0);
});

test('a mutex handed over as the run is aborted does not stay locked', async () => {
  const [, waiter] = await runWorkers('syncSteps', memory.handle, 2, { role: 'handOffAbort' });
  expect(waiter).toBe('RunAborted');
  expect(memory.u8[BYTE] & 1).toBe(0);
});

describe.each([
  { mode: 'lock', n: 2, thread: {} },
  { mode: 'lock', n: 4, thread: { spinLimit: 0 } },
  { mode: 'lock', n: 3, thread: { wasm: false } },
  { mode: 'timed', n: 3, thread: { spinLimit: 0 } },
])('%j', ({ mode, n, thread }) => {
  test('threads exclude each other and lose no wake-up', async () => {
    const rounds = 10_000;
    const results = await runWorkers<{ done: number }>('syncContend', memory.handle, n, {
      mode,
      rounds,
      thread,
    });
    const done = results.reduce((sum, result) => sum + result.done, 0);
    expect(memory.i32[SUM]).toBe(done);
    expect(done).toBeGreaterThan(0);
    // A time-out may leave the parked bit; nobody is left inside.
    expect(memory.u8[CONTENDED] & 1).toBe(0);
    if (mode === 'lock') expect(done).toBe(n * rounds);
  });
});
