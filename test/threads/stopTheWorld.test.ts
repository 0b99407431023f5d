import { describe, expect, it } from 'vitest';
import { Control, ThreadStatus } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { runWorkers } from '../support/workers.js';

interface Part {
  rounds?: number;
  wrong?: string[];
  turns?: number;
  suspensions?: number;
}

async function play(gil: boolean, rounds: number, parts: string[]): Promise<Part[]> {
  const memory = SharedMemory.create(16 << 20);
  memory.i32[Control.SwitchInterval] = 200;
  const args = { gil, rounds, parts };
  const results = await runWorkers<Part>('threads/stopWorld', memory.handle, parts.length, args, 40_000);
  for (const [index, result] of results.entries()) {
    if (parts[index] === 'initiator') expect(result).toEqual({ rounds, wrong: [] });
    else expect(result.turns).toBeGreaterThan(0);
  }
  expect(memory.i32[Control.StopRequested]).toBe(0);
  expect(memory.i32[Control.WorldStopped]).toBe(0);
  return results;
}

describe.each([
  ['without a GIL', false],
  ['under a GIL', true],
])('a stop of the world %s', (_, gil) => {
  it('stops a thread that computes', async () => {
    const [, computing] = await play(gil, 100, ['initiator', 'computing']);
    // Under the GIL the other thread is always detached, and the initiator suspends it.
    if (!gil) expect(computing.suspensions).toBeGreaterThan(0);
  });

  it('stops threads that attach and detach, or sleep in a mutex (D17)', async () => {
    await play(gil, 100, ['initiator', 'toggling', 'locking', 'locking']);
  });

  it('gets along with threads that are born and leave (D18)', async () => {
    await play(gil, 100, ['initiator', 'shortLived', 'toggling']);
  });

  it('is for one initiator at a time, and the other is stopped too (PIT-7.4)', async () => {
    await play(gil, 50, ['initiator', 'initiator', 'computing', 'shortLived', 'locking']);
  });

  it('holds a thread that is handed a mutex meanwhile (PIT-7.2)', async () => {
    const memory = SharedMemory.create(16 << 20);
    const args = { gil, parts: ['handingOver', 'waitingForMutex'] };
    const [seen] = await runWorkers<number[]>('threads/stopWorld', memory.handle, 2, args);
    expect(seen.slice(0, 3)).toEqual([ThreadStatus.Suspended, ThreadStatus.Suspended, 0]);
  });
});
