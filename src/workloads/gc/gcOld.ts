import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { Blocks } from '../memory/blocks.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { closeTally, openTally, Tally } from './tally.js';
import { createNodeClass, nodesOf, Trees } from './trees.js';
import { Watch } from './watch.js';

/**
 * GCOld of D. Detlefs: an old generation of trees that is mutated while young objects die. A step replaces a subtree of
 * an old tree by a new one, makes short-lived trees of three times as many nodes, and swaps subtrees between old trees,
 * which costs a generational collector most. Nodes know their parents, as those of a DOM do, so that nothing that dies
 * is freed by its count. Every thread has old trees of its own.
 */
const OLD_TREES = 32;
const OLD_DEPTH = 9;
/** Depth of what is replaced, made for a short time, or swapped. */
const PART_DEPTH = 4;
const YOUNG = 3;
const SWAPS = 2;
const OLD_NODES = OLD_TREES * nodesOf(OLD_DEPTH);
const STEP_NODES = (1 + YOUNG) * nodesOf(PART_DEPTH);
/** From the root to the parent of a part. */
const STEPS = OLD_DEPTH - PART_DEPTH - 1;

function gcOldWorker(t: Thread): Worker {
  const { lists, refs, instances, state } = t;
  const trees = new Trees(t);
  const tally = new Tally(t);
  const watch = new Watch(t, tally);
  const random = new Blocks(t);
  let live: Ref = 0;
  let old: Ref = 0;

  function growOld(): void {
    old = lists.create();
    lists.set(live, t.index, old);
    for (let i = 0; i < OLD_TREES; i++) {
      const tree = trees.linked(OLD_DEPTH);
      lists.append(old, tree);
      refs.decref(tree);
      tally.add(nodesOf(OLD_DEPTH));
    }
  }

  /** A node of an old tree, the parent of a part; a new reference. */
  function parentOfPart(): Ref {
    const root = lists.get(old, random.below(OLD_TREES));
    const node = trees.descend(root, STEPS, random.below(1 << STEPS));
    refs.decref(root);
    return node;
  }

  function replacePart(): void {
    const parent = parentOfPart();
    trees.adopt(parent, random.below(2), trees.linked(PART_DEPTH));
    refs.decref(parent);
  }

  /** Both are at the same depth of their trees, hence neither is below the other. */
  function swapParts(): void {
    const one = parentOfPart();
    const other = parentOfPart();
    const place = random.below(2);
    const mine = instances.getSlot(one, place);
    trees.adopt(one, place, instances.getSlot(other, place));
    trees.adopt(other, place, mine);
    refs.decref(one);
    refs.decref(other);
  }

  function verdict(): string | null {
    let nodes = 0;
    let strays = 0;
    for (let i = 0; i < OLD_TREES; i++) {
      const tree = lists.get(old, i);
      nodes += trees.count(tree);
      strays += trees.strays(tree);
      refs.decref(tree);
    }
    refs.decref(old);
    if (nodes !== OLD_NODES) return `the old trees have ${nodes} nodes, not ${OLD_NODES}`;
    return strays === 0 ? null : `${strays} nodes of the old trees do not know their parents`;
  }

  return {
    start(shared) {
      trees.start(shared.type);
      tally.start(shared);
      random.start();
      live = shared.live;
      watch.start(OLD_NODES * t.i32[Control.RunThreads]);
      growOld();
    },
    run() {
      replacePart();
      for (let i = 0; i < YOUNG; i++) refs.decref(trees.linked(PART_DEPTH));
      for (let i = 0; i < SWAPS; i++) swapParts();
      tally.add(STEP_NODES);
      watch.look();
      state.poll();
      return STEP_NODES;
    },
    memory: () => watch.memory(),
    trash: () => watch.trash(),
    finish: verdict,
  };
}

/** The old generation is changed while young objects die. */
export const gcOld: Workload = {
  name: 'gcold',
  group: 'gc',
  cpython: 'GCOld of Detlefs, with parents; an operation is a node',
  title: 'old trees are mutated while young ones die; nodes know their parents',
  unit: 'node',
  unsafe: false,
  setup(t): SharedRefs {
    return { ...openTally(t), type: createNodeClass(t, ['left', 'right', 'parent']) };
  },
  worker: gcOldWorker,
  check: (t, shared) => closeTally(t, shared, OLD_NODES * t.i32[Control.RunThreads]),
};
