/** Micro-benchmarks, one thread, ratios within one run: `npm run bench`. */
import { Control, Header, HeapTag, NumberObject } from '../src/memory/layout.js';
import { SharedMemory } from '../src/memory/sharedMemory.js';
import type { Ref } from '../src/refcount/refCounter.js';
import { buildNamed } from '../src/runtime/builds.js';
import { Thread } from '../src/runtime/thread.js';
import { tuneV8 } from '../src/runtime/tuneV8.js';
import { type Case, INNER, runSuite } from './suite.js';

/** A started thread of a build, in this very thread. */
function threadOf(build: string): Thread {
  const memory = SharedMemory.create(256 << 20);
  const thread = new Thread(memory, buildNamed(build), 0);
  thread.start();
  thread.initialiseInterpreter();
  return thread;
}

/** The loops live in a class, as the runtime's do: the view is a field that is read once. */
class RefcountLoops {
  private readonly object: Ref;

  constructor(private readonly t: Thread) {
    this.object = t.numbers.float(1.5);
  }

  plainIncrements(): void {
    const heap = this.t.i32;
    for (let i = 0; i < INNER; i++) {
      heap[Control.Scratch]++;
      heap[Control.Scratch + 16]++;
    }
  }

  counted(): void {
    const { refs } = this.t;
    const { object } = this;
    for (let i = 0; i < INNER; i++) {
      refs.incref(object);
      refs.decref(object);
    }
  }

  atomicPair(): void {
    const heap = this.t.i32;
    const word = this.object + Header.Shared;
    for (let i = 0; i < INNER; i++) {
      Atomics.add(heap, word, 4);
      Atomics.sub(heap, word, 4);
    }
  }
}

class AllocatorLoops {
  constructor(private readonly t: Thread) {}

  allocFree(): void {
    const { allocator } = this.t;
    for (let i = 0; i < INNER; i++) {
      allocator.free(allocator.alloc(NumberObject.Words, HeapTag.Object), HeapTag.Object);
    }
  }

  lockUnlock(): void {
    const { mutex } = this.t.state;
    for (let i = 0; i < INNER; i++) {
      mutex.lock(Control.Scratch << 2);
      mutex.unlock(Control.Scratch << 2);
    }
  }

  sections(): void {
    const { sections } = this.t.state;
    for (let i = 0; i < INNER; i++) sections.end(sections.begin(Control.Scratch << 2));
  }

  poll(): void {
    const { state } = this.t;
    for (let i = 0; i < INNER; i++) state.poll();
  }
}

tuneV8();

const biased = threadOf('free-threaded');
const plain = threadOf('gil');
const atomic = threadOf('gilectomy');

const biasedLoops = new RefcountLoops(biased);
const plainLoops = new RefcountLoops(plain);
const atomicLoops = new RefcountLoops(atomic);

const counts: Case[] = [
  { name: 'two plain increments', body: () => biasedLoops.plainIncrements() },
  { name: 'biased incref + decref, owned', body: () => biasedLoops.counted() },
  { name: 'Atomics.add + Atomics.sub', body: () => biasedLoops.atomicPair() },
  { name: 'plain incref + decref (gil)', body: () => plainLoops.counted() },
  { name: 'atomic incref + decref (gilectomy)', body: () => atomicLoops.counted() },
];
const medians = await runSuite('reference counts, an incref and a decref', counts);

const mimalloc = new AllocatorLoops(biased);
const pymalloc = new AllocatorLoops(plain);
await runSuite('memory and locks, uncontended', [
  { name: 'mimalloc alloc + free, 32 bytes', body: () => mimalloc.allocFree() },
  { name: 'pymalloc alloc + free, 32 bytes', body: () => pymalloc.allocFree() },
  { name: 'Mutex lock + unlock', body: () => mimalloc.lockUnlock() },
  { name: 'critical section begin + end', body: () => mimalloc.sections() },
  { name: 'eval breaker poll', body: () => mimalloc.poll() },
]);

const at = (name: string): number => medians.get(name) ?? Number.NaN;
const pair = at('biased incref + decref, owned');
process.stdout.write(
  `\nowned biased pair: ${(pair / at('two plain increments')).toFixed(2)} times two plain increments (at most 2.5), ` +
    `${(at('Atomics.add + Atomics.sub') / pair).toFixed(1)} times cheaper than the atomic pair (at least 6)\n`,
);
