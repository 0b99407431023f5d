import { Control, GcBits, GcState, GcStats } from '../../memory/layout.js';
import { Chunk } from '../../refcount/mergeQueue.js';
import type { CollectedRefCounter, Ref } from '../../refcount/refCounter.js';
import type { Collector, GcReason, GcRecord, GcThread } from '../collector.js';
import type { Marker } from '../marking/marker.js';
import { MarkMap } from '../marking/markMap.js';
import { rootSpans } from '../marking/roots.js';
import { ObjectList, ObjectStack } from '../objectStack.js';
import { Candidates } from './candidates.js';
import { freezeAll, frozenCount, objectsOf, referrersOf, unfreezeAll } from './census.js';
import { Disposal } from './disposal.js';
import type { HeapWalk } from './heapWalk.js';
import { Measures } from './measures.js';
import type { SegmentOwners } from './owners.js';
import { Resurrection } from './resurrection.js';
import { memoryInUse, resetCounts, shouldCollect } from './schedule.js';

/** What a composition chooses. */
export interface FreeThreadedParts {
  /** The thread's counter. */
  readonly refs: CollectedRefCounter;
  readonly walk: HeapWalk;
  readonly owners: SegmentOwners;
  /** null: marking from the roots is skipped. */
  readonly marker: Marker | null;
}

/**
 * The collector without generations (CPython `Python/gc_free_threading.c`): every collection looks at all that lives, in
 * two pauses in which the world stands still. Phases P0 to P9 of the first: `pauseOne`. Between the pauses, callbacks and
 * finalisers run in a running world; the second pause finds what they have brought back.
 */
export class FreeThreadedCollector implements Collector {
  last: GcRecord | null = null;
  protected readonly i32: Int32Array;
  protected readonly stack: ObjectStack;
  protected readonly map: MarkMap;
  private readonly disposal: Disposal;

  constructor(
    protected readonly thread: GcThread,
    protected readonly parts: FreeThreadedParts,
  ) {
    const { memory, i32, allocator } = thread;
    this.i32 = i32;
    this.stack = new ObjectStack(i32, allocator);
    this.map = new MarkMap(memory, allocator);
    this.disposal = new Disposal(thread);
  }

  collect(generation: number, reason: GcReason): number {
    const heap = this.i32;
    if (Atomics.compareExchange(heap, Control.Gc + GcState.Collecting, 0, 1) !== 0) return 0;
    try {
      // Somebody else may have collected meanwhile.
      if (reason === 'heap' && !shouldCollect(heap)) return 0;
      return this.run(generation, reason);
    } finally {
      Atomics.store(heap, Control.Gc + GcState.Collecting, 0);
    }
  }

  /** Every collection is a full one; the youngest generation's counters decide. */
  due(): number {
    const heap = this.i32;
    if (Atomics.load(heap, Control.Gc + GcState.Collecting) !== 0) return -1;
    return shouldCollect(heap) ? 0 : -1;
  }

  helpPause(): void {
    this.parts.marker?.help();
  }

  freeze(): void {
    this.inPause(() => freezeAll(this.thread.memory, this.parts.walk));
  }

  unfreeze(): void {
    this.inPause(() => unfreezeAll(this.thread.memory, this.parts.walk));
  }

  freezeCount(): number {
    return this.inPause(() => frozenCount(this.thread.memory, this.parts.walk));
  }

  objects(_generation: number | null): Ref[] {
    return this.inPause(() => objectsOf(this.thread, this.parts.walk));
  }

  referrers(targets: readonly Ref[]): Ref[] {
    return this.inPause(() => referrersOf(this.thread, this.parts.walk, targets));
  }

  // --- One collection ---

