import { describe, expect, it, test } from 'vitest';
import {
  BuiltinType,
  Control,
  DictObject,
  FreeLists,
  Header,
  ListObject,
  SharedState,
  ThreadBlock,
  TupleObject,
} from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeap } from '#ungil/objects/check/checkHeap.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { MIB } from '../../allocators/support.js';
import { SAFE_BUILDS } from '../../support/runtimes.js';

/** Objects of every type, as a program leaves them; two threads where the build has no GIL. */
class ObjectScene {
  readonly memory = SharedMemory.create(64 * MIB);
  readonly heap = this.memory.i32;
  readonly build;
  readonly threads: Thread[];
  /** References that the scene holds, as a program's handles would. */
  readonly list: number;
  readonly dict: number;
  readonly tuple: number;
  readonly int: number;

  constructor(name: string) {
    this.build = buildNamed(name);
    const count = this.build.lock === 'gil' ? 1 : 2;
    this.threads = Array.from({ length: count }, (_, slot) => new Thread(this.memory, this.build, slot));
    const [t] = this.threads as [Thread];
    t.start(0, { body: () => Control.None });
    t.initialiseInterpreter();
    this.threads[1]?.start(1);
    this.list = t.lists.create();
    this.dict = t.dicts.create();
    this.int = t.numbers.int(100_000);
    this.tuple = t.tuples.create([this.int, this.list, Control.None]);
    for (let i = 0; i < 20; i++) this.give(t.lists.append.bind(t.lists, this.list), t.numbers.int(1_000 + i));
    for (let i = 0; i < 12; i++) this.setKey(t, t.strings.create(`key ${i}`), t.numbers.float(i));
    this.setKey(t, t.numbers.int(77_777), t.tuples.create([this.int]));
    const type = t.instances.createType('Point', ['x', 'y'], 0);
    const point = t.instances.create(type);
    t.instances.setSlot(point, 0, this.int);
    t.refs.decref(type);
    this.give(t.lists.append.bind(t.lists, this.list), point);
    const fn = t.calls.define('body', this.dict);
    this.give(t.lists.append.bind(t.lists, this.list), fn);
    // Something for the free lists.
    for (let i = 0; i < 5; i++) t.refs.decref(t.numbers.int(5_000 + i));
    t.refs.decref(t.tuples.create([this.int, this.int]));
  }

  private give(take: (object: number) => void, object: number): void {
    take(object);
    this.threads[0]!.refs.decref(object);
  }
  private setKey(t: Thread, key: number, value: number): void {
    t.dicts.set(this.dict, key, value);
    t.refs.decref(key);
    t.refs.decref(value);
  }
  problems(complete = false): string[] {
    return checkObjects(this.memory, { refcount: this.build.refcount, complete });
  }
  /** Drops what the scene holds, and leaves. */
  end(): void {
    const [t] = this.threads as [Thread];
    for (const held of [this.tuple, this.list, this.dict, this.int]) t.refs.decref(held);
    t.calls.releaseDefined();
    for (const thread of [...this.threads].reverse()) thread.exit();
  }
}

describe.each(SAFE_BUILDS)('objects of build %s', (name) => {
  it('are sound, with references outside the heap', () => {
    const scene = new ObjectScene(name);
    expect(scene.problems()).toEqual([]);
    // The scene itself holds four, and the function's maker one.
    expect(scene.problems(true)).not.toEqual([]);
  });

  it('are explained wholly by the heap once all threads have left', () => {
    const scene = new ObjectScene(name);
    const t = scene.threads[0]!;
    // A cycle stays: a list in itself, with what it holds.
    const cycle = t.lists.create();
    t.lists.append(cycle, cycle);
    t.lists.append(cycle, scene.tuple);
    t.refs.decref(cycle);
    scene.end();
    expect(scene.problems(true)).toEqual([]);
    scene.heap[cycle + (name === 'gilectomy' ? Header.Shared : Header.Local)]!++;
    if (name === 'free-threaded') scene.heap[cycle + Header.Local]!++;
    expect(scene.problems(true).join()).toMatch(/INV-1\.4/);
  });

  it('that were handed to another thread and queued for their owner are sound', () => {
    const scene = new ObjectScene(name);
    const [first, second] = scene.threads as [Thread, Thread | undefined];
    if (second === undefined) return;
    const mine = first.numbers.int(400_000);
    second.refs.decref(mine);
    expect(scene.problems()).toEqual([]);
    if (name !== 'free-threaded') return;
    expect(scene.heap[mine + Header.Shared]! & SharedState.Mask).toBe(SharedState.Queued);
    first.mergeQueued();
    expect(scene.problems()).toEqual([]);
  });
});

type Harm = (scene: ObjectScene, heap: Int32Array) => void;

