import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Nodes are numbered from 1; `next[n]` is the node below, 0 the bottom. */
interface Stack {
  readonly head: number;
  readonly next: number;
}

function pop(s: Stack, w: World): number {
  for (;;) {
    const top = Atomics.load(w.i32, s.head);
    if (top === 0) return 0;
    const below = Atomics.load(w.i32, s.next + top);
    if (Atomics.compareExchange(w.i32, s.head, top, below) === top) return top;
  }
}

function push(s: Stack, w: World, node: number): void {
  for (;;) {
    const top = Atomics.load(w.i32, s.head);
    Atomics.store(w.i32, s.next + node, top);
    if (Atomics.compareExchange(w.i32, s.head, top, node) === top) return;
  }
}

function threeNodes(w: World): Stack {
  const s = { head: w.words(1, 'head'), next: w.words(4, 'next') };
  w.i32[s.head] = 1;
  w.i32[s.next + 1] = 2;
  w.i32[s.next + 2] = 3;
  return s;
}

/** What is on the stack, from the top; cut where it turns in a circle. */
function contents(s: Stack, w: World): string {
  const nodes: number[] = [];
  for (let node = w.i32[s.head]; node !== 0 && nodes.length < 4; node = w.i32[s.next + node])
    nodes.push(node);
  return nodes.join('>');
}

export const treiberAba = scenario<Stack>('treiber-aba', {
  about:
    "a lock-free stack whose nodes are used again (Treiber, 'Coping with parallelism', 1986): the ABA problem",
  setup: threeNodes,
  threads: {
    slow(s, w) {
      pop(s, w);
    },
    quick(s, w) {
      const node = pop(s, w);
      pop(s, w);
      push(s, w, node);
    },
  },
  after: (s, w) => ({ stack: contents(s, w) }),
  outcomes: {
    'stack=3': 'expected',
    'stack=1': 'expected',
    'stack=2': 'interesting',
    'stack=1>3': 'expected',
    '*': 'interesting',
  },
});
