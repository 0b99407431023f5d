import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PoolHeaderMap } from '#ungil/allocators/pymalloc/addressMap.js';
import { PYMALLOC, PYMALLOC_GEOMETRIES, PYMALLOC_HUGE } from '#ungil/allocators/pymalloc/geometry.js';
import { Arena, Leaf, Pool, State } from '#ungil/allocators/pymalloc/layout.js';
import { RadixTree } from '#ungil/allocators/pymalloc/radixTree.js';
import { RawAllocator } from '#ungil/allocators/pymalloc/rawAllocator.js';
import { Control, Geometry, HeapTag } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareAllocatorThread, MIB, startPymalloc } from '../support.js';
import { arenasOf, BASE } from './invariants.js';

/** Words in the largest memory. */
const ALL_WORDS = Geometry.MaxSegments * Geometry.SegmentWords;

function makeTree(arenaWords: number, bytes = 16 * MIB) {
  const memory = SharedMemory.create(bytes);
  const raw = new RawAllocator(new BareAllocatorThread(memory, 0));
  raw.start();
  return { memory, raw, tree: new RadixTree(memory.i32, BASE, arenaWords, raw) };
}

describe.each([PYMALLOC, PYMALLOC_HUGE])('radix tree of $name', ({ arenaWords }) => {
  /** Arenas anywhere in 2 GiB, at any multiple of a block, that do not overlap. */
  const arenas = fc
    .array(fc.tuple(fc.nat(ALL_WORDS / arenaWords - 2), fc.nat(arenaWords / 4 - 1)), { maxLength: 40 })
    .map((pairs) => {
      const starts = pairs.map(([slot, offset], i) => slot * arenaWords + (i % 2 === 0 ? 0 : offset * 4));
      starts.sort((a, b) => a - b);
      return starts.filter((start, i) => i === 0 || start - starts[i - 1]! >= arenaWords);
    });

  test('knows every address at the edges of arenas, aligned or not, while they come and go', () => {
    fc.assert(
      fc.property(arenas, fc.array(fc.nat(39)), (starts, removed) => {
        const { tree, raw } = makeTree(arenaWords);
        const present = new Set<number>();
        const check = () => {
          for (const start of starts) {
            const slot = start & ~(arenaWords - 1);
            const edges = [start, start + arenaWords, slot, slot + arenaWords, slot + 2 * arenaWords];
            for (const edge of edges) {
              for (const address of [edge - 4, edge, edge + 4, edge + arenaWords / 2]) {
                if (address < 0 || address >= ALL_WORDS) continue;
                let expected = false;
                for (const arena of present) expected ||= address >= arena && address < arena + arenaWords;
                if (tree.contains(address) !== expected)
                  throw new Error(`${address}: expected ${expected}; arenas ${[...present]}`);
              }
            }
          }
        };
        check();
        for (const start of starts) {
          expect(tree.add(start)).toBe(true);
          present.add(start);
        }
        check();
        for (const index of removed) {
          const start = starts[index % Math.max(starts.length, 1)];
          if (start === undefined || !present.delete(start)) continue;
          tree.remove(start);
        }
        check();
        for (const start of present) tree.remove(start);
        present.clear();
        check();
        tree.finish();
        raw.relieve();
      }),
      { numRuns: 60 },
    );
  });

  test('two arenas share the leaf between them', () => {
    const { tree } = makeTree(arenaWords);
    const start = 9 * arenaWords + 4_000;
    tree.add(start);
    tree.add(start + arenaWords + 8);
    const found = [-4, 0, arenaWords - 4, arenaWords, arenaWords + 4, arenaWords + 8, 2 * arenaWords + 4];
    expect(found.map((offset) => tree.contains(start + offset))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
    tree.remove(start);
    expect([arenaWords - 4, arenaWords + 8].map((offset) => tree.contains(start + offset))).toEqual([
      false,
      true,
    ]);
  });

  test('has three levels: nodes are made when needed, kept, and given back at the end', () => {
    const { memory, raw, tree } = makeTree(arenaWords);
    const heap = memory.i32;
    const nodes = () => [heap[BASE + State.MiddleNodes], heap[BASE + State.BottomNodes]];
    tree.add(5 * arenaWords);
    tree.add(6 * arenaWords);
    expect(nodes()).toEqual([1, heap[BASE + State.BottomNodes]]);
    const few = heap[BASE + State.BottomNodes]!;
    tree.add(ALL_WORDS - arenaWords);
    expect(nodes()).toEqual([2, few + 1]);
    tree.remove(ALL_WORDS - arenaWords);
    expect(nodes()).toEqual([2, few + 1]);
    for (const slot of [5, 6]) tree.remove(slot * arenaWords);
    tree.finish();
    expect(nodes()).toEqual([0, 0]);
    raw.relieve();
    expect(heap[Control.SegmentsUsed]).toBe(0);
  });

  test('without memory for a node an arena is refused, and none of it is known', () => {
    const { memory, raw, tree } = makeTree(arenaWords);
    // Straddles the ranges of two bottom nodes: the first is there, the second is not.
    const start = ALL_WORDS / 256 - arenaWords + 4_000;
    tree.add(ALL_WORDS / 256 - 3 * arenaWords);
    const blocks: number[] = [];
    for (let block = raw.tryAllocOwn(16); block !== 0; block = raw.tryAllocOwn(16)) blocks.push(block);
    expect(tree.add(start)).toBe(false);
    for (const offset of [0, 4_000, arenaWords - 4_004, arenaWords - 4]) {
      expect(tree.contains(start + offset)).toBe(false);
    }
    raw.free(blocks.pop()!);
    expect(tree.add(start)).toBe(true);
    for (const offset of [0, arenaWords - 4]) expect(tree.contains(start + offset)).toBe(true);
    expect(memory.i32[BASE + State.BottomNodes]).toBe(2);
  });
});

test('a leaf of an aligned arena is -1, of another the place where it begins', () => {
  const { memory, tree } = makeTree(PYMALLOC.arenaWords);
  const heap = memory.i32;
  tree.add(0);
  tree.add(PYMALLOC.arenaWords + 4_000);
  const leaves = heap[heap[BASE + State.MapRoot]!]!;
  expect([...heap.subarray(leaves, leaves + 3 * Leaf.Words)]).toEqual([-1, 0, 4_000, 0, 0, 4_000]);
});

test('a radix tree refuses arenas that it has no bits for', () => {
  expect(() => makeTree(1 << 16)).toThrow(/1 MiB, 2 MiB or 4 MiB, these have 262144 bytes/);
  expect(() => makeTree(300_000)).toThrow(RangeError);
});

test('address_in_range of old: whatever the header of foreign memory says', () => {
  const memory = SharedMemory.create(16 * MIB);
  const heap = memory.i32;
  const [array, poolWords, arenaWords] = [Control.Scratch, 1 << 10, 1 << 16];
  heap[BASE + State.Arenas] = array;
  heap[BASE + State.ArenaObjects] = 16;
  heap[array + 3 * Arena.ObjectWords + Arena.Address] = Geometry.SegmentWords;
  const map = new PoolHeaderMap(heap, BASE, poolWords - 1, arenaWords);
  const ours = Geometry.SegmentWords + 5 * poolWords;
  const foreign = 2 * Geometry.SegmentWords;
  for (const index of [3, 2, 15, 16, -1, 0x7fffffff, -0x80000000]) {
    heap[ours + Pool.ArenaIndex] = index;
    heap[foreign + Pool.ArenaIndex] = index;
    expect(map.contains(ours + 12)).toBe(index === 3);
    expect(map.contains(foreign + 12)).toBe(false);
  }
});

describe.each(PYMALLOC_GEOMETRIES)('$name', (geometry) => {
  test('raw blocks that look like pools are not taken for them', () => {
    const memory = SharedMemory.create(64 * MIB);
    const { allocator } = startPymalloc(memory, 0, geometry);
    const small = Array.from({ length: 3_000 }, () => allocator.alloc(128, HeapTag.Mem));
    const raw: number[] = [];
    for (let i = 0; i < 200; i++) {
      const block = allocator.alloc(129 + i * 50, HeapTag.Mem);
      // Every word is a number that an arena object has.
      memory.i32.fill(i % arenasOf(memory).length, block, block + 129 + i * 50);
      raw.push(block);
    }
    for (const block of raw) allocator.free(block, HeapTag.Mem);
    for (const block of small) allocator.free(block, HeapTag.Mem);
    expect(allocator.finishInterpreter()).toBe(0);
    expect(memory.i32[Control.SegmentsUsed]).toBe(0);
  });
});
