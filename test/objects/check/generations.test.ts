import { expect, it, test } from 'vitest';
import { Control, GcBits, GcHead, GcState, Header } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeap } from '#ungil/objects/check/checkHeap.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import { generationHead } from '#ungil/objects/gcHeap.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { MIB } from '../../allocators/support.js';

/** Lists in each generation, and one frozen. */
class GenerationScene {
  readonly memory = SharedMemory.create(16 * MIB);
  readonly heap = this.memory.i32;
  readonly t = new Thread(this.memory, buildNamed('gil'), 0);
  readonly frozen: number;
  readonly old: number;
  readonly middle: number;
  readonly young: number[];

  constructor() {
    const { t } = this;
    t.start();
    t.initialiseInterpreter();
    this.frozen = t.lists.create();
    t.collector.freeze();
    this.old = t.lists.create();
    t.collector.collect(2, 'manual');
    this.middle = t.lists.create();
    t.collector.collect(0, 'manual');
    this.young = [t.lists.create(), t.lists.create(), t.lists.create()];
  }

  problems(): string {
    return checkObjects(this.memory, { refcount: 'plain' }).join('\n');
  }
  setState(word: number, value: number): void {
    this.heap[Control.Gc + word] = value;
  }
}

it('lists of generations are sound, also while objects come and go', () => {
  const s = new GenerationScene();
  expect(s.problems()).toBe('');
  s.t.refs.decref(s.young[1]!);
  s.t.refs.decref(s.frozen);
  expect(s.problems()).toBe('');
  expect(checkHeap(s.memory)).toEqual([]);
});

const DAMAGES: [what: string, harm: (s: GenerationScene, h: Int32Array) => void, found: RegExp][] = [
  [
    'a link backwards',
    (s, h) => (h[s.young[2]! + GcHead.Previous] = s.young[0]!),
    /generation 0: object \d+ is behind \d+, its link says/,
  ],
  [
    'the end of a list',
    (s, h) => (h[generationHead(0) + GcHead.Previous] = s.young[0]!),
    /generation 0 ends with \d+, its head says/,
  ],
  [
    'a list that runs into another',
    (s, h) => (h[s.middle + GcHead.Next] = s.young[0]!),
    /generation 1: \d+, behind \d+, is in a list twice/,
  ],
  [
    'a circle without the head',
    (s, h) => (h[s.young[2]! + GcHead.Next] = s.young[0]!),
    /generation 0: .* is in a list twice/,
  ],
  ['a link to nowhere', (s, h) => (h[s.old + GcHead.Next] = 4_000_000), /generation 2: .* is no live object/],
  [
    'a freed object',
    (s, h) => {
      s.t.refs.decref(s.young[1]!);
      h[s.young[0]! + GcHead.Next] = s.young[1]!;
    },
    /generation 0: .* is no live object/,
  ],
  [
    'an object that is not tracked',
    (s, h) => (h[s.frozen]! &= Header.OwnerMask),
    /the frozen generation: .* is not tracked/,
  ],
  [
    'a tracked object in no list',
    (s, h) => {
      const tuple = s.t.tuples.create([Control.None]);
      s.t.collector.collect(0, 'manual');
      h[tuple]! |= GcBits.Tracked << 24;
    },
    /object \d+ is tracked and in no generation/,
  ],
  ['a mark in a link forwards', (s, h) => h[s.young[0]! + GcHead.Next]!++, /has marks of a collection/],
  [
    'a mark in a link backwards',
    (s, h) => (h[s.young[1]! + GcHead.Previous]! |= 2),
    /generation 0: object \d+ is behind/,
  ],
  ['a count below 0', (s) => s.setState(GcState.Counts + 1, -1), /counts -1/],
  [
    'what a collection has left behind',
    (s, h) => {
      const head = generationHead(4);
      const [first] = s.young as [number];
      h[h[first + GcHead.Next]! + GcHead.Previous] = h[first + GcHead.Previous]!;
      h[h[first + GcHead.Previous]! + GcHead.Next] = h[first + GcHead.Next]!;
      h[first + GcHead.Next] = head;
      h[first + GcHead.Previous] = head;
      h[head + GcHead.Next] = first;
      h[head + GcHead.Previous] = first;
    },
    /the unreachable objects are a list, and no collection is under way/,
  ],
];

test.each(DAMAGES)('the check finds %s', (_what, harm, found) => {
  const s = new GenerationScene();
  harm(s, s.heap);
  expect(s.problems()).toMatch(found);
});

it('lists of a collection are right while it is under way', () => {
  const s = new GenerationScene();
  DAMAGES.at(-1)![1](s, s.heap);
  s.setState(GcState.Collecting, 1);
  expect(s.problems()).toBe('');
});
