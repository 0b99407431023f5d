/**
 * How fast the explorer is: executions a second, by scenario and search, medians of several rounds. Run by
 * `npm run bench:explore`.
 */
import { FiberEngine } from '../src/explore/fiberEngine.js';
import { type LoadedScenarios, loadScenarios } from '../src/explore/loadScenarios.js';
import { Strategy } from '../src/explore/machineLayout.js';
import { type Searched, type Stop, sample, scout, searchTree } from '../src/explore/searches.js';
import { settingOf } from '../src/explore/settings.js';
import { WorkerCrew } from '../src/explore/workerCrew.js';
import { exploreOnWorkers } from '../src/explore/workerExplore.js';
import { median } from '../src/report/statistics.js';

const ROUNDS = 7;
const ROUND_MS = 400;
const BYTES = 16 << 20;
const WORKER_ROUNDS = 6;
const WORKER_MS = 1000;
const FOLDER = new URL('../src/scenarios/', import.meta.url);
const MODULES = ['classic/counters.js', 'classic/locks.js', 'classic/treiber.js'];

interface Case {
  readonly scenario: string;
  readonly search: string;
  run(engine: FiberEngine, stop: Stop): Promise<Searched>;
}

const dpor = (engine: FiberEngine, stop: Stop): Promise<Searched> => searchTree(engine, 'dpor', stop);
const random = (engine: FiberEngine, stop: Stop): Promise<Searched> =>
  sample(engine, Strategy.Random, 1, stop);
const pct = (engine: FiberEngine, stop: Stop): Promise<Searched> => sample(engine, Strategy.Pct, 3, stop);
const pos = (engine: FiberEngine, stop: Stop): Promise<Searched> => sample(engine, Strategy.Pos, 1, stop);

const CASES: readonly Case[] = [
  { scenario: 'futex-mutex-3', search: 'dpor', run: dpor },
  { scenario: 'cas-counter-4', search: 'dpor', run: dpor },
  { scenario: 'treiber-aba', search: 'random', run: random },
  { scenario: 'treiber-aba', search: 'pct', run: pct },
  { scenario: 'treiber-aba', search: 'pos', run: pos },
  { scenario: 'futex-mutex-3', search: 'random', run: random },
  { scenario: 'futex-mutex-3', search: 'pct', run: pct },
];

/** Executions a second, and the mean number of steps. A search that ends early begins again. */
async function round(loaded: LoadedScenarios, one: Case): Promise<{ rate: number; steps: number }> {
  const scenario = loaded.scenarios.find(({ name }) => name === one.scenario);
  if (scenario === undefined) throw new Error(`no scenario ${one.scenario}`);
  const place = loaded.memories.take(BYTES);
  const engine = new FiberEngine(loaded, settingOf(scenario, '', 'none'), place);
  scout(engine);
  let executions = 0;
  let steps = 0;
  const start = performance.now();
  const over = (): boolean => performance.now() - start > ROUND_MS;
  while (!over()) {
    const { tally } = await one.run(engine, (runs) => {
      steps += engine.machine.c[1];
      return runs % 256 === 0 && over();
    });
    executions += tally.executions;
  }
  const seconds = (performance.now() - start) / 1000;
  engine.close();
  loaded.memories.give(BYTES, place);
  return { rate: executions / seconds, steps: steps / executions };
}

/** Milliseconds to exhaust four threads on a compare-exchange counter: the figure that other tools are known by. */
async function exhaust(loaded: LoadedScenarios): Promise<{ ms: number; executions: number }> {
  const scenario = loaded.scenarios.find(({ name }) => name === 'cas-counter-4');
  if (scenario === undefined) throw new Error('no scenario cas-counter-4');
  const place = loaded.memories.take(BYTES);
  const engine = new FiberEngine(loaded, settingOf(scenario, '', 'none'), place);
  const start = performance.now();
  const { tally } = await searchTree(engine, 'dpor', () => false);
  const ms = performance.now() - start;
  engine.close();
  loaded.memories.give(BYTES, place);
  return { ms, executions: tally.executions };
}

/** Executions a second of DPOR through real workers. */
async function onWorkers(loaded: LoadedScenarios, name: string): Promise<number> {
  const scenario = loaded.scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const crew = new WorkerCrew();
  const rates: number[] = [];
  for (let i = 0; i < WORKER_ROUNDS; i++) {
    const { executions, seconds } = await exploreOnWorkers(
      loaded,
      settingOf(scenario, '', 'none'),
      {
        mode: 'dpor',
        budgetMs: WORKER_MS,
        seed: 1,
        maxSteps: null,
        interrupted: () => false,
        progress: () => {},
        confirm: null,
      },
      crew,
    );
    // The first round starts the workers.
    if (i > 0) rates.push(executions / seconds);
  }
  await crew.end();
  return median(rates);
}

const loaded = await loadScenarios(MODULES.map((module) => new URL(module, FOLDER).href));
const cold = await exhaust(loaded);
const rates = CASES.map(() => [] as number[]);
const lengths = CASES.map(() => 0);
for (let i = 0; i < ROUNDS; i++) {
  for (const [at, one] of CASES.entries()) {
    const { rate, steps } = await round(loaded, one);
    rates[at].push(rate);
    lengths[at] = steps;
  }
}
console.log('executions a second, medians of', ROUNDS, 'rounds:');
for (const [at, { scenario, search }] of CASES.entries()) {
  const rate = Math.round(median(rates[at]) / 1000);
  console.log(
    `  ${scenario.padEnd(14)} ${search.padEnd(7)} ${String(rate).padStart(4)} k/s  ${lengths[at].toFixed(1)} steps`,
  );
}
console.log(`cas-counter-4 exhausted from cold: ${cold.executions} executions in ${cold.ms.toFixed(0)} ms`);
for (const name of ['cas-counter-4', 'futex-mutex-3']) {
  const rate = (await onWorkers(loaded, name)) / 1000;
  console.log(`on workers, ${name.padEnd(14)} dpor ${rate.toFixed(1)} k/s`);
}
