/** One geometry of pymalloc, measured on demand: the worker of bench/pymalloc.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { AllocatorThread } from '../src/allocators/allocator.js';
import { type AddressMap, PoolHeaderMap, SegmentMap } from '../src/allocators/pymalloc/addressMap.js';
import type { PymallocGeometry } from '../src/allocators/pymalloc/geometry.js';
import { PymallocAllocator } from '../src/allocators/pymalloc/pymallocAllocator.js';
import { RadixTree } from '../src/allocators/pymalloc/radixTree.js';
import { RawAllocator } from '../src/allocators/pymalloc/rawAllocator.js';
import { pymallocStatistics } from '../src/allocators/pymalloc/statistics.js';
import { PlainAtomicOps } from '../src/memory/atomicOps.js';
import { Control, HeapTag } from '../src/memory/layout.js';
import { SharedMemory } from '../src/memory/sharedMemory.js';

/** Nanoseconds. */
export interface Sample {
  readonly lifo: number;
  readonly random: number;
  readonly checkOwn: number;
  readonly checkForeign: number;
}

/** `held`, `poolBytes`, `live`: bytes of arenas, of pools in use, and of what was asked for in them. */
export interface Fragmentation {
  readonly arenas: number;
  readonly pools: number;
  readonly held: number;
  readonly poolBytes: number;
  readonly live: number;
}

const ROUNDS = 100_000;
const LIVE = 1_000;

/** The same numbers in every run and for every geometry. */
class Random {
  private state = 12_345;

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.state >>> 8) % limit;
  }
}

function mapOf(thread: AllocatorThread, geometry: PymallocGeometry): AddressMap {
  const { i32 } = thread;
  const base = Control.InterpreterAllocator;
  switch (geometry.addressMap) {
    case 'radix':
      return new RadixTree(i32, base, geometry.arenaWords, new RawAllocator(thread));
    case 'pool-header':
      return new PoolHeaderMap(i32, base, geometry.poolWords - 1, geometry.arenaWords);
    case 'segment':
      return new SegmentMap(i32, base);
  }
}

/** Closures over an allocator, made once: so V8 sees what workers see. */
function makeCases(geometry: PymallocGeometry): Readonly<Record<keyof Sample, () => void>> {
  const { allocator, thread } = startAllocator();
  const map = mapOf(thread, geometry);
  const random = new Random();
  const sizes = Int32Array.from({ length: ROUNDS }, () => 4 + random.below(29));
  const places = Int32Array.from({ length: ROUNDS }, () => random.below(LIVE));
  const own = Int32Array.from({ length: LIVE }, (_, i) => allocator.alloc(sizes[i], HeapTag.Object));
  const foreign = Int32Array.from({ length: LIVE }, () => allocator.alloc(200, HeapTag.Object));
  const check = (addresses: Int32Array, expected: number) => {
    let found = 0;
    for (let i = 0; i < ROUNDS; i++) if (map.contains(addresses[places[i]])) found++;
    if (found !== expected) throw new Error(`${geometry.name}: the address map is wrong`);
  };
  return {
    lifo: () => {
      for (let i = 0; i < ROUNDS; i++) allocator.free(allocator.alloc(12, HeapTag.Object), HeapTag.Object);
    },
    random: () => {
      for (let i = 0; i < ROUNDS; i++) {
        allocator.free(own[places[i]], HeapTag.Object);
        own[places[i]] = allocator.alloc(sizes[i], HeapTag.Object);
      }
    },
    checkOwn: () => check(own, ROUNDS),
    checkForeign: () => check(foreign, 0),
  };
}

function startAllocator() {
  const memory = SharedMemory.create(256 << 20);
  const { i32 } = memory;
  const atomics = new PlainAtomicOps(memory);
  const thread = { memory, i32, atomics, block: Control.Threads, qsbr: null };
  const allocator = new PymallocAllocator(thread, workerData as PymallocGeometry);
  allocator.start();
  return { allocator, thread };
}

function time(body: () => void): number {
  const start = performance.now();
  body();
  return ((performance.now() - start) * 1e6) / ROUNDS;
}

function fragment(): Fragmentation {
  const { allocator, thread } = startAllocator();
  const random = new Random();
  const blocks = Array.from({ length: 200_000 }, () => 1 + random.below(128)).map((words) => ({
    words,
    address: allocator.alloc(words, HeapTag.Object),
  }));
  let live = 0;
  for (const { words, address } of blocks) {
    if (random.below(10) === 0) live += words * 4;
    else allocator.free(address, HeapTag.Object);
  }
  // Object sizes of another phase of the program: few classes, of another tag.
  for (let i = 0; i < 20_000; i++) {
    const words = [6, 10, 22, 60][i & 3];
    allocator.alloc(words, HeapTag.Gc);
    live += words * 4;
  }
  const { arenas, arenaBytes, poolSize, classes } = pymallocStatistics(thread.i32);
  const pools = classes.reduce((sum, row) => sum + row.pools, 0);
  return { arenas, pools, held: arenaBytes, poolBytes: pools * poolSize, live };
}

const cases = makeCases(workerData as PymallocGeometry);
// Compiled before the first sample.
for (let i = 0; i < 30; i++) for (const body of Object.values(cases)) body();
parentPort?.on('message', (what: 'sample' | 'fragment') => {
  if (what === 'fragment') {
    parentPort?.postMessage(fragment());
    return;
  }
  parentPort?.postMessage({
    lifo: time(cases.lifo),
    random: time(cases.random),
    checkOwn: time(cases.checkOwn),
    checkForeign: time(cases.checkForeign),
  });
});
