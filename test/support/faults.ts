import { expect } from 'vitest';
import { RuntimeStateError } from '#ungil/memory/errors.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { program, rejection } from './runtimes.js';

/** Where one thread fails in a certain way while the others wait in a certain way. */
export const FAULTS = program('faults');
export const WAITS = ['barrier', 'lock', 'poll', 'calls', 'cleanup'] as const;

export interface Fault {
  who: number;
  where: 'setup' | 'run' | 'teardown';
  how: 'throw' | 'string' | 'exit' | 'heap' | 'none';
  wait: (typeof WAITS)[number] | 'never';
}

/** A run that must fail, and what is left of the runtime then. */
export async function fail<T extends Error>(
  build: string,
  threads: number,
  fault: Fault,
  type: abstract new (...args: never[]) => T,
  options: { workerHeapMB?: number } = {},
): Promise<T> {
  const runtime = await Runtime.start({ build, threads, memory: 64 << 20, ...options });
  const error = await rejection(runtime.run(FAULTS, { args: fault }), type);
  const later = await rejection(runtime.run(FAULTS, { args: fault }), RuntimeStateError);
  expect(later.message).toMatch(/an earlier run failed/);
  expect(() => runtime.leaks()).toThrow(RuntimeStateError);
  expect(await runtime.shutdown()).toEqual({ leaks: null });
  return error;
}
