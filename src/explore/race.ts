import { type ExploreOptions, explore } from './explorer.js';
import { inputError } from './inputErrors.js';
import { type LoadedScenarios, loadScenarios } from './loadScenarios.js';
import { modulesOf, type Task, tasksOf } from './raceTasks.js';
import type { Race, RaceHooks, RaceRequest } from './raceTypes.js';
import { replayRun } from './replayRun.js';
import type { Exploration } from './results.js';
import { stress } from './stress.js';
import { createConfirm } from './workerConfirm.js';
import { WorkerCrew } from './workerCrew.js';
import { exploreOnWorkers } from './workerExplore.js';

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
      const { target } = task;
      const exploration = { ...(await run(loaded, task, request, options, crew)), target };
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
    throw inputError(error, loaded.sites, task.target);
  }
}

async function load(request: RaceRequest): Promise<LoadedScenarios> {
  try {
    return await loadScenarios(await modulesOf(request));
  } catch (error) {
    throw inputError(error, [], request.files[0] ?? 'built-in scenarios');
  }
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
