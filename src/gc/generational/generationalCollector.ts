import { BuiltinType, Control, GcDebug, GcHead, GcState, Header } from '../../memory/layout.js';
import { generationHead } from '../../objects/gcHeap.js';
import { endVersions } from '../../objects/types/types.js';
import type { Collector, GcReason, GcRecord, GcThread } from '../collector.js';
import { Deduction } from './deduction.js';
import { Disposal } from './disposal.js';
import { Garbage } from './garbage.js';
import { Generations } from './generations.js';
import { GcList } from './layout.js';
import { isEmptyList, listSize, mergeLists } from './list.js';
import { Phase, PhaseClock } from './phaseClock.js';
import { type GcOutput, GcReport, printToConsole } from './report.js';
import { countCollection, countSurvivors, dueGeneration } from './schedule.js';
import { Tally } from './tally.js';
import { untrackTuples } from './untracking.js';

/**
 * The collector of builds with a GIL: three generations (CPython Python/gc.c, 3.13 and 3.15). A collection looks at one
 * generation and the younger ones, and moves what it leaves to the next.
 *
 * The GIL is given up in callbacks, finalisers and destructors only. Other threads then make, free and share objects as
 * ever, those of the collection's own lists too; they start no other collection (`GcState.Collecting`).
 */
export class GenerationalCollector extends Generations implements Collector {
  last: GcRecord | null = null;
  protected readonly deduction: Deduction;
  private readonly garbage: Garbage;
  private readonly disposal: Disposal;
  private readonly report: GcReport;
  /** Of the collection under way. */
  private readonly tally: Tally;

  /** `output`: takes the lines of the debug flags. */
  constructor(thread: GcThread, output: GcOutput = printToConsole) {
    super(thread);
    this.deduction = this.makeDeduction(thread);
    this.tally = new Tally(this.makePhaseClock(thread));
    this.garbage = new Garbage(thread);
    this.disposal = new Disposal(thread);
    this.report = new GcReport(thread.i32, (str) => thread.strings.text(str), output);
  }

  /** A step of the constructor. */
  protected makeDeduction(thread: GcThread): Deduction {
    return new Deduction(thread.i32, thread.refs);
  }

  /** Likewise. */
  protected makePhaseClock(_thread: GcThread): PhaseClock {
    return new PhaseClock();
  }

  collect(generation: number, reason: GcReason): number {
    if (!this.begin()) return 0;
    try {
      this.run(generation, reason);
      return this.tally.found;
    } finally {
      Atomics.store(this.i32, Control.Gc + GcState.Collecting, 0);
    }
  }

  due(): number {
    const heap = this.i32;
    return heap[Control.Gc + GcState.Enabled] === 0 ? -1 : dueGeneration(heap);
  }

  /** One collection at a time: a finaliser that starts another gets nothing, nor does another thread meanwhile. */
  protected begin(): boolean {
    return Atomics.exchange(this.i32, Control.Gc + GcState.Collecting, 1) === 0;
  }

  /** CPython `gc_collect_main`. */
  private run(generation: number, reason: GcReason): void {
    const heap = this.i32;
    const { deduction, tally } = this;
    const debug = heap[Control.Gc + GcState.Debug];
    tally.start();
    if ((debug & GcDebug.Stats) !== 0) this.report.begin(generation);
    countCollection(heap, generation);
    const young = generationHead(generation);
    for (let younger = 0; younger < generation; younger++) {
      mergeLists(heap, generationHead(younger), young);
    }
    this.deduce(young, generationHead(GcList.Unreachable));
    const { unreachable } = deduction;
    tally.candidates = deduction.candidates;
    const old = generationHead(Math.min(generation + 1, GcList.Old));
    this.promote(generation, young, old);
    tally.phases.end(Phase.Untrack);
    if (unreachable > 0) this.dispose(old, debug);
    if ((debug & GcDebug.Stats) !== 0) {
      this.report.end(tally.found, tally.uncollectable, tally.phases.duration());
    }
    if (generation === GcList.Old) this.thread.clearFreeLists();
    tally.phases.end(Phase.FreeLists);
    tally.addTo(heap, generation);
    this.last = tally.record(generation, reason, this.thread.index);
  }

