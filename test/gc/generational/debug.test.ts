import { afterEach, expect, it, test, vi } from 'vitest';
import { DebugGenerationalCollector } from '#ungil/gc/generational/debugGenerational.js';
import { Deduction } from '#ungil/gc/generational/deduction.js';
import { Reachability } from '#ungil/gc/generational/reachability.js';
import { FatalError } from '#ungil/memory/errors.js';
import { GcHead, Header } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { DebugParts } from '#ungil/runtime/debugParts.js';
import { Thread } from '#ungil/runtime/thread.js';
import { ProductionParts, type ThreadParts } from '#ungil/runtime/threadParts.js';
import { MIB } from '../../allocators/support.js';
import { GcScene } from './gcScene.js';

afterEach(() => vi.restoreAllMocks());

/** A collection after something wrong: its assertion must name the invariant. */
const ROWS: [invariant: string, what: string, breakIt: (s: GcScene, h: Int32Array) => void][] = [
  [
    'INV-9.1',
    'references among the objects of the list that were not subtracted',
    (s) => {
      vi.spyOn(Deduction.prototype, 'subtractRefs').mockImplementation(() => {});
      s.cycle();
    },
  ],
  [
    'INV-9.2',
    'a count that is too low',
    (s, h) => {
      const list = s.cycle();
      s.t.lists.append(list, list);
      h[list + Header.Local] = 1;
    },
  ],
  [
    'INV-9.3',
    'an object that does not come back when something refers to it',
    (s) => {
      // biome-ignore lint/suspicious/noExplicitAny: a step that only subclasses see
      vi.spyOn(Reachability.prototype as any, 'bringBack').mockImplementation(() => {});
      const inner = s.list();
      s.list(inner);
      s.drop(inner);
    },
  ],
  [
    'INV-9',
    'a link backwards to somebody else',
    (s, h) => {
      const [first, , third] = [s.list(), s.list(), s.list()] as [number, number, number];
      h[third + GcHead.Previous] = first;
    },
  ],
  [
    'INV-9',
    'an object in a list that is not tracked',
    (s, h) => {
      h[s.list()]! &= Header.OwnerMask;
    },
  ],
  [
    'INV-9',
    'a mark of an earlier collection',
    (s, h) => {
      h[s.list() + GcHead.Previous]! |= 2;
    },
  ],
];

test.each(ROWS)('%s: %s', (invariant, _what, breakIt) => {
  const s = new GcScene();
  breakIt(s, s.heap);
  let thrown: unknown = null;
  try {
    s.collector.collect(0, 'manual');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(FatalError);
  expect((thrown as Error).message).toContain(`${invariant} is violated in thread slot 0`);
});

it('threads of debug builds collect with it, others do not', () => {
  const memory = SharedMemory.create(16 * MIB);
  const gil = buildNamed('gil');
  const collectorOf = (parts: ThreadParts, build = gil) =>
    parts.makeCollector?.(build, new Thread(memory, gil, 0)) ?? null;
  expect(collectorOf(new DebugParts())).toBeInstanceOf(DebugGenerationalCollector);
  expect(collectorOf(new DebugParts(), buildNamed('unsafe'))).toBe(null);
  expect(collectorOf(new ProductionParts())).toBe(null);
});
