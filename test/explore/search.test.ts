import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FiberEngine } from '#ungil/explore/fiberEngine.js';
import { type LoadedScenarios, loadScenarios } from '#ungil/explore/loadScenarios.js';
import { type Searched, sample, searchTree } from '#ungil/explore/searches.js';
import type { Reduction } from '#ungil/explore/tree.js';
import type { WorldOptions } from '#ungil/scenarios/scenario.js';
import { canonicalClass, engineFor, type Op, type Program } from './support/programs.js';

let loaded: LoadedScenarios;
beforeAll(async () => {
  loaded = await loadScenarios([]);
});

const LIMIT = 20_000;

async function outcomesOf(
  program: Program,
  reduction: Reduction,
  cached = false,
  world: WorldOptions = {},
): Promise<Searched> {
  return closing(engineFor(loaded, program, 3, world), (engine) =>
    searchTree(engine, reduction, (runs) => runs > LIMIT, undefined, cached),
  );
}

async function closing<T>(engine: FiberEngine, use: (engine: FiberEngine) => Promise<T>): Promise<T> {
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

function names(searched: Searched): string[] {
  return [...searched.tally.outcomes.keys()].sort();
}

/** All executions of a program, and the classes that they fall into. */
async function classesOf(engine: FiberEngine): Promise<Set<string>> {
  const classes = new Set<string>();
  const run = engine.run.bind(engine);
  engine.run = () => {
    const result = run();
    classes.add(canonicalClass(engine));
    return result;
  };
  const all = await searchTree(engine, 'none', (runs) => runs > LIMIT);
  fc.pre(all.exhausted);
  return classes;
}

const op: fc.Arbitrary<Op> = fc.record({
  kind: fc.constantFrom('load', 'load', 'store', 'store', 'add', 'exchange', 'cas'),
  word: fc.integer({ min: 0, max: 2 }),
  value: fc.integer({ min: 1, max: 3 }),
});

const futexOp: fc.Arbitrary<Op> = fc.oneof(
  op,
  fc.record({
    kind: fc.constantFrom('wait', 'notify', 'notify'),
    word: fc.constant(0),
    value: fc.integer({ min: 0, max: 1 }),
  }),
);

const anyOp: fc.Arbitrary<Op> = fc.record({
  kind: fc.constantFrom(
    'load',
    'store',
    'read',
    'write',
    'timed',
    'notify',
    'pause',
    'choose',
    'clock',
    'cas',
  ),
  word: fc.integer({ min: 0, max: 1 }),
  value: fc.integer({ min: 0, max: 1 }),
});

const small = (one: fc.Arbitrary<Op>): fc.Arbitrary<Program> =>
  fc
    .array(fc.array(one, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 })
    .filter((program) => program.flat().length <= 9);

describe('the systematic searches', () => {
  it('reach what plain depth-first search reaches', async () => {
    await fc.assert(
      fc.asyncProperty(small(op), async (program) => {
        const all = await outcomesOf(program, 'none');
        fc.pre(all.exhausted);
        expect(names(await outcomesOf(program, 'sleep'))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'dpor'))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'none', true))).toEqual(names(all));
      }),
      { numRuns: 150 },
    );
  });

  it('reach the same with waits and wakes, deadlocks among it', async () => {
    let deadlocks = 0;
    await fc.assert(
      fc.asyncProperty(small(futexOp), async (program) => {
        const all = await outcomesOf(program, 'none');
        fc.pre(all.exhausted);
        if (names(all).includes('deadlock')) deadlocks++;
        expect(names(await outcomesOf(program, 'sleep'))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'dpor'))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'none', true))).toEqual(names(all));
      }),
      { numRuns: 200 },
    );
    expect(deadlocks).toBeGreaterThan(0);
  });

  it('reach the same with time-outs, pauses, choices, clocks and plain accesses', async () => {
    await fc.assert(
      fc.asyncProperty(small(anyOp), fc.boolean(), async (program, early) => {
        const world = { timeouts: early ? 1 : 0 };
        const all = await outcomesOf(program, 'none', false, world);
        fc.pre(all.exhausted);
        expect(names(await outcomesOf(program, 'sleep', false, world))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'dpor', false, world))).toEqual(names(all));
        expect(names(await outcomesOf(program, 'none', true, world))).toEqual(names(all));
      }),
      { numRuns: 200 },
    );
  });

  it('explore each class of equivalent interleavings exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(small(op), async (program) => {
        const classes = await closing(engineFor(loaded, program), classesOf);
        const dpor = await outcomesOf(program, 'dpor');
        expect(dpor.tally.executions).toBe(classes.size);
      }),
      { numRuns: 100 },
    );
  });

  it('sample nothing that the exhaustive search does not reach', async () => {
    await fc.assert(
      fc.asyncProperty(small(futexOp), fc.constantFrom(1, 2, 3, 4), async (program, strategy) => {
        const all = await outcomesOf(program, 'none');
        fc.pre(all.exhausted);
        const some = await closing(engineFor(loaded, program), (engine) =>
          sample(engine, strategy, 3, (runs) => runs >= 200),
        );
        for (const outcome of names(some)) expect(names(all)).toContain(outcome);
      }),
      { numRuns: 60 },
    );
  });
});