/** The word with the only count that this thread has. */
const DAMAGES: [what: string, harm: Harm, found: RegExp][] = [
  [
    'count too low',
    (s, h) => (h[s.int + Header.Local]! -= 2),
    /INV-1\.4: object \d+ has the count 2, 3 references/,
  ],
  ['no count', (s, h) => (h[s.list + Header.Local] = 0), /INV-1\.4: object \d+ has the count 0/],
  ['owner gone', (s, h) => (h[s.list]! &= ~Header.OwnerMask), /INV-1\.1: .* owner 0 in state 0/],
  ['merged with an owner', (s, h) => (h[s.list + Header.Shared] = 3), /INV-1\.1: .* in state 3/],
  ['merged below zero', merged, /INV-2\.1/],
  ['owner is no thread', (s, h) => (h[s.list]! |= 0xff00), /which is no thread's id/],
  ['immortal with an owner', (s, h) => (h[s.list + Header.Local] = -1), /INV-1\.5/],
  ['type', (s, h) => (h[s.list + Header.Type] = 48), /has the type 48, which is none/],
  ['item freed', (s, h) => (h[firstItem(s, h)] = 4_000_000), /refers to 4000000, which is no live object/],
  ['item is a cached block', cachedItem, /which is no live object/],
  ['list size', (s, h) => (h[s.list + ListObject.Size] = 5_000), /5000 items, capacity/],
  ['list array', (s, h) => (h[s.list + ListObject.Items] = 16), /its array 16 is no block/],
  ['list array missing', (s, h) => (h[s.list + ListObject.Items] = 0), /items and no array/],
  ['two lists, one array', twoLists, /is held twice/],
  ['tuple length', (s, h) => (h[s.tuple + TupleObject.Length] = 900), /900 items in/],
  ['dict count', (s, h) => h[s.dict + DictObject.Used]!++, /entries and counts/],
  ['dict table', (s, h) => (h[s.dict + DictObject.Keys] = 16), /its table 16 is no block/],
  [
    'free list astray',
    (s, h) => (h[freeLists(s) + FreeLists.Ints] = 64),
    /free ints of thread slot 0: 64 is no block/,
  ],
  [
    'free list of live objects',
    (s, h) => (h[freeLists(s) + FreeLists.Floats] = s.int),
    /free floats of thread slot 0: \d+ is no block/,
  ],
  ['free list counted', (s, h) => h[freeLists(s) + FreeLists.Ints + 1]!++, /blocks, \d+ are counted/],
  ['free list is a circle', circle, /is held twice/],
  ['free list of small blocks', (s, h) => smallBlocks(s, h), /words, not/],
  ['queued in two queues', (s, h) => queueTwice(s, h), /INV-1\.6: .* queued twice/],
  ['queued in the wrong state', wrongState, /INV-1\.6: .* the state 1/],
  ['queue of who has left', leaveBucket, /INV-2\.4/],
  ['queue count', (s, h) => (h[h[queueOf(s, h)]! + 1] = 999), /has 999 objects/],
];

function merged(s: ObjectScene, h: Int32Array): void {
  h[s.list]! &= ~Header.OwnerMask;
  h[s.list + Header.Local] = 0;
  h[s.list + Header.Shared] = (-1 << SharedState.Shift) | SharedState.Merged;
}
function firstItem(s: ObjectScene, h: Int32Array): number {
  return h[s.list + ListObject.Items]! + 1;
}
function freeLists(s: ObjectScene): number {
  return s.threads[0]!.block + ThreadBlock.FreeLists;
}
function cachedItem(s: ObjectScene, h: Int32Array): void {
  h[firstItem(s, h)] = h[freeLists(s) + FreeLists.Ints]!;
}
function twoLists(s: ObjectScene, h: Int32Array): void {
  const other = s.threads[0]!.lists.create();
  h[other + ListObject.Items] = h[s.list + ListObject.Items]!;
}
function circle(s: ObjectScene, h: Int32Array): void {
  const first = h[freeLists(s) + FreeLists.Ints]!;
  h[first + Header.Local] = first;
}
function smallBlocks(s: ObjectScene, h: Int32Array): void {
  // An int's block among tuples of 20.
  const list = freeLists(s) + FreeLists.Tuples + 40;
  const ints = freeLists(s) + FreeLists.Ints;
  h[list] = h[ints]!;
  h[ints] = h[h[list]! + Header.Local]!;
  h[ints + 1]!--;
  h[h[list]!] = 0;
  h[list + 1] = 1;
}
/** Word of a merge queue with one object of thread 0. */
function queueOf(s: ObjectScene, _h: Int32Array): number {
  const [first, second] = s.threads as [Thread, Thread];
  second.refs.decref(first.numbers.int(300_000));
  return first.block + ThreadBlock.BrcQueue;
}
function queueTwice(s: ObjectScene, h: Int32Array): void {
  const chunk = h[queueOf(s, h)]!;
  h[chunk + 3] = h[chunk + 2]!;
  h[chunk + 1] = 2;
}
function wrongState(s: ObjectScene, h: Int32Array): void {
  h[h[h[queueOf(s, h)]! + 2]! + Header.Shared] = SharedState.MaybeWeakref;
}
function leaveBucket(s: ObjectScene, h: Int32Array): void {
  queueOf(s, h);
  h[Control.BrcBuckets + 16 * (s.threads[0]!.id % Control.BucketCount) + 1] = 0;
}

describe('the check of objects finds', () => {
  test.each(DAMAGES)('%s', (_what, harm, found) => {
    const scene = new ObjectScene('free-threaded');
    harm(scene, scene.heap);
    expect(scene.problems().join('\n')).toMatch(found);
  });

  test('a type that is not one, in the builds with one count', () => {
    const scene = new ObjectScene('gil');
    expect(scene.heap[scene.list + Header.Type]).toBe(BuiltinType.List);
    scene.heap[scene.list + Header.Local] = 0;
    expect(scene.problems().join('\n')).toMatch(/count 0/);
    expect(checkHeap(scene.memory)).toEqual([]);
  });
});
