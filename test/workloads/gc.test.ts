import { describe, expect, it } from 'vitest';
import { Control, GcState, GcStats } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { gcCycles } from '#ungil/workloads/gc/cycles.js';
import { GC_WORKLOADS } from '#ungil/workloads/gc/index.js';
import { createClass, KindMaker } from '#ungil/workloads/gc/kinds.js';
import { closeTally, openTally, setAutomatic, Tally } from '#ungil/workloads/gc/tally.js';
import { mergeTrash } from '#ungil/workloads/gc/trash.js';
import { createNodeClass, nodesOf, Trees } from '#ungil/workloads/gc/trees.js';
import { Watch } from '#ungil/workloads/gc/watch.js';
import { ALL_WORKLOADS, workloadNamed } from '#ungil/workloads/index.js';

const MEMORY = 64 << 20;

/** A thread whose collector finds nothing, so that a test can say what it has found. */
function uncollected(collects = true): Thread {
  const t = new Thread(SharedMemory.create(MEMORY), buildNamed('unsafe'), 0);
  Object.assign(t, { collects });
  t.start();
  t.initialiseInterpreter();
  t.i32[Control.RunThreads] = 1;
  return t;
}

function pretendCollected(t: Thread, objects: number): void {
  t.i32[Control.Gc + GcState.Stats + 2 * GcStats.Words + GcStats.Collected] += objects;
}

describe('the group', () => {
  it('is in the list, and each tells what it asks', () => {
    expect(ALL_WORKLOADS.filter((workload) => workload.group === 'gc')).toEqual(GC_WORKLOADS);
    expect(new Set(ALL_WORKLOADS.map(({ name }) => name)).size).toBe(ALL_WORKLOADS.length);
    for (const workload of GC_WORKLOADS) {
      expect(workloadNamed(workload.name)).toBe(workload);
      expect(workload.unsafe).toBe(false);
      for (const text of [workload.title, workload.cpython, workload.unit]) expect(text).not.toBe('');
    }
    expect(GC_WORKLOADS.filter(({ name }) => name.startsWith('gc-live'))).toHaveLength(12);
    expect(GC_WORKLOADS.filter(({ name }) => name.startsWith('gc-grid'))).toHaveLength(8);
  });

  it('complains where nothing is collected', () => {
    const t = uncollected();
    const workload = gcCycles('lists', 10);
    const shared = workload.setup(t);
    const worker = workload.worker(t);
    worker.start(shared);
    expect(worker.run(128)).toBe(10);
    expect(worker.finish()).toBeNull();
    expect(workload.check!(t, shared, 10)).toBe(
      'of 10 objects in cycles 0 are held, but the collector left 10',
    );
  });
});

describe('the accounts', () => {
  it.each([
    { found: 7, wrong: null },
    { found: 6, wrong: 'of 10 objects in cycles 3 are held, but the collector left 4' },
    { found: 8, wrong: 'of 10 objects in cycles 3 are held, but the collector left 2' },
  ])('with $found found, 3 of 10 being held: $wrong', ({ found, wrong }) => {
    const t = uncollected();
    pretendCollected(t, 1000);
    const shared = openTally(t);
    const tally = new Tally(t);
    tally.start(shared);
    tally.add(4);
    tally.add(6);
    pretendCollected(t, found);
    expect(tally.outstanding()).toBe(10 - found);
    // The second collection is the one that finds what was held.
    const { collect } = t.collector;
    let collections = 0;
    t.collector.collect = () => {
      if (++collections === 2) pretendCollected(t, 10 - found);
      return 0;
    };
    expect(closeTally(t, shared, 3)).toBe(wrong);
    t.collector.collect = collect;
    expect(collections).toBe(2);
  });

  it('demand nothing of a build without a collector', () => {
    const t = uncollected(false);
    const shared = openTally(t);
    const tally = new Tally(t);
    tally.start(shared);
    tally.add(5);
    expect(closeTally(t, shared, 0)).toBeNull();
  });

  it('tell of what is never found', () => {
    const t = uncollected();
    const shared = openTally(t);
    const tally = new Tally(t);
    tally.start(shared);
    tally.add(5);
    expect(closeTally(t, shared, 5)).toBe('of 5 objects in cycles 5 were not collected when nobody held any');
  });

  it('let the last collection find what was held outside of cycles', () => {
    const t = uncollected();
    const shared = openTally(t);
    const tally = new Tally(t);
    tally.start(shared);
    tally.add(5);
    let collections = 0;
    t.collector.collect = () => {
      pretendCollected(t, ++collections === 1 ? 3 : 4);
      return 0;
    };
    expect(closeTally(t, shared, 2)).toBeNull();
  });

  it('switch automatic collections', () => {
    const t = uncollected();
    setAutomatic(t, false);
    expect(t.i32[Control.Gc + GcState.Enabled]).toBe(0);
    setAutomatic(t, true);
    expect(t.i32[Control.Gc + GcState.Enabled]).toBe(1);
  });
});

