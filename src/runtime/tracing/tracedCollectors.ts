import type { Collector, GcReason, GcRecord, GcThread } from '../../gc/collector.js';
import {
  FreeThreadedCollector,
  type FreeThreadedParts,
} from '../../gc/freeThreaded/freeThreadedCollector.js';
import { Measures } from '../../gc/freeThreaded/measures.js';
import { GenerationalCollector } from '../../gc/generational/generationalCollector.js';
import { PHASE_NAMES, type Phase, PhaseClock } from '../../gc/generational/phaseClock.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Recorder } from './recorder.js';
import { TraceState } from './recording.js';
import { recorderOf } from './tracedAtomics.js';

/** Records a whole collection of any collector. */
export class TracedCollector implements Collector {
  /** Left out where the collector asks nobody. */
  readonly helpPause?: () => void;

  constructor(
    private readonly inner: Collector,
    private readonly recorder: Recorder,
  ) {
    if (inner.helpPause !== undefined) this.helpPause = () => inner.helpPause?.();
  }

  collect(generation: number, reason: GcReason): number {
    const { recorder } = this;
    recorder.push(TraceState.Collecting, recorder.note(`generation ${generation}, ${reason}`));
    try {
      return this.inner.collect(generation, reason);
    } finally {
      recorder.pop(TraceState.Collecting);
    }
  }

  due(): number {
    return this.inner.due();
  }
  freeze(): void {
    this.inner.freeze();
  }
  unfreeze(): void {
    this.inner.unfreeze();
  }
  freezeCount(): number {
    return this.inner.freezeCount();
  }
  objects(generation: number | null): Ref[] {
    return this.inner.objects(generation);
  }
  referrers(targets: readonly Ref[]): Ref[] {
    return this.inner.referrers(targets);
  }
  get last(): GcRecord | null {
    return this.inner.last;
  }
}

/** Records the phases of its collections. */
export class TracedFreeThreadedCollector extends FreeThreadedCollector {
  private readonly recorder: Recorder;

  constructor(thread: GcThread, parts: FreeThreadedParts) {
    super(thread, parts);
    this.recorder = recorderOf(thread);
  }

  protected override makeMeasures(generation: number, reason: GcReason): Measures {
    return new TracedMeasures(generation, reason, this.thread.index, this.recorder);
  }
}

class TracedMeasures extends Measures {
  constructor(
    generation: number,
    reason: GcReason,
    thread: number,
    private readonly recorder: Recorder,
  ) {
    super(generation, reason, thread);
  }

  override end(phase: string): void {
    super.end(phase);
    this.recorder.phase(phase);
  }
}

/** Likewise. */
export class TracedGenerationalCollector extends GenerationalCollector {
  protected override makePhaseClock(thread: GcThread): PhaseClock {
    return new TracedPhaseClock(recorderOf(thread));
  }
}

class TracedPhaseClock extends PhaseClock {
  constructor(private readonly recorder: Recorder) {
    super();
  }

  override end(phase: Phase): void {
    super.end(phase);
    this.recorder.phase(PHASE_NAMES[phase]);
  }
}
