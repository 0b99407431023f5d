import { expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers, until } from '../support/workers.js';

const S = Control.Scratch;
const EVENT = S * 4 + 100;

test('states of the byte, in one thread', () => {
  const memory = SharedMemory.create(1 << 24);
  const { event } = new BareThread(memory, 0);
  expect(event.isSet(EVENT)).toBe(false);
  expect(event.waitTimed(EVENT, 2)).toBe(false);
  expect(memory.u8[EVENT]).toBe(2);
  expect(event.waitTimed(EVENT, 2)).toBe(false);
  event.set(EVENT);
  event.set(EVENT);
  expect(memory.u8[EVENT]).toBe(1);
  expect(event.isSet(EVENT)).toBe(true);
  event.wait(EVENT);
  expect(event.waitTimed(EVENT, 0)).toBe(true);
});

test.each([0, 40])(
  'an event lets all pass, and no barrier lets anybody pass early (spin limit %i)',
  async (spinLimit) => {
    const memory = SharedMemory.create(1 << 24);
    const host = new BareThread(memory, 20);
    const n = 3;
    const rounds = 500;
    const results = runWorkers<number>('syncSteps', memory.handle, n, {
      role: 'gates',
      n,
      rounds,
      spinLimit,
    });
    await until(() => Atomics.load(memory.u8, EVENT) === 2);
    host.event.set(EVENT);
    const last = await results;
    // One thread of each round was the last to arrive.
    expect(last.reduce((sum, count) => sum + count, 0)).toBe(rounds);
    expect(memory.i32[S + 30]).toBe(0);
    expect(memory.i32[S + 31]).toBe(rounds * 2);
  },
);
