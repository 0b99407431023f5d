import { beforeAll, describe, expect, test } from 'vitest';
import { explore } from '#ungil/explore/explorer.js';
import { FiberEngine } from '#ungil/explore/fiberEngine.js';
import { type LoadedScenarios, loadScenarios } from '#ungil/explore/loadScenarios.js';
import { replaySchedule } from '#ungil/explore/replay.js';
import { replayRun } from '#ungil/explore/replayRun.js';
import type { Exploration, Violation } from '#ungil/explore/results.js';
import { formatSchedule } from '#ungil/explore/scheduleText.js';
import { type NamedSetting, schemesOf, settingOf } from '#ungil/explore/settings.js';
import { recordedSegments } from '#ungil/explore/tally.js';
import type { Confirm } from '#ungil/explore/violations.js';
import { writeModules } from './support/rewriting.js';

const BUILT_IN = ['classic/counters', 'classic/locks', 'classic/treiber', 'refcount/sharedObject'].map(
  (name) => new URL(`../../dist/src/scenarios/${name}.js`, import.meta.url).href,
);

const TOYS = `
  import { scenario } from 'ungil/race';

  function lostUpdate(x, w) {
    const seen = Atomics.load(w.i32, x);
    Atomics.store(w.i32, x, seen + 1);
  }
  export const counter = scenario('toy-counter', {
    about: 'a lost update that is forbidden',
    setup: (w) => w.words(1, 'x'),
    threads: { left: lostUpdate, right: lostUpdate },
    after: (x, w) => ({ x: w.i32[x] }),
    outcomes: { 'x=2': 'required' },
  });

  export const plain = scenario('toy-plain', {
    about: 'two plain writes that nothing orders',
    setup: (w) => w.words(1, 'x'),
    threads: [(x, w) => { w.i32[x] = 1; }, (x, w) => { w.i32[x] = 2; }],
    outcomes: { '*': 'expected' },
    world: { dataRaces: true },
  });

  export const late = scenario('toy-late', {
    about: 'a block is freed while somebody looks at it',
    setup(w) {
      const shown = w.words(1, 'shown');
      w.i32[shown] = w.thread(0).allocator.alloc(8, 0);
      return shown;
    },
    threads: {
      freeing(shown, w) {
        const block = Atomics.exchange(w.i32, shown, 0);
        w.thread(0).allocator.free(block, 0);
      },
      looking(shown, w) {
        const block = Atomics.load(w.i32, shown);
        if (block !== 0) Atomics.load(w.i32, block + 2);
      },
    },
    outcomes: { done: 'expected' },
  });

  function both(first, second) {
    return (s, w) => {
      take(s + first, w);
      take(s + second, w);
      Atomics.store(w.i32, s + second, 0);
      Atomics.store(w.i32, s + first, 0);
    };
  }
  function take(lock, w) {
    while (Atomics.compareExchange(w.i32, lock, 0, 1) !== 0) Atomics.wait(w.i32, lock, 1);
  }
  export const crossed = scenario('toy-crossed', {
    about: 'two locks in two orders',
    setup: (w) => w.words(2, 'lock'),
    threads: { up: both(0, 1), down: both(1, 0) },
    outcomes: { done: 'expected' },
  });

  export const torn = scenario('toy-torn', {
    about: 'plain accesses between polls, under the GIL',
    refcount: ['gil'],
    setup: (w) => w.words(1, 'x'),
    threads: { left: polled, right: polled },
    after: (x, w) => ({ x: w.i32[x] }),
    outcomes: { 'x=2': 'expected' },
  });
  function polled(x, w) {
    const seen = w.i32[x];
    w.thread(w.services.current()).poll();
    w.i32[x] = seen + 1;
  }
`;

let builtIn: LoadedScenarios;
let toys: LoadedScenarios;

beforeAll(async () => {
  builtIn = await loadScenarios(BUILT_IN);
  toys = await loadScenarios([writeModules({ 'toys.mjs': TOYS })('toys.mjs')]);
});

