import { afterAll, describe, expect, it } from 'vitest';
import { type ExploreOptions, explore } from '#ungil/explore/explorer.js';
import { FiberEngine } from '#ungil/explore/fiberEngine.js';
import { type LoadedScenarios, loadScenarios } from '#ungil/explore/loadScenarios.js';
import { replaySchedule } from '#ungil/explore/replay.js';
import { formatSchedule, parseSchedule } from '#ungil/explore/scheduleText.js';
import { type Runner, scout, searchTree } from '#ungil/explore/searches.js';
import { type NamedSetting, schemesOf, settingOf } from '#ungil/explore/settings.js';
import type { Tally } from '#ungil/explore/tally.js';
import { createConfirm, onWorkers } from '#ungil/explore/workerConfirm.js';
import { WorkerCrew } from '#ungil/explore/workerCrew.js';
import { exploreOnWorkers } from '#ungil/explore/workerExplore.js';
import type { Scheme } from '#ungil/scenarios/scenario.js';

const MEMORY_BYTES = 16 << 20;
/** Executions of each search: enough for all branches of the small ones. */
const ENOUGH = 400;

const crew = new WorkerCrew();
afterAll(() => crew.end());

const BUILT_IN = new URL('../../dist/src/scenarios/', import.meta.url);
const builtIn = (...modules: string[]): Promise<LoadedScenarios> =>
  loadScenarios(modules.map((module) => new URL(module, BUILT_IN).href));
const hostile = (): Promise<LoadedScenarios> =>
  loadScenarios([new URL('support/hostile.mjs', import.meta.url).href]);

function setting(loaded: LoadedScenarios, name: string, variant = '', scheme: Scheme = 'none'): NamedSetting {
  const found = loaded.scenarios.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return settingOf(found, variant, scheme);
}

async function onFibers<R>(
  loaded: LoadedScenarios,
  chosen: NamedSetting,
  use: (engine: FiberEngine) => R | Promise<R>,
): Promise<R> {
  const place = loaded.memories.take(MEMORY_BYTES);
  const engine = new FiberEngine(loaded, chosen, place);
  try {
    return await use(engine);
  } finally {
    engine.close();
    loaded.memories.give(MEMORY_BYTES, place);
  }
}

/** Everything that a search says, as text. */
async function searched(engine: Runner): Promise<unknown> {
  engine.machine.random.seed(1);
  const random = scout(engine);
  const { tally, exhausted } = await searchTree(engine, 'dpor', (executions) => executions >= ENOUGH);
  return { exhausted, random: told(random), tree: told(tally) };
}

function told({ outcomes, races, executions, pruned }: Tally): unknown {
  return {
    executions,
    pruned,
    outcomes: [...outcomes.values()].map(({ outcome, count, segments, found }) => [
      outcome,
      count,
      formatSchedule(segments),
      found.map(({ message }) => message),
    ]),
    races: [...races.keys()],
  };
}

/** Each schedule that a search has found, replayed: the outcomes and the schedules as they were then. */
async function replayed(engine: FiberEngine): Promise<unknown> {
  engine.machine.random.seed(1);
  const schedules = [...scout(engine).outcomes.values()].map(({ segments }) => segments);
  return schedules.map((segments) => [formatSchedule(segments), replaySchedule(engine, segments)?.outcome]);
}

describe('both engines, the same scheduler', () => {
  it.each([
    'classic/counters.js',
    'classic/locks.js',
    'classic/treiber.js',
    'refcount/sharedObject.js',
    'refcount/tryIncref.js',
    'memory/qsbr.js',
  ])('find the same executions, schedules and races in %s', async (module) => {
    const loaded = await builtIn(module);
    for (const scenario of loaded.scenarios) {
      for (const variant of ['', ...Object.keys(scenario.spec.variants ?? {})]) {
        for (const scheme of schemesOf(scenario, variant)) {
          const chosen = settingOf(scenario, variant, scheme);
          const what = `${scenario.name} ${variant} ${scheme}`;
          const here = await onFibers(loaded, chosen, searched);
          expect(await onWorkers(loaded, chosen, crew, searched), what).toEqual(here);
          const again = await onFibers(loaded, chosen, replayed);
          expect(await onWorkers(loaded, chosen, crew, replayed), what).toEqual(again);
        }
      }
    }
  });

  it.each(['throws', 'sleeps', 'remembers', 'choosy', 'register', 'never-woken', 'dark'])(
    'find the same in the scenario %s',
    async (name) => {
      const loaded = await hostile();
      const chosen = setting(loaded, name);
      const here = await onFibers(loaded, chosen, searched);
      expect(await onWorkers(loaded, chosen, crew, searched)).toEqual(here);
    },
  );
});