  private run(generation: number, reason: GcReason): number {
    const { thread } = this;
    const measures = this.makeMeasures(generation, reason);
    measures.begin();
    const unreachable = new ObjectList(this.i32, thread.allocator);
    try {
      const found = this.pauseOne(measures, unreachable);
      this.betweenPauses(measures, unreachable, found);
      if (!unreachable.isEmpty()) this.pauseTwo(measures, unreachable, found.legacy);
      this.disposal.deleteGarbage(measures, unreachable);
      this.disposal.keepUncollectable(measures, found.legacy);
    } finally {
      unreachable.free();
    }
    Atomics.store(this.i32, Control.Gc + GcState.LastMemory, memoryInUse(this.i32));
    this.count(measures);
    this.last = measures.record();
    return measures.collected + measures.uncollectable;
  }

  /** Fills `unreachable`. Throws MemoryError with everything as it was, but for counts that were merged. */
  private pauseOne(measures: Measures, unreachable: ObjectList): Found {
    const found: Found = { dead: [], callbacks: [], legacy: [] };
    this.stop(measures);
    try {
      resetCounts(this.i32, measures.generation);
      this.mergeCounts(found.dead);
      measures.end('mergeCounts');
      this.releaseDelayed(found.dead);
      measures.end('delayedFrees');
      this.deduceUnreachable(measures, unreachable, found);
      this.clearWeakrefs(unreachable, found.callbacks);
      measures.end('weakrefs');
      // Where nothing is left to be done CPython stops the world once more all the same, for this alone.
      if (unreachable.isEmpty()) this.thread.clearFreeLists();
    } finally {
      measures.pause1 = this.start(measures);
      this.dropDead(found.dead);
    }
    return found;
  }

  /** P1. */
  protected mergeCounts(dead: Ref[]): void {
    const { refs } = this.parts;
    refs.mergePerThread();
    for (const object of refs.mergeAllQueues()) dead.push(object);
  }

  /** P2. */
  protected releaseDelayed(dead: Ref[]): void {
    this.thread.allocator.releaseDelayed((object) => dead.push(object));
  }

  /** P3 to P8. */
  private deduceUnreachable(measures: Measures, unreachable: ObjectList, found: Found): void {
    const candidates = this.makeCandidates(unreachable, measures.reason === 'shutdown');
    let done = false;
    try {
      const map = this.markAlive(measures);
      measures.end('markAlive');
      candidates.gather(this.parts.walk, map);
      this.map.end();
      candidates.subtract();
      measures.end('updateRefs');
      candidates.addStacks();
      measures.end('threadStacks');
      candidates.markReachable();
      measures.end('markHeap');
      candidates.keepLegacy();
      measures.end('legacyFinalizers');
      candidates.split();
      done = true;
      measures.end('scanHeap');
    } finally {
      this.map.end();
      if (!done) candidates.abandon();
    }
    this.stack.free();
    found.legacy = candidates.legacy;
    this.note(measures, candidates);
  }

  protected makeCandidates(unreachable: ObjectList, isShutdown: boolean): Candidates {
    return new Candidates(
      this.thread,
      this.parts.refs,
      this.stack,
      unreachable,
      this.parts.owners,
      isShutdown,
    );
  }

  /**
   * P3. Frozen objects would be marked with all the others, and skipped all the same; at shutdown every object is to be
   * looked at.
   */
  protected markAlive(measures: Measures): MarkMap | null {
    const { marker } = this.parts;
    const frozen = this.i32[Control.Gc + GcState.FreezeActive] !== 0;
    if (marker === null || frozen || measures.reason === 'shutdown') return null;
    this.map.begin();
    measures.markedAlive = marker.markAlive(this.map, rootSpans(this.i32));
    measures.markers = marker.markers;
    return this.map;
  }

  /** P9, first half. */
  private note(measures: Measures, candidates: Candidates): void {
    const heap = this.i32;
    const { live, frozen, untracked } = candidates;
    measures.visited = measures.markedAlive + candidates.visited;
    measures.candidates = candidates.gathered;
    measures.uncollectable = candidates.legacy.length;
    heap[Control.Gc + GcState.LongLivedTotal] = measures.markedAlive + live + frozen + untracked;
    if (candidates.deferred > 0) Atomics.add(heap, Control.Gc + GcState.Epoch, 1);
  }

