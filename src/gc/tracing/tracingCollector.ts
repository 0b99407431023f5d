import { Control, GcBits, GcState, GcStats, Header } from '../../memory/layout.js';
import { objectInBlock } from '../../memory/objectInBlock.js';
import { Referents, Span } from '../../objects/referents.js';
import { isTracingDue } from '../../refcount/none.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Clock } from '../../sync/clock.js';
import type { Collector, GcReason, GcRecord, GcThread } from '../collector.js';
import { RefList } from './refList.js';
import { SafepointHold } from './safepointHold.js';
import { Sweeper } from './sweeper.js';
import { OBJECT_TAGS, Tracer } from './tracer.js';

/** Statistics count every collection as one of the oldest generation: all of them are full. */
const OLDEST = Control.Gc + GcState.Stats + 2 * GcStats.Words;

/** How long the parts of one collection took, milliseconds. */
interface Times {
  toSafepoint: number;
  pause1: number;
  pause2: number;
  mark: number;
  find: number;
  finalize: number;
  free: number;
}

/**
 * The collector of builds without counts: mark from the roots, sweep the heaps. Exact: what is reachable stays, all else
 * goes, whatever its type. One pause to mark and to find the dead; then, with the world running, callbacks of weak
 * references and finalisers; if any finaliser ran, a second pause that marks once more and spares what came back; then
 * the dead are freed with the world running. Legacy finalisers are not called.
 *
 * A reference that only a local variable of JavaScript holds is no root: see `SafepointHold` for who may have some, and
 * `WorkloadInfo.rooted`.
 */
export class TracingCollector implements Collector {
  last: GcRecord | null = null;
  private readonly i32: Int32Array;
  private readonly clock = new Clock();
  private readonly hold: SafepointHold;
  private readonly tracer: Tracer;
  private readonly sweeper: Sweeper;
  private readonly referents: Referents;
  private readonly callbacks = new RefList();
  private readonly finalizers = new RefList();

  constructor(
    private readonly thread: GcThread,
    private readonly gil: boolean,
  ) {
    this.i32 = thread.i32;
    this.hold = new SafepointHold(thread, gil);
    this.tracer = new Tracer(thread);
    this.sweeper = new Sweeper(thread);
    this.referents = new Referents(thread.i32);
  }

  collect(generation: number, reason: GcReason): number {
    const heap = this.i32;
    if (Atomics.exchange(heap, Control.Gc + GcState.Collecting, 1) !== 0) return 0;
    try {
      return this.run(generation, reason);
    } finally {
      Atomics.store(heap, Control.Gc + GcState.Collecting, 0);
    }
  }

  /**
   * Also where a thread stays that another one, which collects, has called to a safepoint. With a threshold below 0
   * each safepoint collects: for tests of who holds which references there.
   */
  due(): number {
    this.hold.stay();
    const heap = this.i32;
    if (!isTracingDue(heap)) return -1;
    if (heap[Control.Gc + GcState.Thresholds] < 0) this.thread.state.scheduleCollection();
    return 2;
  }

  freeze(): void {
    this.eachBits((bits) => bits | GcBits.Frozen);
    this.i32[Control.Gc + GcState.FreezeActive] = 1;
  }

  unfreeze(): void {
    this.eachBits((bits) => bits & (0xff ^ GcBits.Frozen));
    this.i32[Control.Gc + GcState.FreezeActive] = 0;
  }

  freezeCount(): number {
    let count = 0;
    this.eachBits((bits) => {
      if ((bits & GcBits.Frozen) !== 0) count++;
      return bits;
    });
    return count;
  }

  /** References that nothing holds yet: the caller enters them where they are found, before its next safepoint. */
  objects(_generation: number | null): Ref[] {
    return this.select((_object, bits) => (bits & GcBits.Frozen) === 0);
  }

  referrers(targets: readonly Ref[]): Ref[] {
    const wanted = new Set(targets);
    return this.select((object) => this.refersTo(object, wanted));
  }

  private run(generation: number, reason: GcReason): number {
    const times: Times = { toSafepoint: 0, pause1: 0, pause2: 0, mark: 0, find: 0, finalize: 0, free: 0 };
    const began = this.clock.milliseconds();
    this.inPause(() => this.markAndFind(times), times, 'pause1');
    const dead = this.sweeper.deadCount;
    const resurrected = this.runFinalizers(times);
    const freeing = this.clock.milliseconds();
    this.sweeper.freeDead();
    this.remember(dead - resurrected);
    const ended = this.clock.milliseconds();
    times.free = ended - freeing;
    this.last = this.record({ generation, reason, dead, resurrected, duration: ended - began }, times);
    return dead - resurrected;
  }

  /** `body` with every thread at a safepoint. A failure leaves no marks, and nobody stopped. */
  private inPause(body: () => void, times: Times, pause: 'pause1' | 'pause2'): void {
    const asked = this.clock.milliseconds();
    this.hold.begin();
    const stopped = this.clock.milliseconds();
    try {
      body();
    } catch (error) {
      this.tracer.clearMarks();
      throw error;
    } finally {
      times[pause] = this.clock.milliseconds() - stopped;
      times.toSafepoint = Math.max(times.toSafepoint, stopped - asked);
      this.hold.end();
    }
  }