describe('a worker engine', () => {
  it('goes on after executions that were given up in the middle of a body', async () => {
    const loaded = await hostile();
    const outcomes = await onWorkers(loaded, setting(loaded, 'sleeps'), crew, (engine) => {
      const run = (text: string) => replaySchedule(engine, parseSchedule(text))?.outcome;
      return [run('b1-a1'), run('a1-b1'), run('b1-a1'), run('a1-b1'), run('b1-a1')];
    });
    expect(outcomes).toEqual(['x=1', 'deadlock', 'x=1', 'deadlock', 'x=1']);
  });

  it('says which thread has died, and works again afterwards', async () => {
    const loaded = await hostile();
    await expect(onWorkers(loaded, setting(loaded, 'dies'), crew, (engine) => engine.run())).rejects.toThrow(
      /worker of thread 1/,
    );
    const outcome = await onWorkers(
      loaded,
      setting(loaded, 'throws'),
      crew,
      (engine) => engine.run().outcome,
    );
    expect(outcome).toBe('error');
  });

  it('refuses a set-up that differs from one worker to the next', async () => {
    const loaded = await hostile();
    await expect(onWorkers(loaded, setting(loaded, 'fickle'), crew, () => 0)).rejects.toThrow(
      /set-up is not/,
    );
  });

  it('refuses a module that cannot be loaded', async () => {
    const loaded = await hostile();
    const broken = { ...loaded, moduleOf: () => 'file:///nowhere.mjs' };
    await expect(onWorkers(broken, setting(loaded, 'throws'), crew, () => 0)).rejects.toThrow(
      /thread \d.*nowhere/,
    );
  });
});

describe('confirmation', () => {
  it('repeats an outcome on workers', async () => {
    const loaded = await builtIn('refcount/sharedObject.js');
    const chosen = setting(loaded, 'last-two', '', 'plain');
    const { confirm, close } = createConfirm(loaded);
    const leak = await onFibers(loaded, chosen, (engine) => scout(engine).outcomes.get('leak'));
    const segments = leak?.segments ?? [];
    expect(segments).not.toEqual([]);
    expect(await confirm(chosen, segments, 'leak')).toMatchObject({ confirmed: true });
    const wrong = await confirm(chosen, segments, 'deadlock');
    expect(wrong.confirmed).toBe(false);
    expect(wrong.confirmation).toContain("'leak'");
    await close();
  });

  it('leaves an engine of the same scenarios as it was', async () => {
    const loaded = await builtIn('classic/counters.js');
    const chosen = setting(loaded, 'racy-counter-2');
    const { confirm, close } = createConfirm(loaded);
    const outcomes = await onFibers(loaded, chosen, async (engine) => {
      const segments = parseSchedule('a1-b2-a1');
      const before = replaySchedule(engine, segments)?.outcome;
      const { confirmed } = await confirm(chosen, segments, 'x=1');
      return [
        before,
        confirmed,
        replaySchedule(engine, segments)?.outcome,
        replaySchedule(engine, [])?.outcome,
      ];
    });
    await close();
    expect(outcomes).toEqual(['x=1', true, 'x=1', 'x=2']);
  });

  it('tells why it could not be tried', async () => {
    const loaded = await hostile();
    const { confirm, close } = createConfirm(loaded);
    const answer = await confirm(setting(loaded, 'dies'), parseSchedule('a1'), 'done');
    await close();
    expect(answer.confirmed).toBeNull();
    expect(answer.confirmation).toMatch(/thread 1/);
  });
});

describe('an exploration on workers', () => {
  const options: ExploreOptions = {
    mode: 'dpor',
    budgetMs: 20_000,
    seed: 1,
    maxSteps: null,
    interrupted: () => false,
    progress() {},
    confirm: null,
  };

  it('says the same as one on fibers', async () => {
    const loaded = await builtIn('refcount/sharedObject.js');
    const chosen = setting(loaded, 'last-two', '', 'plain');
    const { engine, seconds: _, ...here } = await explore(loaded, chosen, options);
    const { engine: other, seconds: __, ...there } = await exploreOnWorkers(loaded, chosen, options, crew);
    expect([engine, other]).toEqual(['fiber', 'worker']);
    expect(there).toEqual(here);
  });

  it('has no state cache', async () => {
    const loaded = await builtIn('classic/counters.js');
    const chosen = setting(loaded, 'racy-counter-2');
    await expect(exploreOnWorkers(loaded, chosen, { ...options, mode: 'state' }, crew)).rejects.toThrow(
      /state.*dpor/,
    );
    const bounded = await exploreOnWorkers(loaded, chosen, { ...options, mode: 'bound=1' }, crew);
    expect(bounded).toMatchObject({ engine: 'worker', exhaustive: false, mode: 'bound=1', ok: true });
  });
});
