/**
 * Single allocations in one thread. A worker of its own for each allocator and pattern: a loop that has met two of them
 * is not the loop that users run. It posts the names of its cases, then runs one round of whichever it is asked for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Control, HeapTag } from '../../src/memory/layout.js';
import { SharedMemory } from '../../src/memory/sharedMemory.js';
import { buildNamed } from '../../src/runtime/builds.js';
import { Thread } from '../../src/runtime/thread.js';

/** One round: shorter than the turn of another process on the same processor. */
const ROUND_MS = 4;
/** Pairs in one call: few enough that V8 compiles the loops by their calls, see workloads/program.ts. */
const CALL = 1000;
const BYTES = 48;
const WORDS = BYTES >> 2;
const LIVE = 1000;
const MIN_BYTES = 16;
const MAX_BYTES = 112;
const MEMORY = 64 << 20;

/** Does `CALL` pairs, and throws if they have not been done. */
type Loop = () => void;

/** What is used of `MemPool`. Sizes in bytes, addresses from 1. */
interface Pool {
  malloc(bytes: number): number;
  free(address: number): boolean;
}

/** Draws sizes and places: xorshift. One for each loop. */
class Draws {
  private seed = 1;

  below(count: number): number {
    let x = this.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.seed = x;
    return Math.imul(x >>> 16, count) >>> 16;
  }

  bytes(): number {
    return MIN_BYTES + this.below(MAX_BYTES - MIN_BYTES + 1);
  }
}

/** Pops a block off a list and pushes it back: what no allocator can do without. */
function bareLoop(heap: Int32Array): Loop {
  const head = Control.Scratch;
  const block = Control.Scratch + 64;
  heap[head] = block;
  heap[block] = Control.Scratch + 128;
  return () => {
    let sum = 0;
    for (let i = 0; i < CALL; i++) {
      const popped = heap[head];
      heap[head] = heap[popped];
      sum += popped;
      heap[popped] = heap[head];
      heap[head] = popped;
    }
    if (sum !== CALL * block) throw new Error('the free list did not give its block each time');
  };
}

/** A block is freed before the next is allocated. One more stays alive, or its page would come and go. */
function lifoLoop({ allocator }: Thread): Loop {
  allocator.alloc(WORDS, HeapTag.Mem);
  return () => {
    let blocks = 0;
    for (let i = 0; i < CALL; i++) {
      const block = allocator.alloc(WORDS, HeapTag.Mem);
      if (block !== 0) blocks++;
      allocator.free(block, HeapTag.Mem);
    }
    expectAll(blocks);
  };
}

/** Live blocks of random sizes, of which a random one is replaced again and again. */
function randomLoop({ allocator }: Thread): Loop {
  const draws = new Draws();
  const live = new Int32Array(LIVE).map(() => allocator.alloc((draws.bytes() + 3) >> 2, HeapTag.Mem));
  return () => {
    let blocks = 0;
    for (let i = 0; i < CALL; i++) {
      const at = draws.below(LIVE);
      allocator.free(live[at], HeapTag.Mem);
      live[at] = allocator.alloc((draws.bytes() + 3) >> 2, HeapTag.Mem);
      if (live[at] !== 0) blocks++;
    }
    expectAll(blocks);
  };
}

function poolLifoLoop(pool: Pool): Loop {
  pool.malloc(BYTES);
  return () => {
    let blocks = 0;
    for (let i = 0; i < CALL; i++) {
      const block = pool.malloc(BYTES);
      if (pool.free(block)) blocks++;
    }
    expectAll(blocks);
  };
}

function poolRandomLoop(pool: Pool): Loop {
  const draws = new Draws();
  const live = new Int32Array(LIVE).map(() => pool.malloc(draws.bytes()));
  return () => {
    let blocks = 0;
    for (let i = 0; i < CALL; i++) {
      const at = draws.below(LIVE);
      if (pool.free(live[at])) blocks++;
      live[at] = pool.malloc(draws.bytes());
    }
    expectAll(blocks);
  };
}

function expectAll(blocks: number): void {
  if (blocks !== CALL) throw new Error(`${CALL - blocks} of ${CALL} allocations or frees failed`);
}

/** With the alignment that ours have. */
async function poolLoops(pattern: string): Promise<Record<string, Loop>> {
  // Not a constant: the package is there for this comparison only, and need not be.
  const name = '@thi.ng/malloc';
  const module = await import(name).catch(() => null);
  if (module === null) return {};
  const { MemPool } = module as { MemPool: new (options: object) => Pool };
  const pool = new MemPool({ size: MEMORY, align: 16 });
  return pattern === 'lifo' ? { lifo: poolLifoLoop(pool) } : { random: poolRandomLoop(pool) };
}

/** The bare list lies in the same memory. */
function ownLoops(build: string, pattern: string): Record<string, Loop> {
  const thread = new Thread(SharedMemory.create(MEMORY), buildNamed(build), 0);
  thread.start();
  if (pattern === 'random') return { random: randomLoop(thread) };
  return { bare: bareLoop(thread.i32), lifo: lifoLoop(thread) };
}

/** Nanoseconds a pair. */
function round(loop: Loop): number {
  const start = performance.now();
  let pairs = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    loop();
    pairs += CALL;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1e6) / pairs;
}

const [allocator, pattern] = workerData as [string, string];
const loops = allocator === 'thi.ng' ? await poolLoops(pattern) : ownLoops(allocator, pattern);
parentPort?.on('message', (name: string) => parentPort?.postMessage(round(loops[name])));
parentPort?.postMessage(Object.keys(loops));
