import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { NONE } from '../numbers.js';
import type { Worker, Workload } from '../workload.js';
import { createPlaces } from './places.js';
import { nodesOf } from './trees.js';

/**
 * binary-trees of the Computer Language Benchmarks Game, as its Python programs: trees of tuples, `(None, None)` at the
 * leaves, of depths 4, 6, ... in equal numbers of nodes; each is made, walked and dropped while a long-lived tree
 * waits. There the depths are shared out to processes; here every thread makes all of them.
 */
const MIN_DEPTH = 4;
const MAX_DEPTH = 14;

function binaryTreesWorker(t: Thread): Worker {
  const { tuples, lists, refs, state } = t;
  /** Items of the tuple to be made: `create` takes an array, this is the only one. */
  const items: [Ref, Ref] = [NONE, NONE];
  let live: Ref = 0;
  let depth = MIN_DEPTH;
  let left = 0;

  function make(levels: number): Ref {
    state.poll();
    const first = levels === 0 ? NONE : make(levels - 1);
    const second = levels === 0 ? NONE : make(levels - 1);
    items[0] = first;
    items[1] = second;
    const tree = tuples.create(items);
    refs.decref(first);
    refs.decref(second);
    return tree;
  }

  function count(tree: Ref): number {
    const first = tuples.get(tree, 0);
    if (first === NONE) return 1;
    const second = tuples.get(tree, 1);
    const nodes = 1 + count(first) + count(second);
    refs.decref(first);
    refs.decref(second);
    return nodes;
  }

  function verdict(tree: Ref, levels: number): string | null {
    const nodes = count(tree);
    return nodes === nodesOf(levels) ? null : `a tree of depth ${levels} has ${nodes} nodes`;
  }

  function expectWhole(tree: Ref, levels: number): void {
    const wrong = verdict(tree, levels);
    if (wrong !== null) throw new Error(wrong);
  }

  function startDepth(next: number): void {
    depth = next;
    left = 2 ** (MAX_DEPTH - depth);
  }

  return {
    start(shared) {
      live = shared.live;
      startDepth(MIN_DEPTH);
      const stretch = make(MAX_DEPTH + 1);
      expectWhole(stretch, MAX_DEPTH + 1);
      refs.decref(stretch);
      const longLived = make(MAX_DEPTH);
      lists.set(live, t.index, longLived);
      refs.decref(longLived);
    },
    run() {
      if (left === 0) startDepth(depth === MAX_DEPTH ? MIN_DEPTH : depth + 2);
      left--;
      const tree = make(depth);
      expectWhole(tree, depth);
      refs.decref(tree);
      state.poll();
      return nodesOf(depth);
    },
    finish() {
      const longLived = lists.get(live, t.index);
      lists.set(live, t.index, NONE);
      const wrong = verdict(longLived, MAX_DEPTH);
      refs.decref(longLived);
      return wrong;
    },
  };
}

/** Trees of tuples, each thread its own. */
export const binaryTrees: Workload = {
  name: 'binary-trees',
  group: 'gc',
  cpython: 'binary-trees of the Benchmarks Game, an operation is a node',
  title: 'trees of tuples, made, walked and dropped by every thread beside a long-lived one',
  unit: 'node',
  unsafe: false,
  coarse: true,
  setup(t) {
    return { live: createPlaces(t) };
  },
  worker: binaryTreesWorker,
};
