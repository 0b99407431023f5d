import { Control, GcState, GcStats } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { areaOf, createArea, freeArea, LINE_WORDS, THREAD_LINES } from '../memory/area.js';
import type { SharedRefs } from '../workload.js';
import { createPlaces } from './places.js';

/** What is in a thread's line of the area: objects in cycles that it has made; words of pages that it has in use. */
const MADE = 0;
const USED = 1;
/** Behind the lines: what the collectors of this memory had collected before the run. */
const COLLECTED_BEFORE = THREAD_LINES;

const GENERATIONS = 3;

/**
 * The accounts of a workload that makes cyclic garbage: what its threads have made against what collections have found,
 * automatic ones included. Nothing but a collector frees an object in a cycle, hence the two must agree to the last
 * object. One a worker.
 */
export class Tally {
  private readonly i32: Int32Array;
  private area = 0;
  private line = 0;
  private threads = 1;
  private made = 0;

  constructor(private readonly t: Thread) {
    this.i32 = t.i32;
  }

  /** In `Worker.start`. */
  start(shared: SharedRefs): void {
    this.area = areaOf(this.t, shared);
    this.line = this.area + this.t.index * LINE_WORDS;
    this.threads = this.i32[Control.RunThreads];
    this.made = 0;
  }

  /** So many more objects in cycles; the others see it. */
  add(objects: number): void {
    this.made = (this.made + objects) | 0;
    Atomics.store(this.i32, this.line + MADE, this.made);
  }

  /** Of all threads, with the words in use that this thread has now; the sums belong to about the same moment. */
  publishUsed(words: number): number {
    Atomics.store(this.i32, this.line + USED, words);
    return sumLines(this.i32, this.area, USED, this.threads);
  }

  /** Objects in cycles that all threads have made and no collection has found: live ones and garbage. */
  outstanding(): number {
    const made = sumLines(this.i32, this.area, MADE, this.threads);
    return made - collectedSince(this.i32, this.area);
  }
}

/** Thread 0, in `setup`: the area, and a list with a place for each thread's own live objects. */
export function openTally(t: Thread): SharedRefs & { readonly live: Ref } {
  t.collector.collect(2, 'manual');
  const { area } = createArea(t, THREAD_LINES + LINE_WORDS);
  Atomics.store(t.i32, t.numbers.value(area) + COLLECTED_BEFORE, collectedEver(t.i32));
  return { area, live: createPlaces(t) };
}

/**
 * Thread 0, in `check`, all others waiting: a collection must leave exactly the objects in cycles that are still held,
 * `held` of them, and find the rest once `live` lets go of those. It may find more then: what is not in a cycle, but
 * belongs to a thread that has not merged its count yet. Without a collector nothing is demanded: what is left is a leak,
 * and reported as one. Gives back what `openTally` made.
 */
export function closeTally(t: Thread, shared: SharedRefs, held: number): string | null {
  const area = areaOf(t, shared);
  t.collector.collect(2, 'manual');
  const left = made(t, area) - collectedSince(t.i32, area);
  t.lists.clear(shared.live);
  t.collector.collect(2, 'manual');
  const lost = made(t, area) - collectedSince(t.i32, area);
  const all = made(t, area);
  freeArea(t, shared);
  if (!t.collects) return null;
  if (left !== held) return `of ${all} objects in cycles ${held} are held, but the collector left ${left}`;
  return lost <= 0 ? null : `of ${all} objects in cycles ${lost} were not collected when nobody held any`;
}

/** Collections start by themselves, or no more. Between `setup` and `check`; all threads. */
export function setAutomatic(t: Thread, enabled: boolean): void {
  Atomics.store(t.i32, Control.Gc + GcState.Enabled, enabled ? 1 : 0);
}

/** Collections of all generations, by hand and by themselves, since the memory exists. */
export function collectionsEver(heap: Int32Array): number {
  return sumStats(heap, GcStats.Collections);
}

function made(t: Thread, area: number): number {
  return sumLines(t.i32, area, MADE, t.i32[Control.RunThreads]);
}

function collectedSince(heap: Int32Array, area: number): number {
  return (collectedEver(heap) - Atomics.load(heap, area + COLLECTED_BEFORE)) | 0;
}

function collectedEver(heap: Int32Array): number {
  return sumStats(heap, GcStats.Collected);
}

/** Somebody may be collecting: a figure of a measure, not of the protocol. */
function sumStats(heap: Int32Array, field: number): number {
  let sum = 0;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    sum += Atomics.load(heap, Control.Gc + GcState.Stats + generation * GcStats.Words + field);
  }
  return sum | 0;
}

function sumLines(heap: Int32Array, area: number, word: number, threads: number): number {
  let sum = 0;
  for (let i = 0; i < threads; i++) sum += Atomics.load(heap, area + i * LINE_WORDS + word);
  return sum;
}
