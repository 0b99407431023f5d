import { type ExploreOptions, exploreOn } from './explorer.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { RaceInputError } from './raceTypes.js';
import type { Exploration } from './results.js';
import type { NamedSetting } from './settings.js';
import { onWorkers } from './workerConfirm.js';
import type { WorkerCrew } from './workerCrew.js';

/**
 * As `explore`, on real workers that run the modules as they are: some 20 times slower. Throws RaceInputError for
 * the mode `state`, whose cache workers cannot share; Error where a worker cannot run the scenario or dies.
 */
export async function exploreOnWorkers(
  loaded: LoadedScenarios,
  setting: NamedSetting,
  options: ExploreOptions,
  crew: WorkerCrew,
): Promise<Exploration> {
  if (options.mode === 'state') {
    throw new RaceInputError(
      "mode 'state' needs fibers; accepted with workers: auto, dpor, dfs, bound=N, pct=D, pos, surw, random",
    );
  }
  return onWorkers(loaded, setting, crew, (engine) => exploreOn(engine, 'worker', loaded, setting, options));
}
