import { describe, expect, it } from 'vitest';
import { MarkerBlock } from '#ungil/gc/marking/layout.js';
import { MarkMap } from '#ungil/gc/marking/markMap.js';
import { ParallelMarker } from '#ungil/gc/marking/parallelMarker.js';
import { FatalError, MemoryError, RunAborted } from '#ungil/memory/errors.js';
import { Control, GcState, ThreadBlock } from '#ungil/memory/layout.js';
import { threadBlock } from '#ungil/threads/evalBreaker.js';
import { runWorkers, until } from '../../support/workers.js';
import { GcWorld } from '../support/gcWorld.js';
import { type Graph, largeGraph, makeGraph, ROOTS, reachable } from '../support/graphs.js';

const [READY, DONE] = [Control.Scratch, Control.Scratch + 1];

interface Helped {
  readonly helped: number;
  readonly aborted: boolean;
}

/** The main thread marks; others, each in its worker, poll and help. */
class Marking {
  readonly world = new GcWorld('free-threaded');
  readonly heap = this.world.i32;
  readonly map = new MarkMap(this.world.memory, this.world.main.allocator);
  readonly marker = new ParallelMarker(this.world.memory, this.world.main.allocator, this.world.main.block);
  readonly objects: number[];
  readonly expected: Set<number>;
  private ends: Promise<Helped[]> = Promise.resolve([]);

  constructor(readonly graph: Graph) {
    this.heap[Control.Gc + GcState.Enabled] = 0;
    this.objects = makeGraph(this.world.main, graph);
    this.expected = reachable(graph);
  }

  async start(helpers: number, fault = ''): Promise<void> {
    this.heap[Control.Gc + GcState.Markers] = helpers + 1;
    this.ends = runWorkers<Helped>('gc/markingHelper', this.world.memory.handle, helpers, { fault });
    this.ends.catch(() => {});
    await until(() => Atomics.load(this.heap, READY) === helpers);
  }

  /** One pause. Returns how many objects the helpers marked. */
  mark(): number {
    const { main } = this.world;
    main.stopTheWorld();
    try {
      this.map.begin();
      this.marker.markAlive(this.map, [ROOTS, ROOTS + this.graph.roots.length]);
      const wrong = this.objects.filter((object, i) => this.map.isMarked(object) !== this.expected.has(i));
      expect(wrong).toEqual([]);
    } finally {
      this.map.end();
      main.startTheWorld();
    }
    let byHelpers = 0;
    for (let slot = 1; slot < this.heap[Control.Gc + GcState.Markers]; slot++) {
      byHelpers += this.heap[threadBlock(slot) + ThreadBlock.Marking + MarkerBlock.Marked];
    }
    return byHelpers;
  }

  end(): Promise<Helped[]> {
    Atomics.store(this.heap, DONE, 1);
    return this.ends;
  }
}

describe('several markers', () => {
  it.each([1, 3])('and %i helpers mark what JavaScript reaches, pause after pause', async (helpers) => {
    const marking = new Marking(largeGraph(60_000, helpers));
    await marking.start(helpers);
    let byHelpers = 0;
    for (let pause = 0; pause < 40 || (byHelpers === 0 && pause < 2000); pause++) byHelpers += marking.mark();
    expect(byHelpers).toBeGreaterThan(0);
    const ends = await marking.end();
    expect(ends.reduce((sum, { helped }) => sum + helped, 0)).toBeGreaterThan(0);
  });

  it('ask nobody when one marker is wanted', async () => {
    const marking = new Marking(largeGraph(20_000, 1));
    await marking.start(1);
    marking.heap[Control.Gc + GcState.Markers] = 1;
    for (let pause = 0; pause < 20; pause++) marking.mark();
    expect(await marking.end()).toEqual([{ helped: 0, aborted: false }]);
  });
});

describe('a helper', () => {
  it('without memory fails the marking with MemoryError; the world goes on', async () => {
    const marking = new Marking(largeGraph(60_000, 5));
    await marking.start(1, 'no memory');
    const errors = failures(marking);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every((error) => error instanceof MemoryError)).toBe(true);
    const [{ helped, aborted }] = await marking.end();
    expect(helped).toBeGreaterThan(0);
    expect(aborted).toBe(false);
  });

  it('that throws ends the marking; nobody waits for it', async () => {
    const marking = new Marking(largeGraph(60_000, 6));
    await marking.start(1, 'throws');
    expect(failures(marking, 1)[0]).toBeInstanceOf(FatalError);
    await expect(marking.end()).rejects.toThrow('the allocator is broken');
  });

  it('that is inside when the run is aborted leaves, and the collecting thread does not wait for it for ever', async () => {
    const marking = new Marking(largeGraph(60_000, 8));
    await marking.start(1, 'abort');
    expect(failures(marking, 1)[0]).toBeInstanceOf(RunAborted);
    expect(await marking.end()).toEqual([{ helped: 1, aborted: true }]);
  });
});

/** What pauses throw in which the helper took part; until there is one, at most `limit`. */
function failures(marking: Marking, limit = 5): unknown[] {
  const errors: unknown[] = [];
  for (let pause = 0; pause < 2000 && errors.length < limit; pause++) {
    try {
      marking.mark();
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}
