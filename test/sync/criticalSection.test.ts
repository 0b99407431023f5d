import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers } from '../support/workers.js';

const S = Control.Scratch;
const SUM_A = S + 64;
const SUM_B = S + 80;

let memory: SharedMemory;

beforeEach(() => {
  memory = SharedMemory.create(1 << 24);
});

/** What section 6.4 of CPython's rules says, for one thread: a stack of sets, and which of them are held. */
class Model {
  readonly stack: { mutexes: number[]; active: boolean; token: number }[] = [];

  get top() {
    return this.stack.at(-1);
  }

  held(byte: number): boolean {
    return this.stack.some(({ mutexes, active }) => active && mutexes.includes(byte));
  }

  isNoOp(mutexes: number[]): boolean {
    return this.top !== undefined && mutexes.every((byte) => this.top!.mutexes.includes(byte));
  }

  begin(mutexes: number[], token: number): void {
    // Waiting for a mutex that an outer section holds suspends them all.
    if (mutexes.some((byte) => this.held(byte))) this.suspend();
    this.stack.push({ mutexes, active: true, token });
  }

  end(): void {
    this.stack.pop();
    this.resume();
  }

  suspend(): void {
    for (const section of this.stack) section.active = false;
  }

  resume(): void {
    if (this.top) this.top.active = true;
  }
}

describe.each([true, false])('one thread, operations in wasm: %s', (wasm) => {
  test('any nesting holds the mutexes that the rules say, and leaves none locked', () => {
    const thread = new BareThread(memory, 0, { wasm, spinLimit: 0 });
    const byte = fc.integer({ min: S * 4, max: S * 4 + 3 });
    const step = fc.oneof(
      fc.record({ name: fc.constant('begin' as const), a: byte, b: byte }),
      fc.record({ name: fc.constant('begin2' as const), a: byte, b: byte }),
      fc.constant({ name: 'end' as const, a: 0, b: 0 }),
      fc.constant({ name: 'detach' as const, a: 0, b: 0 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        for (const { name, a, b } of steps) {
          if (name === 'begin' || name === 'begin2') {
            const mutexes = name === 'begin' || a === b ? [a] : [a, b];
            const noOp = model.isNoOp(mutexes);
            const token = name === 'begin' ? thread.sections.begin(a) : thread.sections.begin2(a, b);
            expect(token === 0).toBe(noOp);
            if (!noOp) model.begin(mutexes, token);
          } else if (name === 'detach') {
            thread.detach();
            model.suspend();
            expect([...memory.u8.subarray(S * 4, S * 4 + 4)]).toEqual([0, 0, 0, 0]);
            thread.attach();
            model.resume();
          } else if (model.top) {
            thread.sections.end(model.top.token);
            model.end();
          }
          for (let byte = S * 4; byte < S * 4 + 4; byte++)
            expect(memory.u8[byte]).toBe(model.held(byte) ? 1 : 0);
          expect(thread.sections.depth()).toBe(model.stack.length);
        }
        while (model.top) {
          thread.sections.end(model.top.token);
          model.end();
        }
        expect([...memory.u8.subarray(S * 4, S * 4 + 4)]).toEqual([0, 0, 0, 0]);
        expect(thread.sections.depth()).toBe(0);
      }),
    );
  });
});

test('sections nest deeper than the first stack', () => {
  const thread = new BareThread(memory, 0);
  const tokens: number[] = [];
  for (let index = 0; index < 500; index++) {
    tokens.push(
      index % 2 === 0
        ? thread.sections.begin(S * 4 + index * 2)
        : thread.sections.begin2(S * 4 + index * 2 + 1, S * 4 + index * 2),
    );
  }
  expect(thread.sections.depth()).toBe(500);
  thread.detach();
  expect(memory.u8.subarray(S * 4, S * 4 + 1000).every((value) => value === 0)).toBe(true);
  thread.attach();
  for (const token of tokens.reverse()) thread.sections.end(token);
  expect(memory.u8.subarray(S * 4, S * 4 + 1000).every((value) => value === 0)).toBe(true);
  expect(thread.sections.depth()).toBe(0);
});

test('ending in the wrong order is fatal', () => {
  const thread = new BareThread(memory, 0);
  const outer = thread.sections.begin(S * 4);
  thread.sections.begin(S * 4 + 1);
  expect(() => thread.sections.end(outer)).toThrow('reverse order');
  thread.sections.end(0);
  expect(thread.sections.depth()).toBe(2);
});

test('a thread that waits in a nested section has released the outer one', async () => {
  const results = await runWorkers('syncSteps', memory.handle, 2, { role: 'release' });
  expect(results).toEqual([true, [true, true, false, expect.any(Number)]]);
  expect((results[1] as number[])[3]).toBeGreaterThan(0);
});

test('while the world is stopped, a mutex handed to a stopped thread is not waited for (D16)', async () => {
  const results = await runWorkers('syncSteps', memory.handle, 2, { role: 'stopped' });
  expect(results).toEqual([
    { held: true, tokens: [0, 0, 0], others: false },
    { token: true, stopped: 0 },
  ]);
  expect([...memory.u8.subarray(S * 4, S * 4 + 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

describe.each([
  { mode: 'section', n: 2, sums: [5000 * 2, 0], thread: {} },
  { mode: 'nested', n: 2, sums: [15_000, 15_000], thread: {} },
  { mode: 'nested', n: 4, sums: [30_000, 30_000], thread: { spinLimit: 0 } },
  { mode: 'pairs', n: 3, sums: null, thread: {} },
  { mode: 'pairs', n: 4, sums: null, thread: { spinLimit: 0, wasm: false } },
])('$mode by $n threads', ({ mode, n, sums, thread }) => {
  test('all finish, none ever inside together (D14, D15)', async () => {
    const results = await runWorkers<{ depth: number }>('syncContend', memory.handle, n, {
      mode,
      rounds: 5000,
      thread,
    });
    for (const { depth } of results) expect(depth).toBe(0);
    if (sums) expect([memory.i32[SUM_A], memory.i32[SUM_B]]).toEqual(sums);
    for (const word of [S + 16, S + 32]) expect(memory.u8[word * 4 + 2]).toBe(0);
  });
});
