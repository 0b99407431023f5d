import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphWorld, type Kind, type Step, THREADS, VARIABLES } from './support/graphWorld.js';

const KINDS: readonly Kind[] = [
  ...(['list', 'dict', 'tuple', 'instance', 'finalized', 'resurrecting'] as const),
  ...(['function', 'class', 'method', 'weakref', 'called'] as const),
];

const thread = fc.nat(THREADS - 1);
const a = fc.nat(THREADS * VARIABLES - 1);
const b = a;

/** Links an object to itself. */
const ring = fc.record({ thread, a }).map((chosen) => ({ do: 'link' as const, ...chosen, b: chosen.a }));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('make'), thread, kind: fc.constantFrom(...KINDS), a, b }),
  },
  { weight: 4, arbitrary: ring },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('link'), thread, a, b }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('copy'), thread, a, b }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('drop'), thread, a }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('empty', 'dict'), thread, a }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('collect', 'frame'), thread, a }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget', 'poll'), thread }) },
) as fc.Arbitrary<Step>;

/** A weak reference with a callback outlives a ring, in one collection by a thread that has made neither. */
const CALLED: Step[] = [
  { do: 'make', thread: 0, kind: 'instance', a: 1, b: 0 },
  { do: 'link', thread: 1, a: 1, b: 1 },
  { do: 'make', thread: 1, kind: 'called', a: 2, b: 1 },
  { do: 'drop', thread: 1, a: 1 },
  { do: 'collect', thread: 2, a: 0 },
];
/** One of a ring comes back, and goes with the next collection. */
const BACK: Step[] = [
  { do: 'make', thread: 0, kind: 'resurrecting', a: 1, b: 0 },
  { do: 'make', thread: 1, kind: 'list', a: 2, b: 0 },
  { do: 'link', thread: 1, a: 1, b: 2 },
  { do: 'link', thread: 1, a: 2, b: 1 },
  { do: 'drop', thread: 0, a: 1 },
  { do: 'drop', thread: 0, a: 2 },
  { do: 'collect', thread: 2, a: 0 },
  { do: 'forget', thread: 1 },
];
/** A function whose count is 0 waits for a collection, and a weak reference for its end. */
const WAITING: Step[] = [
  { do: 'make', thread: 0, kind: 'function', a: 1, b: 0 },
  { do: 'make', thread: 0, kind: 'called', a: 1, b: 1 },
];
/** An instance in its own dict: cleared, it gives that up behind a grace period, and both are gone all the same. */
const DICT: Step[] = [
  { do: 'make', thread: 0, kind: 'instance', a: 1, b: 0 },
  { do: 'dict', thread: 0, a: 1 },
  { do: 'link', thread: 0, a: 1, b: 1 },
  { do: 'drop', thread: 0, a: 1 },
  { do: 'collect', thread: 2, a: 0 },
];
/** A weak reference that is garbage, too, comes back with its callback, which has not been called. */
const UNCALLED: Step[] = [
  { do: 'make', thread: 0, kind: 'resurrecting', a: 1, b: 0 },
  { do: 'make', thread: 0, kind: 'instance', a: 2, b: 0 },
  { do: 'link', thread: 0, a: 2, b: 2 },
  { do: 'make', thread: 0, kind: 'called', a: 3, b: 2 },
  { do: 'make', thread: 0, kind: 'list', a: 4, b: 0 },
  { do: 'link', thread: 0, a: 4, b: 3 },
  { do: 'link', thread: 0, a: 4, b: 1 },
  { do: 'link', thread: 0, a: 1, b: 4 },
  { do: 'drop', thread: 0, a: 1 },
  { do: 'drop', thread: 0, a: 2 },
  { do: 'drop', thread: 0, a: 3 },
  { do: 'drop', thread: 0, a: 4 },
  { do: 'collect', thread: 2, a: 0 },
];
/** A tuple of a tuple of nothing: the inner one is untracked first, and then, or in the next collection, the outer one. */
const NESTED: Step[] = [
  { do: 'make', thread: 0, kind: 'tuple', a: 1, b: 1 },
  { do: 'make', thread: 0, kind: 'tuple', a: 2, b: 1 },
  { do: 'make', thread: 0, kind: 'tuple', a: 3, b: 2 },
  { do: 'collect', thread: 0, a: 0 },
  { do: 'collect', thread: 0, a: 0 },
];

const BUILDS = [
  'gil',
  'free-threaded',
  'free-threaded:deferred=off',
  'free-threaded:per-thread=off',
  'free-threaded:biased=off',
  'free-threaded:thread-heaps=off',
  'free-threaded:qsbr=off',
  'gilectomy',
  'gilectomy:refcount=side-table',
];

describe.each(BUILDS)('%s', (build) => {
  test('exactly what cannot be reached goes; each finaliser runs once; weak references are right', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new GraphWorld(build);
        world.run(steps);
        expect(world.collections).toBeGreaterThan(1);
      }),
      {
        numRuns: build === 'gil' || build === 'free-threaded' ? 40 : 10,
        examples: [[CALLED], [BACK], [WAITING], [DICT], [UNCALLED], [NESTED]],
      },
    );
  }, 60_000);
});
