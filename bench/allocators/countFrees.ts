/** Atomic operations of a free by another thread: counted, not timed. */
import { type AtomicOps, PlainAtomicOps } from '../../src/memory/atomicOps.js';
import { HeapTag } from '../../src/memory/layout.js';
import { SharedMemory } from '../../src/memory/sharedMemory.js';
import { median } from '../../src/report/statistics.js';
import { buildNamed } from '../../src/runtime/builds.js';
import { Thread } from '../../src/runtime/thread.js';
import { ProductionParts } from '../../src/runtime/threadParts.js';

export interface FreeCounts {
  readonly median: number;
  readonly mean: number;
  readonly most: number;
}

const BLOCKS = 10_000;
const WORDS = 12;

/** Every atomic operation goes through `Atomics`, where it can be counted. */
class CountableParts extends ProductionParts {
  override makeAtomics(memory: SharedMemory): AtomicOps {
    return new PlainAtomicOps(memory);
  }
}

/**
 * One thread allocates blocks of 48 bytes, enough for many full pages, and another one frees them all, the pages in
 * turn. Both are threads of the runtime in this one JavaScript thread: nothing runs at the same time, so that no
 * operation is repeated, and the count is that of an undisturbed free.
 */
export function countForeignFrees(): FreeCounts {
  const memory = SharedMemory.create(64 << 20);
  const build = buildNamed('free-threaded');
  const maker = new Thread(memory, build, 0, new CountableParts());
  const freer = new Thread(memory, build, 1, new CountableParts());
  maker.start(0);
  freer.start(1);
  const blocks = Array.from({ length: BLOCKS }, () => maker.allocator.alloc(WORDS, HeapTag.Mem));
  const counts = counting((count) =>
    blocks.map((block) => {
      const before = count();
      freer.allocator.free(block, HeapTag.Mem);
      return count() - before;
    }),
  );
  const sum = counts.reduce((total, count) => total + count, 0);
  return { median: median(counts), mean: sum / BLOCKS, most: Math.max(...counts) };
}

/** Runs the body with an `Atomics` that counts; `count` says how many operations there have been. */
function counting<T>(body: (count: () => number) => T): T {
  const real = globalThis.Atomics;
  let operations = 0;
  globalThis.Atomics = new Proxy(real, {
    get(target, name) {
      operations++;
      return Reflect.get(target, name) as unknown;
    },
  });
  try {
    return body(() => operations);
  } finally {
    globalThis.Atomics = real;
  }
}
