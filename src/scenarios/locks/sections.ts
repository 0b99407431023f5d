import { CriticalSections } from '../../sync/criticalSection.js';
import { scenario } from '../scenario.js';
import { awaitDetached } from '../threads/awaitDetached.js';
import type { World } from '../world.js';

/** Two mutexes, each in a word of its own, and a word that each of them guards. */
interface Pair {
  readonly mutexes: number;
  readonly guarded: number;
}

/** Which of the two comes first. */
type Order = readonly [number, number];

const AB: Order = [0, 1];
const BA: Order = [1, 0];

function pair(w: World): Pair {
  w.thread(0);
  return { mutexes: w.words(2, 'mutex'), guarded: w.words(2, 'guarded') };
}

function byteOf(s: Pair, which: number): number {
  return 4 * (s.mutexes + which);
}

function wordOf(s: Pair, which: number): number {
  return s.guarded + which;
}

function guarded(s: Pair, w: World): { a: number; b: number } {
  return { a: w.i32[wordOf(s, 0)], b: w.i32[wordOf(s, 1)] };
}

function increment(w: World, word: number): void {
  w.i32[word] = w.i32[word] + 1;
}

/** Adds 1 to both words; the addition to the outer one spans the inner section. `between`: before that begins. */
function nested(s: Pair, w: World, me: number, [outer, inner]: Order, between = (): void => {}): void {
  const { sections } = w.thread(me).state;
  const first = sections.begin(byteOf(s, outer));
  const before = w.i32[wordOf(s, outer)];
  between();
  const second = sections.begin(byteOf(s, inner));
  increment(w, wordOf(s, inner));
  sections.end(second);
  w.i32[wordOf(s, outer)] = before + 1;
  sections.end(first);
}

/** The same on plain mutexes. */
function nestedMutexes(s: Pair, w: World, me: number, [outer, inner]: Order): void {
  const { mutex } = w.thread(me).state;
  mutex.lock(byteOf(s, outer));
  const before = w.i32[wordOf(s, outer)];
  mutex.lock(byteOf(s, inner));
  increment(w, wordOf(s, inner));
  mutex.unlock(byteOf(s, inner));
  w.i32[wordOf(s, outer)] = before + 1;
  mutex.unlock(byteOf(s, outer));
}

/** The sections keep their mutexes while the thread is detached. */
class NeverSuspended extends CriticalSections {
  override suspendAll(): void {}
}

/** Scenario 35, D14. */
export const nestedSections = scenario<Pair>('nested-sections', {
  about:
    'critical sections nested as (a, b) and as (b, a): suspended, so never a deadlock, but not atomic (PEP 703)',
  litmus: ['D14'],
  setup: pair,
  threads: [
    (s, w) => nested(s, w, 0, AB),
    // Goes on when the other is asleep, or through: 114 classes instead of 17,349, and the circle can still close.
    (s, w) => nested(s, w, 1, BA, () => awaitDetached(w, 0)),
  ],
  after: guarded,
  outcomes: {
    'a=2, b=2': 'required',
    // Who waits for the inner mutex has given up the outer one; what it has read before is old (INV-6.4).
    'a=1, b=2': 'interesting',
  },
  world: { dataRaces: true },
  variants: {
    'sections are not suspended on detach': { overrides: [NeverSuspended], finds: ['deadlock'] },
    'plain mutexes in place of sections': {
      threads: [(s, w) => nestedMutexes(s, w, 0, AB), (s, w) => nestedMutexes(s, w, 1, BA)],
      outcomes: { 'a=2, b=2': 'required' },
      finds: ['deadlock'],
    },
  },
});

/** Adds 1 to both words in a section of both. */
function both(s: Pair, w: World, me: number, [first, second]: Order): void {
  const { sections } = w.thread(me).state;
  const token = sections.begin2(byteOf(s, first), byteOf(s, second));
  increment(w, wordOf(s, first));
  increment(w, wordOf(s, second));
  sections.end(token);
}

/** Locks in the order in which the mutexes are named. */
class Unsorted extends CriticalSections {
  override begin2(byteA: number, byteB: number): number {
    return this.beginOrdered(byteA, byteB);
  }
}

/** Scenario 35, the form for two objects; D15. */
export const twoObjectSections = scenario<Pair>('two-object-sections', {
  about:
    'critical sections of two objects, named as (a, b) and as (b, a): locked by address, atomic (PEP 703, D15)',
  litmus: ['D15'],
  setup: pair,
  threads: [(s, w) => both(s, w, 0, AB), (s, w) => both(s, w, 1, BA)],
  after: guarded,
  outcomes: { 'a=2, b=2': 'required' },
  world: { dataRaces: true },
  variants: {
    'not sorted by address': { overrides: [Unsorted], finds: ['deadlock'] },
    'against nested sections': {
      threads: [(s, w) => both(s, w, 0, AB), (s, w) => nested(s, w, 1, BA)],
      outcomes: { 'a=2, b=2': 'required', 'a=2, b=1': 'interesting' },
    },
  },
});
