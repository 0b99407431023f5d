/**
 * Entry of a worker of the race explorer: serves one scenario after the other, as one of its threads. While it
 * serves, its event loop stands still; the host hands it its turns.
 */
import { register } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { findScenario } from '../src/explore/findScenario.js';
import { serveStress } from '../src/explore/stressThread.js';
import { type CurrentHooks, replaceGlobals } from '../src/explore/workerGlobals.js';
import type { WorkerAnswer, WorkerRequest } from '../src/explore/workerJob.js';
import { WorkerThread } from '../src/explore/workerThread.js';

const current: CurrentHooks = { hooks: null, raw: (view) => view };
let replaced = false;

/** Scenario files of users import the package by its name, wherever they are. */
function resolvePackage(): void {
  const race = new URL('../src/race.js', import.meta.url).href;
  const source = `export const resolve = (specifier, context, next) =>
    specifier === 'ungil/race' ? { url: ${JSON.stringify(race)}, shortCircuit: true } : next(specifier, context);`;
  register(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function serve(job: WorkerRequest): Promise<WorkerAnswer> {
  if (job.kind === 'stress') {
    await serveStress(job, answer);
    return { kind: 'left' };
  }
  if (!replaced) replaceGlobals(current);
  replaced = true;
  const thread = new WorkerThread(job, await findScenario(job));
  current.hooks = thread.hooks;
  current.raw = thread.memory.raw;
  answer({ kind: 'ready' });
  thread.serve();
  current.hooks = null;
  return { kind: 'left' };
}

function answer(message: WorkerAnswer): void {
  parentPort?.postMessage(message);
}

let userCode = false;
parentPort?.on('message', (job: WorkerRequest) => {
  if (!userCode && !job.module.startsWith(new URL('../src/', import.meta.url).href)) {
    userCode = true;
    resolvePackage();
  }
  serve(job).then(answer, (error: unknown) => {
    current.hooks = null;
    answer({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
  });
});
