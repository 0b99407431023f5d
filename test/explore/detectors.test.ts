import { describe, expect, it } from 'vitest';
import { type ExploreOptions, explore } from '#ungil/explore/explorer.js';
import { loadScenarios } from '#ungil/explore/loadScenarios.js';
import type { Exploration } from '#ungil/explore/results.js';
import { schemesOf, settingOf } from '#ungil/explore/settings.js';
import { testScenarios } from '#ungil/raceTest.js';

const FILE = new URL('../fixtures/race/detectors.mjs', import.meta.url);

// The outcomes that the scenarios declare are what is checked here.
await testScenarios(FILE);

const OPTIONS: ExploreOptions = {
  mode: 'dpor',
  budgetMs: 5000,
  seed: 1,
  maxSteps: null,
  interrupted: () => false,
  progress: () => {},
  confirm: null,
};

const loaded = await loadScenarios([FILE.href]);

function run(name: string, dataRaces?: boolean): Promise<Exploration> {
  const one = loaded.scenarios.find((scenario) => scenario.name === name);
  if (one === undefined) throw new Error(`no scenario ${name}`);
  const setting = settingOf(one, '', schemesOf(one, '')[0]);
  const world = { ...setting.spec.world, ...(dataRaces === undefined ? {} : { dataRaces }) };
  return explore(loaded, { ...setting, spec: { ...setting.spec, world } }, OPTIONS);
}

describe('what the report says of', () => {
  it('a data race: the place of both accesses; a fault where the world forbids it', async () => {
    const tolerated = await run('data race');
    expect(tolerated.ok).toBe(true);
    expect(tolerated.races).toHaveLength(1);
    expect(tolerated.races[0].location).toBe('x[0]');
    expect(tolerated.races[0].first).toMatch(/detectors\.mjs:\d+/);
    const forbidden = await run('data race', true);
    expect(forbidden.ok).toBe(false);
    expect(forbidden.problems[0]).toMatch(/^data race on x\[0\]: .*detectors\.mjs:\d+/);
    expect(forbidden.violations.map(({ kind }) => kind)).toContain('data race');
  });

  it('a deadlock: who waits for what', async () => {
    const { violations } = await run('deadlock');
    expect(violations[0].message).toBe('thread 0 sleeps on x[1], thread 1 sleeps on x[0]');
  });

  it('a livelock: that the search is not exhaustive', async () => {
    const { exhaustive, outcomes } = await run('livelock');
    expect(outcomes.map(({ outcome }) => outcome)).toContain('livelock');
    expect(exhaustive).toBe(false);
  });

  it('an error: thread and message', async () => {
    const { violations } = await run('error');
    expect(violations[0].message).toBe('thread 0 threw RangeError: seen');
  });

  it('a broken invariant: what never said', async () => {
    const { violations } = await run('never: both are in at once');
    expect(violations[0].message).toMatch(/^both are in, after step \d+$/);
  });

  it('a scenario that remembers: that it is not deterministic', async () => {
    const forgetful = await loadScenarios([new URL('../fixtures/race/forgetful.mjs', import.meta.url).href]);
    const { ok, problems } = await explore(forgetful, settingOf(forgetful.scenarios[0], '', 'none'), OPTIONS);
    expect(ok).toBe(false);
    expect(problems.join('\n')).toMatch(
      /^not deterministic: schedule [ab\d-]+ led to 'x=\d', and again to 'x=\d'$/m,
    );
  });
});

it('an access inside of a constructor is refused, though a finally takes steps before the error gets out', async () => {
  const { scenarios, ...rest } = await loadScenarios([
    new URL('../fixtures/race/constructor.mjs', import.meta.url).href,
  ]);
  const setting = settingOf(scenarios[0], '', 'none');
  const exploration = explore({ ...rest, scenarios }, setting, OPTIONS);
  await expect(exploration).rejects.toThrow('inside of code that cannot be');
});
