import { SharedMemory } from '../memory/sharedMemory.js';
import { findScenario } from './findScenario.js';
import { HandOff } from './handOff.js';
import { applyOverrides } from './overrides.js';
import { StressCounts } from './stressCounts.js';
import { Meeting, Stress } from './stressMeeting.js';
import type { StressParts } from './stressParts.js';
import { StressServices } from './stressServices.js';
import { StressSingles } from './stressSingles.js';
import { StressStrides } from './stressStrides.js';
import type { StressJob, WorkerAnswer } from './workerJob.js';
import { Messages } from './workerMessages.js';

/** Runs one thread of a scenario over and over, until the host stops it. Throws what set-up throws. */
export async function serveStress(job: StressJob, answer: (message: WorkerAnswer) => void): Promise<void> {
  addPause();
  const setting = await findScenario(job);
  const undo = applyOverrides(setting.overrides as never);
  const control = new Int32Array(job.control);
  const { threads } = setting.spec;
  const parts: StressParts = {
    memory: SharedMemory.attach(job.memory),
    setting,
    services: new StressServices(control),
    control,
    bodies: Array.isArray(threads) ? threads : Object.values(threads),
    thread: job.thread,
  };
  answer({ kind: 'ready' });
  try {
    run(parts, job, new StressCounts(answer));
  } finally {
    undo();
  }
}

function run(parts: StressParts, job: StressJob, counts: StressCounts): void {
  const meeting = new Meeting(parts.control, parts.bodies.length);
  const messages = job.messages.map(({ hand, bytes }) => new Messages(bytes, new HandOff(hand)));
  const singles = new StressSingles(parts, meeting, job.base, messages);
  if (parts.thread === 0) parts.control[Stress.Progress] = 1;
  if (singles.isSimple) strides(parts, meeting).run(counts);
  else singles.run(counts);
  if (parts.thread === 0) counts.tellAll();
}

function strides(parts: StressParts, meeting: Meeting): StressStrides {
  let made: StressStrides | null = null;
  for (let turn = 0; turn < parts.bodies.length; turn++) {
    if (turn === parts.thread) made = new StressStrides(parts, meeting);
    meeting.wait();
  }
  return made as StressStrides;
}

/** Engines have it from Node 24 on; scenarios may call it. */
function addPause(): void {
  const atomics = Atomics as unknown as { pause?: () => void };
  atomics.pause ??= () => {};
}
