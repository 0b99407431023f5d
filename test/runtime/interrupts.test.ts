import { describe, expect, it } from 'vitest';
import { RunAborted, RuntimeStateError, WorkerDied } from '#ungil/memory/errors.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { FAULTS, type Fault, fail } from '../support/faults.js';
import { rejection, SAFE_BUILDS } from '../support/runtimes.js';

describe.each(SAFE_BUILDS)('a worker that dies in build %s', (build) => {
  it.each(['barrier', 'lock', 'poll'] as const)('by exit: the other is released from: %s', async (wait) => {
    const who = wait === 'lock' ? 0 : 1;
    const error = await fail(build, 2, { who, where: 'run', how: 'exit', wait }, WorkerDied);
    expect(error.thread).toBe(who);
    expect(error.message).toBe(`the worker of thread ${who} died: worker exited with code: 7`);
  });
});

it('tells when a worker runs out of JavaScript heap', async () => {
  const fault: Fault = { who: 1, where: 'run', how: 'heap', wait: 'lock' };
  const error = await fail('free-threaded', 2, fault, WorkerDied, { workerHeapMB: 24 });
  expect(error.thread).toBe(1);
  expect(error.reason).toMatch(/memory/i);
});

it('outlives a worker that dies in setup, with four threads', async () => {
  const fault: Fault = { who: 0, where: 'setup', how: 'exit', wait: 'barrier' };
  expect((await fail('gil', 4, fault, WorkerDied)).thread).toBe(0);
});

describe.each(SAFE_BUILDS)('an interrupt in build %s', (build) => {
  it.each(['barrier', 'lock', 'poll', 'cleanup', 'never'] as const)('ends threads in: %s', async (wait) => {
    const runtime = await Runtime.start({ build, threads: 2, memory: 64 << 20 });
    const started = new Int32Array(new SharedArrayBuffer(4));
    const controller = new AbortController();
    const args = { ...interrupted(wait), started };
    const run = runtime.run(FAULTS, { args, signal: controller.signal });
    const timer = setInterval(() => Atomics.load(started, 0) === 1 && controller.abort(), 5);
    const error = await rejection(run, RunAborted);
    clearInterval(timer);
    expect(error.reason).toBe('interrupt');
    expect((await rejection(runtime.run(FAULTS), RuntimeStateError)).message).toMatch(/failed/);
    expect(await runtime.shutdown()).toEqual({ leaks: null });
  });
});

/** Threads that would wait for ever: for a barrier thread 0 is busy polling, for a lock it has the lock. */
function interrupted(wait: string) {
  if (wait === 'barrier') return { who: -1, where: 'run', uneven: true, wait };
  return { who: -1, where: 'run', hold: wait === 'lock', wait };
}

it('is interrupted even before its threads have begun', async () => {
  const runtime = await Runtime.start({ build: 'free-threaded', threads: 2, memory: 64 << 20 });
  const controller = new AbortController();
  const args = { who: -1, where: 'run', wait: 'poll' };
  const run = runtime.run(FAULTS, { args, signal: controller.signal });
  controller.abort();
  expect((await rejection(run, RunAborted)).reason).toBe('interrupt');
  expect(await runtime.shutdown()).toEqual({ leaks: null });
});

it('ends a run in progress when it is shut down', async () => {
  const runtime = await Runtime.start({ build: 'gil', threads: 2, memory: 64 << 20 });
  const run = rejection(runtime.run(FAULTS, { args: { who: -1, where: 'run', wait: 'never' } }), RunAborted);
  expect(await runtime.shutdown()).toEqual({ leaks: null });
  expect((await run).reason).toBe('interrupt');
  expect((await rejection(runtime.run(FAULTS), RuntimeStateError)).message).toMatch(/was shut down/);
});