  /** The first pause. */
  private markAndFind(times: Times): void {
    const heap = this.i32;
    const begin = this.clock.milliseconds();
    this.tracer.markFromRoots();
    const marked = this.clock.milliseconds();
    this.sweeper.findDead();
    this.clearWeakrefs((weakref) => this.callbacks.push(weakref));
    this.sweeper.eachInstance((object) => {
      if (this.thread.gcSlots.hasFinalizer(object)) this.finalizers.push(object);
    });
    heap[Control.Gc + GcState.LongLivedTotal] = this.sweeper.live;
    Atomics.store(heap, Control.Gc + GcState.Counts, 0);
    Atomics.add(heap, Control.Gc + GcState.Epoch, 1);
    times.mark = marked - begin;
    times.find = this.clock.milliseconds() - marked;
  }

  /** All of them before any finaliser runs, as in CPython 3.14: nobody reaches a dead object through one. */
  private clearWeakrefs(push: (weakref: Ref) => void): void {
    const { gcWeakrefs } = this.thread;
    const { sweeper } = this;
    const isUnreachable = (object: Ref): boolean =>
      object >= Control.StaticArenaEnd && sweeper.isUnreachable(object);
    sweeper.eachWeak((object) => gcWeakrefs.clearForGc(object, isUnreachable, push));
  }

  /** Callbacks and finalisers, with the world running; returns how many objects came back to life. */
  private runFinalizers(times: Times): number {
    const { callbacks, finalizers } = this;
    const { gcSlots, gcWeakrefs } = this.thread;
    const began = this.clock.milliseconds();
    for (let i = 0; i < callbacks.length; i++) gcWeakrefs.runCallback(callbacks.at(i));
    callbacks.truncate(0);
    if (finalizers.length === 0) return 0;
    for (let i = 0; i < finalizers.length; i++) gcSlots.finalize(finalizers.at(i));
    finalizers.truncate(0);
    times.finalize = this.clock.milliseconds() - began;
    let spared = 0;
    const again = (): void => {
      this.tracer.markFromRoots();
      spared = this.sweeper.spareMarked((object) => this.tracer.isMarked(object));
      // Of those that finalisers have made nobody is told (CPython: `PyObject_ClearWeakRefs` without callbacks).
      this.clearWeakrefs(() => {});
      this.tracer.clearMarks();
    };
    this.inPause(again, times, 'pause2');
    return spared;
  }

  private remember(collected: number): void {
    const heap = this.i32;
    heap[OLDEST + GcStats.Collections]++;
    heap[OLDEST + GcStats.Collected] += collected;
    heap[Control.Gc + GcState.LastMemory] = Atomics.load(heap, Control.SegmentsUsed);
  }

  private record(
    run: { generation: number; reason: GcReason; dead: number; resurrected: number; duration: number },
    times: Times,
  ): GcRecord {
    const { sweeper } = this;
    return {
      reason: run.reason,
      generation: run.generation,
      thread: this.thread.index,
      toSafepoint: times.toSafepoint,
      toSafepointByThread: this.gil ? [] : this.thread.lastStop.byThread,
      pause1: times.pause1,
      pause2: times.pause2,
      duration: run.duration,
      visited: sweeper.visited,
      markedAlive: sweeper.live,
      candidates: run.dead,
      collected: run.dead - run.resurrected,
      uncollectable: 0,
      resurrected: run.resurrected,
      freedBytes: sweeper.deadBytes,
      markers: 1,
      phases: {
        markAlive: times.mark,
        findDead: times.find,
        finalize: times.finalize,
        free: times.free,
      },
    };
  }

  /** Replaces the collector's bits of every object that can hold references. */
  private eachBits(replace: (bits: number) => number): void {
    const { u8 } = this.thread.memory;
    this.walk((object) => {
      const byte = (object << 2) + Header.GcBitsByte;
      if ((u8[byte] & GcBits.Tracked) !== 0) u8[byte] = replace(u8[byte]);
    });
  }

  private select(choose: (object: Ref, bits: number) => boolean): Ref[] {
    const { u8 } = this.thread.memory;
    const found: Ref[] = [];
    this.walk((object) => {
      const bits = u8[(object << 2) + Header.GcBitsByte];
      if ((bits & GcBits.Tracked) !== 0 && choose(object, bits)) found.push(object);
    });
    return found;
  }

  /** All objects, with every thread at a safepoint. */
  private walk(visit: (object: Ref) => void): void {
    this.hold.begin();
    try {
      this.thread.allocator.visit((block, _words, tag) => visit(objectInBlock(block, tag)), OBJECT_TAGS);
    } finally {
      this.hold.end();
    }
  }

  private refersTo(object: Ref, wanted: ReadonlySet<Ref>): boolean {
    const heap = this.i32;
    const { spans } = this.referents;
    const count = this.referents.of(object) * Span.Words;
    for (let at = 0; at < count; at += Span.Words) {
      for (let word = spans[at]; word < spans[at + Span.End]; word += spans[at + Span.Step]) {
        if (wanted.has(heap[word])) return true;
      }
    }
    return false;
  }
}
