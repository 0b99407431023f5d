import { beforeEach, describe, expect, test } from 'vitest';
import { Names } from '#ungil/explore/names.js';
import {
  BuiltinType,
  Control,
  Counter,
  DictObject,
  Header,
  HeapTag,
  InstanceObject,
  ListObject,
  NumberObject,
  PreHeader,
  StrObject,
  ThreadBlock,
  TupleObject,
  TypeObject,
} from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { World } from '#ungil/scenarios/world.js';
import { ModelServices } from '../scenarios/support/modelServices.js';

describe('words of the runtime', () => {
  const names = new Names(SharedMemory.create(16 << 20).i32);
  const thread = (slot: number, word: number) => Control.Threads + slot * ThreadBlock.Words + word;

  test.each([
    [Control.StopRequested, 'control.stopRequested'],
    [Control.WriteSequence, 'control.writeSequence'],
    [Control.AbandonedHead, 'control.abandonedHead'],
    [Control.AbandonedReaders + 1, 'control.abandonedReaders+1'],
    [Control.SegmentTable + 3, 'control.segmentTable[3]'],
    [Control.Scratch + 5, 'control.scratch[5]'],
    [Control.StaticArena + 1, 'control.staticArena[1]'],
    [thread(0, ThreadBlock.Status), 'thread#0.status'],
    [thread(2, ThreadBlock.Breaker), 'thread#2.breaker'],
    [thread(1, ThreadBlock.Counters + Counter.Parks), 'thread#1.counters[1]'],
    [thread(64, ThreadBlock.Words - 1), 'thread#64.heaps[3583]'],
    [Control.ParkingBuckets + 12 * 16, 'parking#12.lock'],
    [Control.ParkingBuckets + 256 * 16 + 2, 'parking#256.tail'],
    [Control.BrcBuckets + 12 * 16 + 1, 'bucket#12.head'],
    [BuiltinType.Type + Header.Shared, 'typeType.shared'],
    [BuiltinType.List + TypeObject.Kind, 'listType.kind'],
    [BuiltinType.Lock + Header.Local, 'lockType.local'],
    [Control.None + Header.Local, 'None.local'],
    [Control.True + NumberObject.Value, 'True.value'],
    [Control.EmptyTuple + TupleObject.Length, 'emptyTuple.length'],
    [Control.SmallInts, 'int(-5).owner'],
    [Control.SmallInts + 10 * NumberObject.Stride + Header.Shared, 'int(5).shared'],
    [Control.SmallInts + 261 * NumberObject.Stride + Header.Type, 'int(256).type'],
    [Control.EmptyKeys + 2, 'emptyKeys.usable'],
    [(1 << 20) + 7, 'segment#1[7]'],
  ])('%i is %s', (word, name) => {
    expect(names.nameOf(word)).toBe(name);
  });
});

