import { afterEach, describe, expect, test } from 'vitest';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { PythonError } from '#ungil/memory/errors.js';
import { Control, EvalBreaker, HeapTag, ThreadBlock, ThreadStatus } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Scheme, WorldOptions } from '#ungil/scenarios/scenario.js';
import { prepareMemory, World } from '#ungil/scenarios/world.js';
import { ModelServices } from './support/modelServices.js';

const SCHEMES: readonly Scheme[] = ['gil', 'plain', 'atomic', 'biased', 'none'];
const ALLOCATORS = ['model', 'real'] as const;

let services: ModelServices;

function makeWorld(scheme: Scheme, threads = 2, options: WorldOptions = {}): World {
  // A segment for each thread, one for malloc.
  const memory = SharedMemory.create(32 << 20);
  services = new ModelServices(memory);
  return new World(memory, scheme, threads, options, services);
}

afterEach(() => {
  expect(services.violations).toEqual([]);
});

describe.each(SCHEMES)('scheme %s', (scheme) => {
  test.each(ALLOCATORS)(
    'lists, dicts and instances of two threads, and nothing is left (%s)',
    (allocator) => {
      const w = makeWorld(scheme, 2, { allocator });
      const { main } = w;
      const list = main.lists.create();
      const dict = main.dicts.create();
      const type = main.instances.createType('Point', ['x', 'y'], 0);
      const point = main.instances.create(type);
      w.beginRun();
      for (let index = 0; index < 2; index++) {
        const t = w.thread(index);
        for (let i = 0; i < 20; i++) {
          const item = t.numbers.float(i);
          t.lists.append(list, item);
          const key = t.strings.create(`key ${index} ${i}`);
          t.dicts.set(dict, key, item);
          t.refs.decref(key);
          t.refs.decref(item);
        }
        const x = t.numbers.int(1e6);
        t.instances.setAttr(point, t.strings.intern('x'), x);
        t.refs.decref(x);
        t.poll();
        w.endThread(index);
      }
      w.endRun();
      expect(main.lists.length(list)).toBe(40);
      expect(main.dicts.length(dict)).toBe(40);
      const item = main.lists.get(list, 0);
      expect([list, dict, point, item].map((object) => w.freed(object))).toEqual([
        false,
        false,
        false,
        false,
      ]);
      expect(w.leaks()).toBeGreaterThan(40);
      for (const object of [list, dict, point, item, type]) main.refs.decref(object);
      expect(w.leaks()).toBe(0);
      expect([list, dict, point, item].map((object) => w.freed(object))).toEqual([true, true, true, true]);
    },
  );

  test('a leaked reference is counted', () => {
    const w = makeWorld(scheme);
    const float = w.main.numbers.float(1.5);
    w.main.refs.incref(float);
    w.beginRun();
    w.endRun();
    w.main.refs.decref(float);
    expect(w.leaks()).toBe(1);
    expect(w.freed(float)).toBe(false);
  });

  test('no thread spins, keeps dead objects or uses wasm', () => {
    const w = makeWorld(scheme);
    const t = w.thread(0);
    expect(t.state.spinLimit).toBe(0);
    expect(t.atomics).toBeInstanceOf(PlainAtomicOps);
    const list = t.lists.create();
    t.refs.decref(list);
    expect(w.freed(list)).toBe(true);
  });
});

test.each(['atomic', 'biased'] as const)(
  'scheme %s: a collection finds a cycle in the model heap',
  (scheme) => {
    const w = makeWorld(scheme);
    const { lists, refs, gc } = w.thread(0);
    const [kept, ring] = [lists.create(), lists.create()];
    lists.append(ring, ring);
    refs.decref(ring);
    w.beginRun();
    w.endThread(1);
    expect(gc.collect()).toBe(1);
    expect([kept, ring].map((object) => w.freed(object))).toEqual([false, true]);
    w.endThread(0);
    w.endRun();
    w.main.refs.decref(kept);
    expect(w.leaks()).toBe(0);
  },
);

test('a prepared memory is not initialised again', () => {
  // A segment for each thread, one for malloc.
  const memory = SharedMemory.create(32 << 20);
  services = new ModelServices(memory);
  prepareMemory(memory, 'biased', services);
  const before = memory.i32[Control.StaticNext];
  expect(before).toBeGreaterThan(0);
  const status = Control.Threads + ThreadBlock.Alive;
  expect(memory.i32[status]).toBe(0);
  const w = new World(memory, 'biased', 1, {}, services);
  expect(w.main.strings.text(w.main.strings.intern('list'))).toBe('list');
  expect(memory.i32[Control.StaticNext]).toBe(before);
});

