import { beforeAll, describe, expect, it } from 'vitest';
import { FiberEngine } from '#ungil/explore/fiberEngine.js';
import { type LoadedScenarios, loadScenarios } from '#ungil/explore/loadScenarios.js';
import { searchTree } from '#ungil/explore/searches.js';
import { settingOf } from '#ungil/explore/settings.js';
import type { Reduction } from '#ungil/explore/tree.js';

const FOLDER = new URL('../../dist/src/scenarios/', import.meta.url);
const BYTES = 16 << 20;

let loaded: LoadedScenarios;
beforeAll(async () => {
  const modules = ['classic/counters.js', 'classic/locks.js', 'classic/treiber.js', 'classic/miniBiased.js'];
  loaded = await loadScenarios(modules.map((module) => new URL(module, FOLDER).href));
});

/** Executions until nothing is left: complete ones, and with those that were given up because they are covered. */
async function executions(name: string, reduction: Reduction): Promise<{ complete: number; all: number }> {
  const one = loaded.scenarios.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`no scenario ${name}`);
  const place = loaded.memories.take(BYTES);
  const engine = new FiberEngine(loaded, settingOf(one, '', 'none'), place);
  try {
    const { tally } = await searchTree(engine, reduction, () => false);
    return { complete: tally.executions, all: tally.executions + tally.pruned };
  } finally {
    engine.close();
    loaded.memories.give(BYTES, place);
  }
}

/** Executions to exhaust, as published for the prototype: plain depth-first search, sleep sets, source-DPOR. */
const COUNTS: readonly [name: string, dfs: number | null, sleep: number | null, dpor: number][] = [
  ['racy-counter-2', 6, 4, 4],
  ['racy-counter-3', 90, 36, 36],
  ['cas-counter-3', 498, 60, 60],
  ['cas-counter-4', null, null, 3120],
  // The prototype needed 31 with sleep sets alone; which executions those give up depends on who is tried first.
  ['peterson', 412, null, 12],
  ['futex-mutex-2', 412, 52, 28],
  ['treiber-aba', 9355, 49, 33],
  ['mini-biased', 17_732, 33, 12],
];

describe('executions to exhaust', () => {
  it.each(COUNTS)(
    '%s: %s depth-first, %s with sleep sets, %s with source-DPOR',
    async (name, dfs, sleep, dpor) => {
      if (dfs !== null) expect((await executions(name, 'none')).complete).toBe(dfs);
      if (sleep !== null) expect((await executions(name, 'sleep')).all).toBe(sleep);
      // Nothing redundant: no execution is given up.
      expect(await executions(name, 'dpor')).toEqual({ complete: dpor, all: dpor });
    },
  );

  it('sleep sets complete as many executions of Peterson as there are classes', async () => {
    expect((await executions('peterson', 'sleep')).complete).toBe(12);
  });
});
