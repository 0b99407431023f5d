import { describe, expect, it } from 'vitest';
import { ProgramError, WorkerDied } from '#ungil/memory/errors.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { type Fault, fail, WAITS } from '../support/faults.js';
import { program, rejection, SAFE_BUILDS } from '../support/runtimes.js';

describe.each(SAFE_BUILDS)('a program that throws in build %s', (build) => {
  it.each(WAITS)('is reported, and the other thread released from: %s', async (wait) => {
    const who = WAITS.indexOf(wait) % 2;
    const error = await fail(build, 2, { who, where: 'run', how: 'throw', wait }, ProgramError);
    expect(error.thread).toBe(who);
    expect(error.original).toMatchObject({ name: 'RangeError', message: 'deliberate' });
    expect(error.original.stack).toMatch(/RangeError: deliberate\n\s+at fail .*faults\.mjs:\d+/);
    expect(error.message).toBe(`thread ${who} failed: RangeError: deliberate`);
    expect(error.stack).toContain(error.original.stack);
  });

  it.each(['setup', 'teardown'] as const)('in %s: thread 0 is named', async (where) => {
    const error = await fail(build, 2, { who: 0, where, how: 'throw', wait: 'barrier' }, ProgramError);
    expect(error.thread).toBe(0);
    expect(error.original.message).toBe('deliberate');
  });
});

it('reports what is thrown and is no Error', async () => {
  const fault: Fault = { who: 1, where: 'run', how: 'string', wait: 'poll' };
  const error = await fail('free-threaded', 2, fault, ProgramError);
  expect(error.message).toBe('thread 1 failed: thrown value: a bare string');
});

it('ends a thread that never looks', async () => {
  const fault: Fault = { who: 1, where: 'run', how: 'throw', wait: 'never' };
  const error = await fail('free-threaded', 2, fault, ProgramError);
  expect(error.original.message).toBe('deliberate');
});

const MODULE = 'data:text/javascript,export const run = () => 1';

describe('a program that cannot be run', () => {
  const cases: [string, object, string, RegExp][] = [
    ['missing', {}, 'Error', /Cannot find module.*missing\.mjs/],
    ['data:text/javascript,export function run( {', {}, 'SyntaxError', /Unexpected end of input/],
    ['throwsOnLoad', {}, 'RangeError', /at the top of the module/],
    [
      'data:text/javascript,export default () => { throw new RangeError("making it") }',
      {},
      'RangeError',
      /making it/,
    ],
    ['data:text/javascript,export const run = 1', {}, 'TypeError', /does not export a function 'run'/],
    [`${MODULE}; export const functions = () => nothing`, {}, 'ReferenceError', /nothing is not defined/],
    [`${MODULE}; export const setup = () => ({ x: {} })`, {}, 'TypeError', /object cannot be shared/],
    [
      `${MODULE}; export const setup = (t) => ({ x: t.scope(() => t.list()) })`,
      {},
      'ValueError',
      /was released/,
    ],
    ['noRun', {}, 'TypeError', /noRun\.mjs does not export a function 'run'/],
    ['async', { which: 'run' }, 'TypeError', /function 'run' must not be async/],
    ['async', { which: 'setup' }, 'TypeError', /function 'setup' must not be async/],
    ['async', { which: 'teardown' }, 'TypeError', /function 'teardown' must not be async/],
    ['odd', { which: 'function' }, 'DataCloneError', /could not be cloned/],
  ];
  it.each(cases)('%s %o', async (name, args, kind, message) => {
    const runtime = await Runtime.start({ build: 'free-threaded', threads: 2, memory: 64 << 20 });
    const error = await rejection(runtime.run(urlOf(name), { args }), ProgramError);
    expect(error.original.name).toBe(kind);
    expect(error.original.message).toMatch(message);
    expect(await runtime.shutdown()).toEqual({ leaks: null });
  });
});

// The program's timer goes off after its thread has returned: mostly the worker is idle then, and is replaced. On a busy
// machine the run has not been reported by all threads yet, and must say who ended it.
it('replaces a worker that an earlier program ends later, or says so', async () => {
  const runtime = await Runtime.start({ build: 'gil', threads: 2, memory: 64 << 20 });
  try {
    const both = async (): Promise<unknown> => {
      await runtime.run(program('odd'), { args: { which: 'late' } });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return (await runtime.run(program('basics'))).teardown;
    };
    const result = await both().catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result).toBeInstanceOf(WorkerDied);
      expect(result.message).toBe('the worker of thread 0 died: after the run');
    } else {
      expect(result).toEqual([0, 10]);
      expect(await runtime.shutdown()).toEqual({ leaks: [] });
    }
  } finally {
    await runtime.shutdown().catch(() => {});
  }
});

function urlOf(name: string): string | URL {
  return name.startsWith('data:') ? name : program(name);
}