test('threads are made when the first is asked for', () => {
  const w = makeWorld('biased', 3);
  expect(w.words(2, 'x')).toBe(Control.Scratch);
  expect(w.words(1, 'y')).toBe(Control.Scratch + 2);
  expect(services.names).toEqual([`x ${Control.Scratch} 2`, `y ${Control.Scratch + 2} 1`]);
  expect(() => w.words(5000, 'z')).toThrow('4096 words');
  expect(w.touched).toBe(false);
  expect(w.thread(2).slot).toBe(2);
  expect(w.touched).toBe(true);
  expect(w.main.slot).toBe(3);
  expect(() => w.thread(3)).toThrow('no thread 3');
});

test('the first thread of a scenario without schemes is asked for in setup', () => {
  const w = makeWorld('none');
  w.beginRun();
  expect(w.touched).toBe(false);
  expect(() => w.thread(0)).toThrow('in setup');
  w.endThread(0);
  w.endRun();
  expect(w.leaks()).toBe(0);
});

test('main is detached while the threads run; each thread is once it has ended', () => {
  const w = makeWorld('biased');
  const status = (slot: number) => w.i32[Control.Threads + slot * ThreadBlock.Words + ThreadBlock.Status];
  w.beginRun();
  expect([0, 1, 2].map(status)).toEqual([
    ThreadStatus.Attached,
    ThreadStatus.Attached,
    ThreadStatus.Detached,
  ]);
  w.endThread(0);
  w.thread(1).exit();
  w.endThread(1);
  w.endRun();
  expect([0, 1, 2].map(status)).toEqual([
    ThreadStatus.Detached,
    ThreadStatus.Detached,
    ThreadStatus.Attached,
  ]);
  expect(w.leaks()).toBe(0);
});

test('a body starts its own thread', () => {
  const w = makeWorld('biased', 3);
  const late = w.unstarted(0);
  const later = w.unstarted(2);
  expect(w.thread(1).isStarted()).toBe(true);
  expect(() => w.unstarted(1)).toThrow('before thread()');
  w.beginRun();
  expect([late.isStarted(), later.isStarted()]).toEqual([false, false]);
  late.start();
  expect(late.index).toBe(0);
  const float = late.numbers.float(1);
  late.refs.decref(float);
  for (let index = 0; index < 3; index++) w.endThread(index);
  w.endRun();
  expect(w.leaks()).toBe(0);
});

test('a drain merges what others have queued for a detached owner, chains too', () => {
  const w = makeWorld('biased', 2);
  const [owner, other] = [w.thread(0), w.thread(1)];
  // The owner's list holds a float of the other thread, and that thread holds the list.
  const list = owner.lists.create();
  const float = other.numbers.float(2.5);
  owner.lists.append(list, float);
  w.beginRun();
  owner.state.detach();
  other.refs.decref(float);
  other.refs.decref(list);
  expect(w.i32[owner.block + ThreadBlock.Breaker] & EvalBreaker.ExplicitMerge).not.toBe(0);
  w.endThread(1);
  w.endRun();
  expect(w.freed(list)).toBe(false);
  w.drain();
  expect([w.freed(list), w.freed(float)]).toEqual([true, true]);
  expect(w.leaks()).toBe(0);
});

test('a delayed block starts a grace period of its own', () => {
  const w = makeWorld('biased', 2);
  const [a, b] = [w.thread(0), w.thread(1)];
  w.beginRun();
  const block = a.allocator.alloc(8, HeapTag.Mem);
  a.allocator.freeDelayed(block);
  a.poll();
  expect(w.freed(block)).toBe(false);
  b.poll();
  a.processDelayed();
  expect(w.freed(block)).toBe(true);
  w.endRun();
  expect(w.leaks()).toBe(0);
});

test.each(SCHEMES)('the eval breaker is announced under the GIL only (%s)', (scheme) => {
  const w = makeWorld(scheme);
  const before = services.polls + (w.thread(0) ? services.polls : 0);
  services.polls = 0;
  w.thread(0).poll();
  expect(before >= 0 && services.polls).toBe(scheme === 'gil' ? 1 : 0);
});

test('histories, choices, checks', () => {
  const w = makeWorld('biased', 1);
  expect(w.operation('get', [1, 2], () => 'one')).toBe('one');
  const fail = () => {
    throw new PythonError('IndexError', 'nothing there');
  };
  expect(() => w.operation('pop', [], fail)).toThrow('nothing there');
  const crash = () => {
    throw new RangeError('a bug');
  };
  expect(() => w.operation('push', [1], crash)).toThrow('a bug');
  expect(services.history).toEqual(['get(1,2) = one', 'pop() = IndexError', 'push(1)']);
  expect(w.choose(3)).toBe(2);
  w.check(true, 'right');
  w.check(false, 'wrong');
  expect(services.violations.splice(0)).toEqual(['wrong']);
});

test('static objects are never freed', () => {
  const w = makeWorld('biased', 1);
  expect(w.freed(w.main.strings.intern('name'))).toBe(false);
  expect(w.freed(Control.None)).toBe(false);
});