  /** `deduce_unreachable`. */
  protected deduce(young: number, unreachable: number): void {
    const { deduction } = this;
    const { phases } = this.tally;
    deduction.updateRefs(young);
    phases.end(Phase.UpdateRefs);
    deduction.subtractRefs(young);
    phases.end(Phase.SubtractRefs);
    deduction.moveUnreachable(young, unreachable);
    phases.end(Phase.MoveUnreachable);
  }

  /** What is reachable goes to the next generation, but for tuples that need not be looked at again. */
  private promote(generation: number, young: number, old: number): void {
    const { deduction } = this;
    const untracked = deduction.tuples ? untrackTuples(this.i32, young) : 0;
    countSurvivors(this.i32, generation, deduction.candidates - deduction.unreachable - untracked);
    if (young !== old) mergeLists(this.i32, young, old);
  }

  /** Destroys what can be destroyed. */
  private dispose(old: number, debug: number): void {
    const { garbage } = this;
    const { phases } = this.tally;
    const unreachable = generationHead(GcList.Unreachable);
    const legacy = generationHead(GcList.Legacy);
    garbage.moveLegacyFinalizers(unreachable, legacy);
    garbage.moveLegacyReachable(legacy);
    if ((debug & GcDebug.Collectable) !== 0) this.report.objects(unreachable, 'collectable');
    phases.end(Phase.Legacy);
    const callbacks = garbage.clearWeakrefs(unreachable, generationHead(GcList.Pending));
    garbage.settle(unreachable);
    phases.end(Phase.Weakrefs);
    try {
      const rest = this.finalize(unreachable, callbacks, old);
      this.delete(rest, old, debug);
    } finally {
      this.putBack(old);
    }
  }

  /**
   * Callbacks, finalisers, and `handle_resurrected_objects`. Returns the list of those that nobody has made reachable
   * again. Where nobody's code has run, nobody has.
   */
  private finalize(unreachable: number, callbacks: number, old: number): number {
    const { deduction, disposal, garbage, tally } = this;
    const { phases } = tally;
    const pending = generationHead(GcList.Pending);
    if (callbacks > 0) tally.collected += disposal.runCallbacks(pending, old);
    phases.end(Phase.Callbacks);
    const userCode = callbacks > 0 || garbage.finalizers;
    if (userCode) disposal.finalizeGarbage(unreachable, pending);
    phases.end(Phase.Finalizers);
    if (!userCode) return unreachable;
    const still = generationHead(GcList.StillUnreachable);
    this.deduceAgain(unreachable, still);
    tally.resurrected = deduction.candidates - deduction.unreachable;
    mergeLists(this.i32, unreachable, old);
    garbage.settle(still);
    this.endVersions(still);
    phases.end(Phase.Resurrection);
    return still;
  }

  private endVersions(list: number): void {
    const heap = this.i32;
    for (let object = heap[list + GcHead.Next]; object !== list; object = heap[object + GcHead.Next]) {
      if (heap[object + Header.Type] === BuiltinType.Type) endVersions(heap, object);
    }
  }

  /** As `deduce`, in one phase: among objects that were unreachable, INV-9.3. */
  protected deduceAgain(unreachable: number, still: number): void {
    const { deduction } = this;
    deduction.updateRefs(unreachable);
    deduction.subtractRefs(unreachable);
    deduction.moveUnreachable(unreachable, still);
  }

  private delete(rest: number, old: number, debug: number): void {
    const { disposal, garbage, tally } = this;
    const saveAll = (debug & GcDebug.SaveAll) !== 0;
    const { bytes, count } = garbage;
    tally.collected += count;
    disposal.deleteGarbage(rest, old, saveAll);
    tally.freedBytes = bytes - disposal.keptBytes;
    const legacy = generationHead(GcList.Legacy);
    tally.uncollectable = listSize(this.i32, legacy);
    if ((debug & GcDebug.Uncollectable) !== 0) this.report.objects(legacy, 'uncollectable');
    disposal.keepLegacy(legacy, old, saveAll);
    tally.phases.end(Phase.Clear);
  }

  /** The lists of the collection are empty at its end. Not so if the run was aborted in somebody's code. */
  private putBack(old: number): void {
    for (let list = GcList.Unreachable; list < GcList.Count; list++) {
      const head = generationHead(list);
      if (!isEmptyList(this.i32, head)) mergeLists(this.i32, head, old);
    }
  }
}
