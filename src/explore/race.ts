import { pathToFileURL } from 'node:url';
import { catalogue } from '../scenarios/catalogue.js';
import type { Scenario } from '../scenarios/scenario.js';
import { type ExploreOptions, explore } from './explorer.js';
import { inputError } from './inputErrors.js';
import { type LoadedScenarios, loadScenarios } from './loadScenarios.js';
import type { Race, RaceHooks, RaceRequest } from './raceTypes.js';
import { replayRun } from './replayRun.js';
import type { Exploration } from './results.js';
import { type NamedSetting, schemesOf, settingOf } from './settings.js';
import { stress } from './stress.js';
import { createConfirm } from './workerConfirm.js';
import { WorkerCrew } from './workerCrew.js';
import { exploreOnWorkers } from './workerExplore.js';

/** What is to be explored: a setting, and the file that it comes from. */
interface Task {
  readonly setting: NamedSetting;
  readonly file: string;
}

/** See `Race`. */
export const race: Race = async (request, hooks, signal) => {
  const loaded = await load(request);
  const tasks = await tasksOf(request, loaded);
  const explorations: Exploration[] = [];
  const confirmation = createConfirm(loaded);
  const crew = new WorkerCrew();
  try {
    for (const [done, task] of tasks.entries()) {
      if (signal.aborted) break;
      const options: ExploreOptions = {
        ...request,
        interrupted: () => signal.aborted,
        progress: progressOf(task, done, tasks.length, hooks),
        confirm: confirmation.confirm,
      };
      const exploration = await run(loaded, task, request, options, crew);
      explorations.push(exploration);
      hooks.found(exploration);
    }
  } finally {
    await Promise.all([confirmation.close(), crew.end()]);
  }
  return { explorations, interrupted: signal.aborted };
};

async function run(
  loaded: LoadedScenarios,
  task: Task,
  request: RaceRequest,
  options: ExploreOptions,
  crew: WorkerCrew,
): Promise<Exploration> {
  try {
    if (request.replay !== null) return replayRun(loaded, task.setting, request.replay, request.maxSteps);
    if (request.mode === 'stress') return await stress(loaded, task.setting, options);
    if (request.engine === 'worker') return await exploreOnWorkers(loaded, task.setting, options, crew);
    return await explore(loaded, task.setting, options);
  } catch (error) {
    throw inputError(error, loaded.sites, task.file);
  }
}

async function load(request: RaceRequest): Promise<LoadedScenarios> {
  const builtIn = await catalogue();
  const modules = builtIn.filter(({ name }) => request.scenarios.includes(name)).map(({ module }) => module);
  const urls = modules.map((module) => new URL(`../scenarios/${module}`, import.meta.url).href);
  const files = request.files.map((file) => pathToFileURL(file).href);
  try {
    return await loadScenarios([...new Set([...urls, ...files])]);
  } catch (error) {
    throw inputError(error, [], request.files[0] ?? 'built-in scenarios');
  }
}

/** In the order of the catalogue, then of the files: as declared, then variants; each under its schemes. */
async function tasksOf(request: RaceRequest, loaded: LoadedScenarios): Promise<Task[]> {
  const builtIn = new Set((await catalogue()).map(({ name }) => name));
  const chosen = loaded.scenarios.filter(
    ({ name }) => request.scenarios.includes(name) || !builtIn.has(name),
  );
  return chosen.flatMap((scenario) =>
    variantsOf(scenario, request.variant).flatMap((variant) =>
      schemesOf(scenario, variant)
        .filter((scheme) => scheme === 'none' || (request.refcount?.includes(scheme) ?? true))
        // Without a scheduler nobody keeps threads from switching.
        .filter((scheme) => scheme !== 'gil' || request.mode !== 'stress')
        .map((scheme) => ({
          setting: settingOf(scenario, variant, scheme),
          file: builtIn.has(scenario.name) ? scenario.name : (request.files[0] ?? scenario.name),
        })),
    ),
  );
}

function variantsOf(scenario: Scenario, wanted: string): string[] {
  const variants = Object.keys(scenario.spec.variants ?? {});
  if (wanted === 'all') return ['', ...variants];
  return wanted === 'none' ? [''] : variants.filter((variant) => variant === wanted);
}

function progressOf(
  { setting }: Task,
  done: number,
  total: number,
  hooks: RaceHooks,
): ExploreOptions['progress'] {
  const { scenario, scheme, variant } = setting;
  return (executions, estimate, leftMs) => {
    hooks.progress({
      scenario: scenario.name,
      refcount: scheme,
      variant,
      done,
      total,
      executions,
      estimate,
      leftMs,
    });
  };
}
