import type { Fault, Outcome } from '../scenarios/scenario.js';
import { gravest, labelOf } from './outcome.js';
import type { StressCount, WorkerAnswer } from './workerJob.js';

/** Between two messages to the host: what a hang may cost. */
const TELL_MS = 50;

/** Outcomes so far, on their way to the host. */
export class StressCounts {
  private counts = new Map<string, { fields: Outcome | null; count: number }>();
  private toldAt = performance.now();

  constructor(private readonly answer: (message: WorkerAnswer) => void) {}

  add(faults: readonly Fault[], fields: Outcome | null): void {
    const outcome =
      faults.length > 0 ? gravest(faults.map((fault) => ({ fault, message: '' }))) : labelOf(fields ?? {});
    const known = this.counts.get(outcome);
    if (known !== undefined) known.count++;
    else this.counts.set(outcome, { fields: faults.length > 0 ? null : fields, count: 1 });
  }

  /** Now and then. */
  tell(): void {
    if (performance.now() - this.toldAt >= TELL_MS) this.tellAll();
  }

  tellAll(): void {
    const counts: StressCount[] = [...this.counts].map(([outcome, one]) => ({ outcome, ...one }));
    this.counts.clear();
    this.toldAt = performance.now();
    this.answer({ kind: 'counts', counts });
  }
}
