import { describe, expect, it } from 'vitest';
import { type LoadedScenarios, loadScenarios } from '#ungil/explore/loadScenarios.js';
import type { Exploration } from '#ungil/explore/results.js';
import { settingOf } from '#ungil/explore/settings.js';
import { type StressOptions, stress } from '#ungil/explore/stress.js';
import type { Scheme } from '#ungil/scenarios/scenario.js';

const BUILT_IN = new URL('../../dist/src/scenarios/', import.meta.url);
const HOSTILE = new URL('support/hostile.mjs', import.meta.url).href;

const OPTIONS: StressOptions = { budgetMs: 300, interrupted: () => false, progress() {} };

async function stressed(
  module: string,
  name: string,
  scheme: Scheme = 'none',
  options: Partial<StressOptions> = {},
  variant = '',
): Promise<Exploration> {
  const loaded: LoadedScenarios = await loadScenarios([module]);
  const found = loaded.scenarios.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return stress(loaded, settingOf(found, variant, scheme), { ...OPTIONS, ...options });
}

const builtIn = (module: string): string => new URL(module, BUILT_IN).href;

/** Executions with each outcome. */
const counts = ({ outcomes }: Exploration): Record<string, number> =>
  Object.fromEntries(outcomes.map(({ outcome, count }) => [outcome, count]));

describe('stress', () => {
  it('counts what comes out of words', async () => {
    const result = await stressed(builtIn('classic/counters.js'), 'racy-counter-2');
    expect(result).toMatchObject({ engine: 'stress', exhaustive: false, ok: true, problems: [], pruned: 0 });
    expect(result.guarantee).toMatch(/^sampled \d+ executions on real workers, no guarantee$/);
    expect(result.executions).toBeGreaterThan(0);
    expect(Object.values(counts(result)).reduce((a, b) => a + b)).toBe(result.executions);
    expect(Object.keys(counts(result))).toContain('x=2');
    expect(['x=1', 'x=2']).toEqual(expect.arrayContaining(Object.keys(counts(result))));
    expect(result.outcomes.find(({ outcome }) => outcome === 'x=2')).toMatchObject({ fields: { x: 2 } });
  });

  it('renews the words of a stride', async () => {
    const result = await stressed(builtIn('classic/counters.js'), 'cas-counter-3');
    expect(Object.keys(counts(result))).toEqual(['x=3']);
    expect(result.executions).toBeGreaterThan(1024);
  });

  it.each(['atomic', 'biased'] as const)('runs threads of the runtime under %s', async (scheme) => {
    const result = await stressed(builtIn('refcount/sharedObject.js'), 'incref-decref', scheme);
    expect(Object.keys(counts(result))).toEqual(['freed=false']);
    expect(result.executions).toBeGreaterThan(1);
  });

  it('refuses what only a scheduler can run', async () => {
    await expect(stressed(builtIn('refcount/sharedObject.js'), 'last-two', 'gil')).rejects.toThrow(
      /last-two.*gil/,
    );
  });

  it('ends what waits for ever, and keeps what it has', async () => {
    const result = await stressed(HOSTILE, 'never-woken', 'none', { budgetMs: 20_000, hangMs: 400 });
    expect(counts(result)).toMatchObject({ deadlock: 1 });
    expect(result.ok).toBe(true);
    expect(result.violations).toMatchObject([{ kind: 'deadlock', allowed: true }]);
  });

  it('names what threads throw', async () => {
    const result = await stressed(HOSTILE, 'throws');
    expect(Object.keys(counts(result))).toEqual(['error']);
    expect(result).toMatchObject({ ok: true, violations: [{ kind: 'error', confirmed: true }] });
  });

  it('brings JavaScript state over to the end', async () => {
    const result = await stressed(HOSTILE, 'remembers');
    expect(['a=0, b=1', 'a=1, b=0']).toEqual(expect.arrayContaining(Object.keys(counts(result))));
    expect(result.executions).toBeGreaterThan(0);
  });

  it('checks histories', async () => {
    const result = await stressed(HOSTILE, 'register');
    expect(Object.keys(counts(result))).toEqual(['done']);
    const broken = await stressed(HOSTILE, 'register', 'none', {}, 'reads are made up');
    expect(Object.keys(counts(broken))).toEqual(['not linearizable']);
  });

  it('is stopped', async () => {
    let looks = 0;
    const result = await stressed(builtIn('classic/counters.js'), 'racy-counter-2', 'none', {
      budgetMs: 60_000,
      interrupted: () => ++looks > 3,
    });
    expect(result.interrupted).toBe(true);
  });

  it('says why a worker cannot run the scenario', async () => {
    await expect(stressed(HOSTILE, 'dies')).rejects.toThrow(/thread 1 has died/);
    const loaded = await loadScenarios([HOSTILE]);
    const [first] = loaded.scenarios;
    const elsewhere = { ...loaded, moduleOf: () => builtIn('classic/counters.js') };
    await expect(stress(elsewhere, settingOf(first, '', 'none'), OPTIONS)).rejects.toThrow(/does not export/);
  });
});