describe('what is watched', () => {
  it('is garbage over time, thinned out, and the pages in use', () => {
    const t = uncollected();
    const shared = openTally(t);
    const tally = new Tally(t);
    tally.start(shared);
    const watch = new Watch(t, tally);
    watch.start(10);
    expect(watch.trash()).toBeNull();
    for (let look = 0; look < 1000; look++) {
      tally.add(1);
      watch.look();
    }
    const { looks, peak, mean, series } = watch.trash()!;
    expect(looks).toBe(1000);
    expect(peak).toBe(990);
    // 10 are held: looks 1 to 10 see none.
    expect(mean).toBeCloseTo((990 * 991) / 2 / 1000, 6);
    expect(series.length).toBeGreaterThan(100);
    expect(series.length).toBeLessThanOrEqual(256);
    const objects = series.map((point) => point.objects);
    expect(objects).toEqual([...objects].sort((a, b) => a - b));
    expect(watch.memory().usedBytes).toBeGreaterThan(0);
    expect(watch.memory().usedBytes).toBeLessThan(MEMORY);
  });

  it('is thread 0’s to tell', () => {
    const t = uncollected();
    const shared = openTally(t);
    t.index = 1;
    const tally = new Tally(t);
    tally.start(shared);
    const watch = new Watch(t, tally);
    watch.start(0);
    watch.look();
    expect(watch.trash()).toBeNull();
    expect(watch.memory()).toEqual({ usedBytes: 0, liveBytes: 0 });
  });

  it('adds up over several runs', () => {
    const first = { looks: 10, peak: 5, mean: 2, series: [{ ms: 1, objects: 2 }] };
    const second = { looks: 30, peak: 4, mean: 4, series: [] };
    expect(mergeTrash(null, first)).toBe(first);
    expect(mergeTrash(first, null)).toBe(first);
    expect(mergeTrash(first, second)).toEqual({ looks: 40, peak: 5, mean: 3.5, series: first.series });
  });
});

describe('trees', () => {
  it.each([0, 1, 5])('of depth %i are full, however they are made', (depth) => {
    const t = uncollected();
    const trees = new Trees(t);
    trees.start(createNodeClass(t, ['left', 'right', 'parent']));
    for (const tree of [trees.bottomUp(depth), trees.topDown(depth), trees.linked(depth)]) {
      expect(trees.count(tree)).toBe(nodesOf(depth));
    }
  });

  it('know a lost child and a stray one', () => {
    const t = uncollected();
    const trees = new Trees(t);
    trees.start(createNodeClass(t, ['left', 'right', 'parent']));
    const tree = trees.linked(3);
    expect(trees.strays(tree)).toBe(0);
    const node = trees.descend(tree, 2, 0b10);
    const left = t.instances.getSlot(tree, 0);
    const right = t.instances.getSlot(left, 1);
    expect(node).toBe(right);
    t.instances.setSlot(node, 2, tree);
    expect(trees.strays(tree)).toBe(1);
    t.instances.setSlot(node, 1, trees.topDown(2));
    expect(trees.count(tree)).toBe(nodesOf(3) - nodesOf(0) + nodesOf(2));
  });

  it('have as many objects as their cycles say', () => {
    const t = uncollected();
    const maker = new KindMaker(t);
    maker.start(createClass(t));
    expect(['lists', 'dicts', 'pairs'].map((kind) => maker.garbage(kind as 'lists'))).toEqual([1, 1, 2]);
    const pair = maker.pair();
    const other = t.instances.getSlot(pair, 0);
    expect(other).not.toBe(pair);
    expect(t.instances.getSlot(other, 0)).toBe(pair);
    const list = t.lists.create();
    maker.fill(list, 'pairs', 10);
    expect(t.lists.length(list)).toBe(5);
  });
});
