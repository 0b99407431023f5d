import { Control, Geometry, HeapTag } from '../../memory/layout.js';
import { Arena, Pool, PoolIndex, Small, State } from '../pymalloc/layout.js';
import { firstPool, walkArenas } from '../pymalloc/walk.js';
import type { CheckContext } from './context.js';
import { checkPool, PoolKind } from './pools.js';

/** What the state of one interpreter leads to. */
interface Found {
  /** Address of the interpreter's `State`. */
  readonly base: number;
  /** Arena objects with an arena. */
  readonly arenas: Set<number>;
  /** Pools by what they are. */
  readonly pools: Map<number, PoolKind>;
}

/** pymalloc: arenas, the order of the usable ones (INV-3.1), pools and their states (INV-3.2). */
export function checkArenas(context: CheckContext, segments: readonly number[]): void {
  const heap = context.i32;
  const bases = new Set<number>([Control.InterpreterAllocator]);
  for (const segment of segments)
    bases.add(heap[Control.SegmentArenas + (segment >>> Geometry.SegmentShift)]);
  for (const base of bases) {
    const known = base > 0 && base < heap.length && heap[base + State.Started] === 1;
    if (known) checkInterpreter(context, base, segments);
    else if (base !== Control.InterpreterAllocator)
      context.report(`segments of arenas belong to ${base}, which is no interpreter`);
  }
}

function checkInterpreter(context: CheckContext, base: number, segments: readonly number[]): void {
  const heap = context.i32;
  const found: Found = { base, arenas: new Set(), pools: new Map() };
  if (!checkObjectArray(context, base)) return;
  walkArenas(heap, base, (arena) => found.arenas.add(arena));
  context.expect(
    heap[base + State.ArenaCount] === found.arenas.size &&
      heap[base + State.ArenasHighWater] >= found.arenas.size &&
      heap[base + State.ArenasEver] >= heap[base + State.ArenasHighWater],
    () => `${found.arenas.size} arenas are in use, ${heap[base + State.ArenaCount]} are counted`,
  );
  checkPlaces(context, found, segments);
  checkUsable(context, found);
  checkUnused(context, found);
  for (const arena of found.arenas) checkArena(context, arena, found);
  checkUsedPools(context, found);
  for (const [pool, kind] of found.pools) checkPool(context, pool, kind, heap[base + State.PoolWords]);
}

/** The array of arena objects is a block of the raw domain's allocator. */
function checkObjectArray(context: CheckContext, base: number): boolean {
  const array = context.i32[base + State.Arenas];
  if (array === 0) return true;
  const wrong = context.blocks.claim(array);
  if (wrong !== null) context.report(`the array of arena objects ${array} ${wrong}`);
  return wrong === null;
}

/** Each arena has its place in a segment of this interpreter, and each place that is taken has its arena. */
function checkPlaces(context: CheckContext, { base, arenas }: Found, segments: readonly number[]): void {
  const heap = context.i32;
  const words = heap[base + State.ArenaWords];
  const taken = new Map<number, number>();
  for (const arena of arenas) {
    const address = heap[arena + Arena.Address];
    const number = address >>> Geometry.SegmentShift;
    context.expect(
      (address & (words - 1)) === 0 && heap[Control.SegmentArenas + number] === base,
      () => `arena object ${arena} stands for ${address}, which is not its arena`,
    );
    taken.set(number, (taken.get(number) ?? 0) | (1 << ((address & Geometry.SegmentMask) / words)));
  }
  for (const segment of segments) {
    const number = segment >>> Geometry.SegmentShift;
    if (heap[Control.SegmentArenas + number] !== base) continue;
    const places = heap[base + State.Places + number];
    context.expect(
      places === (taken.get(number) ?? 0) && places !== 0,
      () => `segment ${number}: its places ${places} are in use, its arenas are at ${taken.get(number) ?? 0}`,
    );
  }
}

