import type { RaceRequest } from '#ungil/explore/raceTypes.js';
import type { Exploration, OutcomeRow, Step, Violation } from '#ungil/explore/results.js';

export function outcome(
  text: string,
  expectation: OutcomeRow['expectation'],
  count: number,
  more: Partial<OutcomeRow> = {},
): OutcomeRow {
  return { outcome: text, fields: { text }, expectation, count, schedule: 'a3-b2', ...more };
}

/** All went as it should. */
export function exploration(more: Partial<Exploration> = {}): Exploration {
  return {
    scenario: 'owner-exit',
    about: 'the owner of an object ends while another thread hands it a reference (gh-1)',
    refcount: 'biased',
    variant: '',
    threads: ['owner', 'foreign'],
    engine: 'fiber',
    mode: 'dpor',
    exhaustive: true,
    executions: 28,
    pruned: 3,
    seconds: 0.0123,
    guarantee: 'exhaustive: 28 of 28 classes',
    outcomes: [outcome('freed=1', 'expected', 20), outcome('freed=0', 'interesting', 8)],
    unreached: [],
    violations: [],
    races: [],
    declaredRaces: 0,
    ok: true,
    problems: [],
    interrupted: false,
    ...more,
  };
}

export function step(index: number, thread: number, more: Partial<Step> = {}): Step {
  return {
    index,
    thread,
    operation: 'load',
    location: 'obj#1.shared',
    value: '4',
    source: 'refcount/biased.ts:231',
    function: 'BiasedRefCounter.decref',
    note: '',
    ...more,
  };
}

export const TRACE: Step[] = [
  step(1, 0),
  step(2, 1, { operation: 'compare-exchange', value: '4 -> 5', source: 'refcount/biased.ts:199' }),
  step(3, 0, { operation: 'free', location: 'obj#1', value: '', source: 'allocators/mimalloc/heap.ts:77' }),
  step(4, 1, { note: 'use after free: obj#1 was freed by owner at step 3' }),
];

export function violation(more: Partial<Violation> = {}): Violation {
  return {
    kind: 'use after free',
    message: 'use after free: load of obj#1.shared, freed by owner at step 3',
    allowed: false,
    schedule: 'a1-b1-a1-b1!1',
    confirmed: true,
    confirmation: '',
    trace: TRACE,
    cause: {
      first: {
        thread: 'owner',
        step: 3,
        what: 'frees obj#1',
        stack: ['BiasedRefCounter.mergeZeroLocal (refcount/biased.ts:180)', 'decref (refcount/biased.ts:90)'],
      },
      second: { thread: 'foreign', step: 4, what: 'loads obj#1.shared', stack: ['tryIncref (a.ts:1)'] },
      missing: 'nothing orders the free after the load',
    },
    ...more,
  };
}

/** A use after free that must not be. */
export function failed(more: Partial<Exploration> = {}): Exploration {
  return exploration({
    outcomes: [
      outcome('freed=1', 'expected', 20),
      outcome('use after free', 'forbidden', 8, { fields: null, schedule: 'a1-b1-a1-b1!1' }),
    ],
    violations: [violation()],
    ok: false,
    problems: ["forbidden outcome 'use after free' was reached"],
    ...more,
  });
}

/** A broken variant whose bug was found. */
export function caught(more: Partial<Exploration> = {}): Exploration {
  return failed({
    variant: 'early-free',
    exhaustive: false,
    guarantee: 'the bug was found',
    outcomes: [outcome('use after free', 'expected', 1, { fields: null })],
    violations: [violation({ allowed: true })],
    ok: true,
    problems: [],
    ...more,
  });
}

export const REQUEST: RaceRequest = {
  scenarios: ['owner-exit'],
  files: [],
  mode: 'auto',
  refcount: null,
  variant: 'all',
  budgetMs: 10_000,
  seed: 1,
  maxSteps: null,
  engine: 'fiber',
  replay: null,
};