  /** P9, second half. Callbacks get a reference to each weak reference whose callback is to run. */
  protected clearWeakrefs(unreachable: ObjectList, callbacks: Ref[]): void {
    const heap = this.i32;
    const { gcWeakrefs } = this.thread;
    const { refs } = this.parts;
    const isUnreachable = (object: Ref): boolean => (heap[object] & (GcBits.Unreachable << 24)) !== 0;
    const push = (weakref: Ref): void => {
      refs.explicitMerge(weakref, 1);
      callbacks.push(weakref);
    };
    for (let chunk = unreachable.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        gcWeakrefs.clearForGc(heap[chunk + Chunk.Items + i], isUnreachable, push);
      }
    }
  }

  private dropDead(dead: readonly Ref[]): void {
    this.thread.state.noticeCollections();
    for (const object of dead) this.thread.refs.decref(object);
  }

  /** The world runs: others may get at what was unreachable, through finalisers and callbacks. */
  private betweenPauses(measures: Measures, unreachable: ObjectList, found: Found): void {
    const heap = this.i32;
    const { thread } = this;
    measures.end('decrefs');
    for (const weakref of found.callbacks) {
      thread.gcWeakrefs.runCallback(weakref);
      thread.refs.decref(weakref);
    }
    measures.end('callbacks');
    for (let chunk = unreachable.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        const object = heap[chunk + Chunk.Items + i];
        if (thread.gcSlots.hasFinalizer(object)) thread.gcSlots.finalize(object);
      }
    }
    measures.end('finalizers');
  }

  /** Throws MemoryError; then everything that was found is alive, and neither list holds anything any more. */
  private pauseTwo(measures: Measures, unreachable: ObjectList, legacy: readonly Ref[]): void {
    const { thread } = this;
    const resurrection = new Resurrection(thread.memory, this.parts.refs, this.stack, unreachable);
    let done = false;
    this.stop(measures);
    try {
      resurrection.run();
      done = true;
      measures.resurrected = resurrection.resurrected;
      this.i32[Control.Gc + GcState.LongLivedTotal] += resurrection.resurrected;
      measures.end('resurrection');
      thread.clearFreeLists();
      measures.end('freeLists');
    } finally {
      this.stack.free();
      measures.pause2 = this.start(measures);
      if (!done) this.disposal.dropAll(unreachable, legacy);
    }
    this.dropDead(resurrection.untracked);
  }

  private count(measures: Measures): void {
    const heap = this.i32;
    const row = Control.Gc + GcState.Stats + measures.generation * GcStats.Words;
    heap[row + GcStats.Collections]++;
    heap[row + GcStats.Collected] += measures.collected;
    heap[row + GcStats.Uncollectable] += measures.uncollectable;
    heap[row + GcStats.Candidates] += measures.candidates;
  }

  // --- Steps ---

  protected makeMeasures(generation: number, reason: GcReason): Measures {
    return new Measures(generation, reason, this.thread.index);
  }

  private stop(measures: Measures): void {
    const { thread } = this;
    thread.publishStack();
    thread.stopTheWorld();
    measures.stopped(thread.lastStop);
  }

  /** How long the world stood still. */
  private start(measures: Measures): number {
    this.thread.startTheWorld();
    return measures.started();
  }

  private inPause<T>(body: () => T): T {
    const { thread } = this;
    thread.publishStack();
    thread.stopTheWorld();
    try {
      return body();
    } finally {
      thread.startTheWorld();
    }
  }
}

/** What the first pause leaves for the running world. A reference to each. */
interface Found {
  /** To be dropped. */
  dead: Ref[];
  /** Weak references whose callbacks are to run. */
  callbacks: Ref[];
  /** What a legacy finaliser keeps. */
  legacy: Ref[];
}