/** INV-3.1: usable arenas by ascending count of free pools, each with some; nfp2lasta knows the last of each count. */
function checkUsable(context: CheckContext, { base, arenas }: Found): void {
  const heap = context.i32;
  const lasts = new Array<number>(State.LastWithFreeCount).fill(0);
  const seen = new Set<number>();
  let previous = 0;
  for (let arena = heap[base + State.UsableArenas]; arena !== 0; arena = heap[arena + Arena.Next]) {
    if (!arenas.has(arena) || seen.has(arena)) {
      context.report(`the list of usable arenas has ${arena}, which is no arena, or twice`);
      return;
    }
    seen.add(arena);
    const free = heap[arena + Arena.FreePoolCount];
    context.expect(
      heap[arena + Arena.Previous] === previous,
      () => `usable arena ${arena} is linked wrongly`,
    );
    context.expect(
      free > 0 && (previous === 0 || heap[previous + Arena.FreePoolCount] <= free),
      () => `INV-3.1: arena ${arena} with ${free} free pools is out of order`,
    );
    lasts[free] = arena;
    previous = arena;
  }
  for (let free = 0; free < State.LastWithFreeCount; free++) {
    const known = heap[base + State.LastWithFree + free];
    context.expect(
      known === lasts[free],
      () => `INV-3.1: the last arena with ${free} free pools is ${lasts[free]}, not ${known}`,
    );
  }
  for (const arena of arenas) {
    context.expect(
      seen.has(arena) === heap[arena + Arena.FreePoolCount] > 0,
      () => `arena ${arena} with ${heap[arena + Arena.FreePoolCount]} free pools is in the wrong list`,
    );
  }
}

/** Arena objects without an arena; their list has only `Next`. */
function checkUnused(context: CheckContext, { base, arenas }: Found): void {
  const heap = context.i32;
  const expected = new Set<number>();
  for (let i = 0; i < heap[base + State.ArenaObjects]; i++) {
    const arena = heap[base + State.Arenas] + i * Arena.ObjectWords;
    if (!arenas.has(arena)) expected.add(arena);
  }
  for (let arena = heap[base + State.UnusedArenas]; arena !== 0; arena = heap[arena + Arena.Next]) {
    if (!expected.delete(arena)) {
      context.report(`the list of unused arena objects has ${arena}, which is none, or twice`);
      return;
    }
  }
  for (const arena of expected) context.report(`arena object ${arena} has no arena and is in no list`);
}

/** Free pools, and those that were never carved, are as many as counted; every other pool is used or full. */
function checkArena(context: CheckContext, arena: number, { base, pools }: Found): void {
  const heap = context.i32;
  const total = heap[arena + Arena.TotalPools];
  const words = heap[base + State.PoolWords];
  const first = firstPool(heap, base, arena);
  const most = Math.floor((heap[arena + Arena.Address] + heap[base + State.ArenaWords] - first) / words);
  const end = heap[arena + Arena.PoolAddress];
  const carved = (end - first) / words;
  if (total !== most || !Number.isInteger(carved) || carved < 0 || carved > total) {
    context.report(`arena ${arena}: ${total} pools, the next one at ${end} are impossible`);
    return;
  }
  for (let pool = first; pool < end; pool += words) {
    pools.set(pool, PoolKind.Full);
    context.expect(
      heap[base + State.Arenas] + heap[pool + Pool.ArenaIndex] * Arena.ObjectWords === arena,
      () => `pool ${pool} names ${heap[pool + Pool.ArenaIndex]} as its arena`,
    );
  }
  let free = total - carved;
  for (let pool = heap[arena + Arena.FreePools]; pool !== 0; pool = heap[pool + Pool.Next]) {
    if (pools.get(pool) !== PoolKind.Full || pool < first || pool >= end) {
      context.report(`INV-3.2: the free pools of arena ${arena} include ${pool}, which is none, or twice`);
      return;
    }
    pools.set(pool, PoolKind.Empty);
    free++;
  }
  context.expect(
    free === heap[arena + Arena.FreePoolCount],
    () => `arena ${arena} has ${free} free pools, ${heap[arena + Arena.FreePoolCount]} are counted`,
  );
}

/** The used-pool table: by tag and class. */
function checkUsedPools(context: CheckContext, { base, pools }: Found): void {
  const heap = context.i32;
  for (let index = 0; index < HeapTag.Count * Small.Classes; index++) {
    let previous = 0;
    for (let pool = heap[base + State.UsedPools + index]; pool !== 0; pool = heap[pool + Pool.Next]) {
      if (pools.get(pool) !== PoolKind.Full || heap[pool + Pool.SizeIndex] === PoolIndex.Never) {
        context.report(
          `INV-3.2: used pools of class ${index} include ${pool}, which is none, or in two lists`,
        );
        break;
      }
      pools.set(pool, PoolKind.Used);
      context.expect(heap[pool + Pool.Previous] === previous, () => `used pool ${pool} is linked wrongly`);
      context.expect(
        heap[pool + Pool.SizeIndex] === index,
        () => `used pool ${pool} of class ${heap[pool + Pool.SizeIndex]} is in the list of class ${index}`,
      );
      previous = pool;
    }
  }
}
