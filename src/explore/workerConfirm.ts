import { memoryBytesFor } from './engineMemory.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { replaySchedule } from './replay.js';
import type { Segment } from './scheduleText.js';
import type { NamedSetting } from './settings.js';
import type { Confirm } from './violations.js';
import { WorkerCrew } from './workerCrew.js';
import { WorkerEngine } from './workerEngine.js';

const REPLAYS = 2;

export interface WorkerConfirm {
  readonly confirm: Confirm;
  /** Ends the workers. */
  close(): Promise<void>;
}

/**
 * Repeats schedules on real workers, which run the modules as they are: what fails there too is no artefact of the
 * rewriting. The workers are kept from one call to the next.
 */
export function createConfirm(loaded: LoadedScenarios): WorkerConfirm {
  const crew = new WorkerCrew();
  return {
    confirm: (setting, segments, outcome) => confirmOn(crew, loaded, setting, segments, outcome),
    close: () => crew.end(),
  };
}

async function confirmOn(
  crew: WorkerCrew,
  loaded: LoadedScenarios,
  setting: NamedSetting,
  segments: readonly Segment[],
  outcome: string,
): ReturnType<Confirm> {
  try {
    const outcomes = await onWorkers(loaded, setting, crew, (engine) =>
      Array.from({ length: REPLAYS }, () => replaySchedule(engine, segments)?.outcome ?? null),
    );
    const other = outcomes.find((one) => one !== outcome);
    if (other === undefined)
      return { confirmed: true, confirmation: `${REPLAYS} of ${REPLAYS} replays on workers` };
    const what = other === null ? 'the schedule does not fit' : `the outcome is '${other}'`;
    return { confirmed: false, confirmation: `on workers ${what}` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { confirmed: null, confirmation: `could not be tried: ${why}` };
  }
}

/**
 * Runs `use` with a worker engine for the setting. Another engine of the same scenarios may be alive: it goes on
 * afterwards as if nothing had been.
 */
export async function onWorkers<R>(
  loaded: LoadedScenarios,
  setting: NamedSetting,
  crew: WorkerCrew,
  use: (engine: WorkerEngine) => R | Promise<R>,
): Promise<R> {
  const { hooks, memories } = loaded;
  const { machine, between, tracer, thread, next } = hooks;
  const bytes = memoryBytesFor(setting.spec);
  const place = memories.take(bytes);
  let engine: WorkerEngine | null = null;
  try {
    engine = await WorkerEngine.start(loaded, setting, place, crew);
    return await use(engine);
  } finally {
    await engine?.end();
    Object.assign(hooks, { machine, between, tracer, thread, next });
    memories.give(bytes, place);
  }
}