describe('blocks', () => {
  let memory: SharedMemory;
  let names: Names;
  let w: World;

  function makeWorld(options = {}) {
    memory = SharedMemory.create(16 << 20);
    names = new Names(memory.i32);
    const services = new ModelServices(memory);
    const alloc = services.alloc.bind(services);
    services.alloc = (words, tag, slot) => {
      const address = alloc(words, tag, slot);
      names.noteAlloc(address, words, tag);
      return address;
    };
    services.name = (address, words, text) => names.name(address, words, text);
    w = new World(memory, 'biased', 1, options, services);
    w.main;
    names.reset();
  }

  beforeEach(() => makeWorld());

  test('are numbered for each kind in the order of allocation', () => {
    const { main } = w;
    const first = main.lists.create();
    const dict = main.dicts.create();
    const second = main.lists.create();
    const float = main.numbers.float(1);
    main.lists.append(second, float);
    expect(names.nameOf(second + ListObject.Size)).toBe('list#2.size');
    expect(names.nameOf(first + Header.Shared)).toBe('list#1.shared');
    expect(names.nameOf(dict + DictObject.Keys)).toBe('dict#1.keys');
    expect(names.nameOf(float + NumberObject.Value)).toBe('float#1.value');
    expect(names.nameOf(memory.i32[second + ListObject.Items] + 3)).toBe('array#1[3]');
    const later = main.lists.create();
    expect(names.nameOf(later)).toBe('list#3.owner');
  });

  test('of other kinds have fields too', () => {
    const { main } = w;
    const item = main.numbers.int(1e6);
    const tuple = main.tuples.create([item, item]);
    const str = main.strings.create('text');
    const point = main.instances.create(main.instances.createType('Point', ['x', 'y'], 0));
    const lock = main.locks.create();
    expect(names.nameOf(item + Header.Local)).toBe('int#1.local');
    expect(names.nameOf(tuple + TupleObject.Items + 1)).toBe('tuple#1.items[1]');
    expect(names.nameOf(str + StrObject.Hash)).toBe('str#1.hash');
    expect(names.nameOf(str + StrObject.Kind)).toBe('str#1.kind');
    expect(names.nameOf(str + StrObject.Data)).toBe('str#1.data[0]');
    expect(names.nameOf(point + Header.Owner)).toBe('instance#1.owner');
    expect(names.nameOf(point + InstanceObject.ValuesUsed)).toBe('instance#1.valuesUsed');
    expect(names.nameOf(point + InstanceObject.Values + 1)).toBe('instance#1.values[1]');
    expect(names.nameOf(point + PreHeader.Weakrefs)).toBe('instance#1.weakrefs');
    expect(names.nameOf(point - PreHeader.Words)).toBe('instance#1.preHeader[0]');
    expect(names.nameOf(lock + 4)).toBe('lock#1.mutex');
  });

  test('keep their names when they are freed, and give none to blocks without a header', () => {
    const { main } = w;
    const list = main.lists.create();
    const raw = main.allocator.alloc(8, HeapTag.Gc);
    expect(names.nameOf(raw + Header.Shared)).toBe('obj#2.shared');
    expect(names.nameOf(raw + 5)).toBe('obj#2[5]');
    main.refs.decref(list);
    expect(names.nameOf(list + Header.Shared)).toBe('list#1.shared');
    main.refs.init(raw, BuiltinType.Dict, 0);
    expect(names.nameOf(raw + Header.Shared)).toBe('dict#1.shared');
  });

  test('that are handed out again are the newest', () => {
    names.noteAlloc(2 << 20, 4, HeapTag.Mem);
    names.noteAlloc(2 << 20, 8, HeapTag.Mem);
    expect(names.nameOf(2 << 20)).toBe('array#2[0]');
  });

  test('named words come first, and are forgotten', () => {
    const x = w.words(1, 'x');
    const flags = w.words(3, 'flags');
    const list = w.main.lists.create();
    w.name(list + ListObject.Size, 1, 'the size');
    expect([x, flags, flags + 2, flags + 3].map((word) => names.nameOf(word))).toEqual([
      'x',
      'flags[0]',
      'flags[2]',
      'control.scratch[4]',
    ]);
    expect(names.nameOf(list + ListObject.Size)).toBe('the size');
    names.reset();
    expect(names.nameOf(x)).toBe('control.scratch[0]');
    expect(names.nameOf(list)).toBe(`segment#1[${list - (1 << 20)}]`);
  });

  test('of the production heaps go by page and place', () => {
    makeWorld({ allocator: 'real' });
    const { main } = w;
    const list = main.lists.create();
    const point = main.instances.create(main.instances.createType('Point', ['x', 'y'], 0));
    const array = main.allocator.alloc(8, HeapTag.Mem);
    expect(names.nameOf(list + ListObject.Size)).toMatch(/^list#1:\d+:0\.size$/);
    expect(names.nameOf(point + Header.Shared)).toMatch(/^instance#1:\d+:0\.shared$/);
    expect(names.nameOf(array + 3)).toMatch(/^array#1:\d+:0\[3\]$/);
    expect(names.nameOf(1 << 20)).toBe('segment#1.threadId');
    const page = (1 << 20) + 64 + 32 * Number(/:(\d+):/.exec(names.nameOf(list))?.[1]);
    expect(names.nameOf(page + 1)).toMatch(/^page#1:\d+\.used$/);
    expect(memory.i32[page + 1]).toBe(1);
  });
});