function toy(name: string): NamedSetting {
  const scenario = toys.scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no ${name}`);
  return settingOf(scenario, '', schemesOf(scenario, '')[0]);
}

function run(loaded: LoadedScenarios, setting: NamedSetting, confirm: Confirm | null = null) {
  return explore(loaded, setting, {
    mode: 'auto',
    budgetMs: 500,
    seed: 1,
    maxSteps: null,
    interrupted: () => false,
    progress: () => {},
    confirm,
  });
}

async function violationOf(name: string, kind: Violation['kind']): Promise<Violation> {
  const { violations } = await run(toys, toy(name));
  const found = violations.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}, but ${violations.map((one) => one.message)}`);
  return found;
}

function rows({ trace }: Violation): string[] {
  return trace.map(({ index, thread, operation, location, value, note }) =>
    `${index} ${'ab'[thread]} ${operation} ${location} ${value} ${note}`.trim(),
  );
}

describe('a forbidden outcome', () => {
  test('is shown by a schedule with one preemption', async () => {
    const violation = await violationOf('toy-counter', 'forbidden outcome');
    expect(violation.message).toBe('x=1');
    expect(violation.allowed).toBe(false);
    expect(violation.schedule).toBe('a1-b1');
    expect(rows(violation)).toEqual([
      '1 a load x 0',
      '2 b load x 0',
      '3 b store x 0 -> 1',
      '4 a store x 1 -> 1',
    ]);
  });

  test('has the store in between as its cause, with call stacks', async () => {
    const { cause, trace } = await violationOf('toy-counter', 'forbidden outcome');
    expect(cause?.missing).toBe(
      "nothing keeps right's store of x out between left's load (step 1) and left's store (step 4)",
    );
    expect(cause?.first).toMatchObject({ thread: 'left', step: 1, what: 'load x = 0' });
    expect(cause?.second).toMatchObject({ thread: 'right', step: 3, what: 'store x 0 -> 1' });
    expect(cause?.first.stack).toEqual([expect.stringMatching(/^lostUpdate \(.*toys\.mjs:5\)$/)]);
    expect(trace[2].source).toMatch(/toys\.mjs:6$/);
    expect(trace[2].function).toBe('lostUpdate');
  });

  test('is confirmed with the schedule of the whole execution', async () => {
    const asked: string[] = [];
    const { violations } = await run(toys, toy('toy-counter'), async (_setting, segments, outcome) => {
      asked.push(`${formatSchedule(segments)} ${outcome}`);
      return { confirmed: true, confirmation: 'said so' };
    });
    expect(asked).toEqual(['a1-b2-a1 x=1']);
    expect(violations[0]).toMatchObject({ confirmed: true, confirmation: 'said so' });
  });

  test('under the GIL is traced to plain accesses', async () => {
    const violation = await violationOf('toy-torn', 'forbidden outcome');
    expect(violation.cause?.missing).toMatch(/^nothing keeps (left|right)'s write of x out between/);
    expect(rows(violation).filter((row) => row.includes(' x '))).toHaveLength(4);
  });
});

describe('faults', () => {
  test('a use after free: who freed, who came late', async () => {
    const violation = await violationOf('toy-late', 'use after free');
    expect(violation.message).toMatch(/^looking touches array#\d+\[2\] after it was freed$/);
    expect(violation.cause?.first).toMatchObject({
      thread: 'freeing',
      what: expect.stringMatching(/^free array#\d+$/),
    });
    expect(violation.cause?.second).toMatchObject({
      thread: 'looking',
      what: expect.stringMatching(/^load array#\d+\[2\]/),
    });
    const late = violation.trace.find(({ note }) => note !== '');
    expect(late?.note).toBe(`use after free: freeing freed it in step ${violation.cause?.first.step}`);
    expect(violation.cause?.first.stack[0]).toMatch(/freeing \(.*toys\.mjs:34\)$/);
  });

  test('a deadlock: who waits for whom', async () => {
    const { cause, message } = await violationOf('toy-crossed', 'deadlock');
    expect(message).toMatch(/up sleeps on lock\[1\], down sleeps on lock\[0\]/);
    expect(cause?.missing).toMatch(
      /up sleeps on lock\[1\] \(step \d\), and down's compare-exchange \(step \d\) came before/,
    );
    expect(cause?.missing).toMatch(
      /down sleeps on lock\[0\] \(step \d\), and up's compare-exchange \(step \d\) came before/,
    );
  });

  test('a data race: both accesses', async () => {
    const violation = await violationOf('toy-plain', 'data race');
    expect(violation.cause?.first.what).toMatch(/^write x 0 -> [12]$/);
    expect(violation.cause?.second.what).toMatch(/^write x [12] -> [12]$/);
    expect(violation.message).toMatch(/^no lock and no atomic operation orders thread \d's write/);
    expect(violation.trace[1].note).toMatch(/^data race with thread \d's step 1$/);
  });

  test('of plain counts are allowed, and explained all the same', async () => {
    const scenario = builtIn.scenarios.find(({ name }) => name === 'incref-decref');
    if (scenario === undefined) throw new Error('no incref-decref');
    const { violations } = await run(builtIn, settingOf(scenario, '', 'plain'));
    const leak = violations.find(({ kind }) => kind === 'leak');
    expect(leak?.allowed).toBe(true);
    expect(leak?.cause?.missing).toMatch(/of float#1\.local out between/);
    expect(leak?.cause?.first.stack[0]).toMatch(/^PlainRefCounter\.\w+ \(refcount\/plain\.ts:\d+\)$/);
  });
});

describe('a replay', () => {
  test('of a shrunk schedule shows the violation', () => {
    const exploration: Exploration = replayRun(toys, toy('toy-counter'), 'a1-b1', null);
    expect(exploration).toMatchObject({
      mode: 'replay',
      guarantee: 'one execution',
      ok: false,
      executions: 1,
    });
    expect(exploration.outcomes).toMatchObject([
      { outcome: 'x=1', schedule: 'a1-b1', expectation: 'forbidden' },
    ]);
    expect(exploration.violations[0].cause?.missing).toContain("right's store of x");
  });

  test('without a violation says what came out', () => {
    const exploration = replayRun(toys, toy('toy-counter'), 'a2-b2', null);
    expect(exploration).toMatchObject({ ok: true, violations: [], outcomes: [{ outcome: 'x=2' }] });
  });

  test.each([
    ['toy-counter', 'a3', 'parted at access 3 of 3: thread a cannot run there (it has ended)'],
    ['toy-crossed', 'a1-b3-a3', 'parted at access 7 of 7: thread a cannot run there (it sleeps on lock[1])'],
    ['toy-counter', 'a1!1', 'parted at access 1 of 1: thread a has no choice 1 there'],
    ['toy-counter', 'x', "schedule 'x'"],
  ])('of %s by %s is refused', (name, schedule, message) => {
    expect(() => replayRun(toys, toy(name), schedule, null)).toThrow(message);
  });
});

test('every schedule that is recorded gives the same execution again', () => {
  const different: string[] = [];
  for (const scenario of builtIn.scenarios) {
    for (const scheme of schemesOf(scenario, '')) {
      different.push(
        ...differences(settingOf(scenario, '', scheme)).map((text) => `${scenario.name} ${scheme}: ${text}`),
      );
    }
  }
  expect(different).toEqual([]);
});

/** Random executions, each one replayed. */
function differences(setting: NamedSetting): string[] {
  const place = builtIn.memories.take(16 << 20);
  const engine = new FiberEngine(builtIn, setting, place);
  const found: string[] = [];
  let promoted = -1;
  for (let seed = 1; seed <= 60; seed++) {
    engine.machine.random.seed(seed);
    engine.machine.c[CELL_STRATEGY] = RANDOM;
    const result = engine.run();
    // An execution that learns of a race has taken plain accesses for no steps before.
    const isFaithful = engine.machine.c[CELL_PROMOTED] === promoted;
    promoted = engine.machine.c[CELL_PROMOTED];
    if (!isFaithful) continue;
    const segments = recordedSegments(engine.buffers);
    const again = replaySchedule(engine, segments);
    const schedule = formatSchedule(segments);
    if (again?.outcome !== result.outcome)
      found.push(`${schedule}: ${result.outcome}, then ${again?.outcome}`);
    else if (formatSchedule(recordedSegments(engine.buffers)) !== schedule)
      found.push(`${schedule}: recorded anew`);
  }
  engine.close();
  builtIn.memories.give(16 << 20, place);
  return found;
}

/** Of machineLayout.ts, whose enums are inlined only where the compiler sees them. */
const CELL_STRATEGY = 5;
const CELL_PROMOTED = 26;
const RANDOM = 1;
