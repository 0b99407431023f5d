import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarkMap } from '#ungil/gc/marking/markMap.js';
import { ParallelMarker } from '#ungil/gc/marking/parallelMarker.js';
import { SerialMarker } from '#ungil/gc/marking/serialMarker.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, GcBits, GcState } from '#ungil/memory/layout.js';
import { NoMemoryParts } from '../../support/noMemory.js';
import { GcWorld } from '../support/gcWorld.js';
import { type Graph, KINDS, largeGraph, makeGraph, ROOTS, reachable } from '../support/graphs.js';

const graphs = fc.integer({ min: 1, max: 40 }).chain((size) => {
  const node = fc.nat(size - 1);
  return fc.record<Graph>({
    kinds: fc.array(fc.constantFrom(...KINDS), { minLength: size, maxLength: size }),
    edges: fc.array(fc.array(node, { maxLength: 5 }), { minLength: size, maxLength: size }),
    roots: fc.array(node, { maxLength: 3 }),
  });
});

/** Marks alone, in the form of each class. */
const MARKERS = {
  'the serial marker': (world: GcWorld) => new SerialMarker(world.memory, world.main.allocator),
  'the parallel marker without helpers': (world: GcWorld) => {
    world.i32[Control.Gc + GcState.Markers] = 4;
    return new ParallelMarker(world.memory, world.main.allocator, world.main.block);
  },
};

describe.each(Object.entries(MARKERS))('%s', (_name, make) => {
  const world = new GcWorld('free-threaded');
  const marker = make(world);
  const map = new MarkMap(world.memory, world.main.allocator);

  function mark(graph: Graph): { marked: Set<number>; count: number } {
    const objects = makeGraph(world.main, graph);
    map.begin();
    const count = marker.markAlive(map, [ROOTS, ROOTS + graph.roots.length]);
    const marked = new Set(objects.flatMap((object, i) => (map.isMarked(object) ? [i] : [])));
    map.end();
    return { marked, count };
  }

  it('marks what JavaScript reaches, and nothing else', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const expected = reachable(graph);
        const { marked, count } = mark(graph);
        expect(marked).toEqual(expected);
        const classes = [...expected].some((node) => graph.kinds[node] === 'instance') ? 1 : 0;
        expect(count).toBe(expected.size + classes);
      }),
      { numRuns: 60 },
    );
  });

  it('marks large graphs, beyond a chunk of its stack', () => {
    const graph = largeGraph(20_000, 7);
    expect(mark(graph).marked).toEqual(reachable(graph));
  });

  it('passes over untracked and frozen objects, and what only they lead to', () => {
    const { lists, memory } = world.main;
    const [outer, hidden, frozen, inner, last] = [0, 0, 0, 0, 0].map(() => lists.create());
    lists.append(outer, hidden);
    lists.append(outer, frozen);
    lists.append(hidden, inner);
    lists.append(frozen, last);
    memory.u8[hidden * 4 + 3] &= ~GcBits.Tracked;
    memory.u8[frozen * 4 + 3] |= GcBits.Frozen;
    world.i32[ROOTS] = outer;
    map.begin();
    expect(marker.markAlive(map, [ROOTS, ROOTS + 1])).toBe(1);
    expect([outer, hidden, frozen, inner, last].map((object) => map.isMarked(object))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    map.end();
  });
});

describe('out of memory', () => {
  it('at any allocation of a marker: MemoryError, and every chunk is given back', () => {
    const parts = new NoMemoryParts();
    const world = new GcWorld('free-threaded', parts);
    const graph = largeGraph(20_000, 3);
    const expected = reachable(graph);
    const objects = makeGraph(world.main, graph);
    const map = new MarkMap(world.memory, world.main.allocator);
    const marker = new SerialMarker(world.memory, world.main.allocator);
    const { allocator } = world.main;
    let held = 0;
    const [alloc, free] = [allocator.rawAlloc.bind(allocator), allocator.rawFree.bind(allocator)];
    allocator.rawAlloc = (words) => {
      const block = alloc(words);
      held++;
      return block;
    };
    allocator.rawFree = (address) => {
      held--;
      free(address);
    };
    map.begin();
    let failures = 0;
    for (let failing = 1; ; failing++) {
      parts.armRaw(failing, failing);
      try {
        marker.markAlive(map, [ROOTS, ROOTS + graph.roots.length]);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        failures++;
        expect(held).toBe(1);
        parts.armRaw(0, -1);
        map.end();
        map.begin();
      }
    }
    expect(failures).toBeGreaterThan(3);
    expect(objects.every((object, i) => map.isMarked(object) === expected.has(i))).toBe(true);
    map.end();
    expect(held).toBe(0);
  });
});
