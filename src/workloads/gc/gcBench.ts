import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { NONE } from '../numbers.js';
import type { Worker, Workload } from '../workload.js';
import { createPlaces } from './places.js';
import { createNodeClass, nodesOf, Trees } from './trees.js';

/**
 * GCBench of J. Ellis, P. Kovac and H. Boehm: binary trees of growing depth that live shortly, built from the root down
 * and from the leaves up in turn, beside a long-lived tree and a long-lived array of floats. Depths are two less than
 * there and the array has a fifth of its length, so that a sample sees every depth; each thread has structures of its
 * own. The trees have no cycles: what a collector costs here, it costs for nothing.
 */
const STRETCH_DEPTH = 16;
const LONG_LIVED_DEPTH = 14;
const MIN_DEPTH = 4;
const MAX_DEPTH = 14;
const ARRAY_LENGTH = 100_000;
/** The place of the array that is looked at in the end, as there. */
const PROBE = 1000;
const POLL_EVERY = 1024;

function gcBenchWorker(t: Thread): Worker {
  const { lists, numbers, refs, state } = t;
  const trees = new Trees(t);
  let live: Ref = 0;
  let depth = MIN_DEPTH;
  let downwards = true;
  /** Trees of this depth that are still to be made: all depths make the same number of nodes. */
  let left = 0;

  function startDepth(next: number): void {
    depth = next;
    left = 2 ** (MAX_DEPTH - depth);
  }

  function makeArray(): Ref {
    const array = lists.create();
    lists.append(array, NONE);
    for (let i = 1; i < ARRAY_LENGTH; i++) {
      const value = numbers.float(1 / i);
      lists.append(array, value);
      refs.decref(value);
      if (i % POLL_EVERY === 0) state.poll();
    }
    return array;
  }

  /** A list of the long-lived tree and the array, in this thread's place of the shared list. */
  function makeLongLived(): void {
    const pair = lists.create();
    for (const part of [trees.topDown(LONG_LIVED_DEPTH), makeArray()]) {
      lists.append(pair, part);
      refs.decref(part);
    }
    lists.set(live, t.index, pair);
    refs.decref(pair);
  }

  function verdict(): string | null {
    const pair = lists.get(live, t.index);
    lists.set(live, t.index, NONE);
    const tree = lists.get(pair, 0);
    const array = lists.get(pair, 1);
    const value = lists.get(array, PROBE);
    const nodes = trees.count(tree);
    const found = numbers.value(value);
    for (const reference of [value, array, tree, pair]) refs.decref(reference);
    if (nodes !== nodesOf(LONG_LIVED_DEPTH)) return `the long-lived tree has ${nodes} nodes`;
    return found === 1 / PROBE ? null : `element ${PROBE} of the long-lived array is ${found}`;
  }

  return {
    start(shared) {
      trees.start(shared.type);
      live = shared.live;
      startDepth(MIN_DEPTH);
      // Room for what is to come, as there.
      refs.decref(trees.bottomUp(STRETCH_DEPTH));
      makeLongLived();
    },
    run() {
      if (left === 0) startDepth(depth === MAX_DEPTH ? MIN_DEPTH : depth + 2);
      left--;
      const tree = downwards ? trees.topDown(depth) : trees.bottomUp(depth);
      downwards = !downwards;
      refs.decref(tree);
      state.poll();
      return nodesOf(depth);
    },
    finish: verdict,
  };
}

/** Boehm's benchmark of allocation and collection. */
export const gcBench: Workload = {
  name: 'gcbench',
  group: 'gc',
  cpython: 'GCBench of Boehm, an operation is a node',
  title: "Boehm's: binary trees of growing depth beside a long-lived tree and a long-lived array",
  unit: 'node',
  unsafe: false,
  coarse: true,
  setup(t) {
    return { live: createPlaces(t), type: createNodeClass(t, ['left', 'right']) };
  },
  worker: gcBenchWorker,
};
