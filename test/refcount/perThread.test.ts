import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Immortal, SharedState, ThreadBlock, TypeObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { countedPerThread } from '#ungil/refcount/perThread.js';
import { ALL_COUNTS } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { RefcountWorld, type SimulatedThread } from '../support/refcountWorld.js';

const idOf = (world: RefcountWorld, type: number) => world.memory.i32[type + TypeObject.UniqueId];
const count = (world: RefcountWorld, type: number) => world.threads[0].refs.count(type);

/** As an instance holds its class. */
function hold(world: RefcountWorld, thread: SimulatedThread, type: number): void {
  thread.refs.increfUnique(type, idOf(world, type));
}

function drop(world: RefcountWorld, thread: SimulatedThread, type: number): void {
  thread.refs.decrefUnique(type, idOf(world, type));
}

function collect(thread: SimulatedThread): void {
  for (const object of thread.refs.disablePerThread()) thread.refs.decref(object);
}

test('counters of two threads lie on cache lines of their own', () => {
  const memory = SharedMemory.create(32 << 20);
  const threads = [0, 1, 2].map((slot) => new Thread(memory, buildNamed('free-threaded'), slot));
  for (const thread of threads) thread.start();
  threads[0].initialiseInterpreter();
  const type = threads[0].instances.createType('C', ['x'], 0);
  for (const thread of threads) thread.instances.create(type);
  const lines = threads.map(({ block }) => memory.i32[block + ThreadBlock.UniqueCounts] / 16);
  expect(lines.every(Number.isInteger)).toBe(true);
  expect(new Set(lines).size).toBe(3);
});

describe('unique ids', () => {
  test('count up from 1, and the pool doubles from 8', () => {
    const world = new RefcountWorld(1);
    const types = Array.from({ length: 20 }, () => world.createClass(world.threads[0]));
    expect(types.map((type) => idOf(world, type))).toEqual(types.map((_, index) => index + 1));
    expect(world.memory.i32[Control.UniqueIdCapacity]).toBe(32);
    // The longer table still knows the first ones.
    expect(world.threads[0].refs.disablePerThread()).toEqual(types);
    expect(types.map((type) => idOf(world, type))).toEqual(types.map(() => 0));
  });

  test('come with deferred counts', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const type = world.createClass(t1);
    expect(t1.refs.isDeferred(type)).toBe(true);
    expect(world.shared(type)).toBe(Immortal.DeferredBias << SharedState.Shift);
    expect(count(world, type)).toBe(1);
    t1.refs.decref(type);
    expect(t1.dead).toEqual([]);
  });

  test('are not given to what another thread owns or has counted, nor twice', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const type = world.createClass(t1);
    expect(t1.refs.assignUniqueId(type)).toBe(0);
    const plain = world.create(t1);
    expect(t2.refs.assignUniqueId(plain)).toBe(0);
    t2.refs.incref(plain);
    expect(t1.refs.assignUniqueId(plain)).toBe(0);
    expect(world.shared(plain)).toBe(SharedState.One);
  });

  test('are used again when their objects are gone', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const first = [world.createClass(t1), world.createClass(t1)];
    hold(world, t1, first[1]);
    for (const type of first) t1.refs.decref(type);
    collect(t1);
    // The second one is held still, by ordinary counts from here.
    expect(t1.dead).toEqual([first[0]]);
    expect([idOf(world, first[1]), count(world, first[1])]).toEqual([0, 1]);
    const second = world.createClass(t1);
    expect([idOf(world, second), countedPerThread(world.memory.i32, second)]).toEqual([1, 0]);
    drop(world, t1, first[1]);
    expect(t1.dead).toEqual(first);
  });
});

describe('per-thread counts', () => {
  test('leave the object alone; only their sum means anything (D8)', () => {
    const world = new RefcountWorld(3);
    const [t1, t2, t3] = world.threads;
    const type = world.createClass(t3);
    const before = [world.local(type), world.shared(type)];
    hold(world, t1, type);
    hold(world, t2, type);
    drop(world, t2, type);
    drop(world, t2, type);
    // The second time the thread had no reference of its own to drop: its counter is negative.
    expect([world.local(type), world.shared(type)]).toEqual(before);
    const counter = (thread: SimulatedThread) =>
      world.memory.i32[world.memory.i32[thread.block + ThreadBlock.UniqueCounts]];
    expect([counter(t1), counter(t2)]).toEqual([1, -1]);
    expect(countedPerThread(world.memory.i32, type)).toBe(0);
    t3.refs.decref(type);
    collect(t3);
    expect(t3.dead).toEqual([type]);
  });

  test('stay when the array gets longer, and new ones start at 0', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const types = [world.createClass(t1)];
    hold(world, t2, types[0]);
    while (types.length < 17) types.push(world.createClass(t1));
    hold(world, t2, types[8]);
    const { i32 } = world.memory;
    // As long as the pool's table, at once.
    expect(i32[t2.block + ThreadBlock.UniqueCapacity]).toBe(32);
    expect(types.map((type) => countedPerThread(i32, type))).toEqual(
      types.map((_, index) => (index === 0 || index === 8 ? 1 : 0)),
    );
  });

  test('of a thread that exits go to the object, and later ones too', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const type = world.createClass(t1);
    for (let i = 0; i < 5; i++) hold(world, t2, type);
    expect(count(world, type)).toBe(1);
    t2.refs.perThread.exit();
    expect(count(world, type)).toBe(6);
    hold(world, t2, type);
    drop(world, t2, type);
    drop(world, t2, type);
    expect(count(world, type)).toBe(5);
    expect(world.memory.i32[t2.block + ThreadBlock.UniqueCounts]).toBe(0);
  });

  test('work without memory for the counters', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const type = world.createClass(t1);
    const { rawAlloc } = world.allocator;
    world.allocator.rawAlloc = () => {
      throw new MemoryError(0, 'test', 0, 0);
    };
    hold(world, t1, type);
    expect(world.local(type)).toBe(2);
    world.allocator.rawAlloc = rawAlloc;
    drop(world, t1, type);
    hold(world, t1, type);
    expect([world.local(type), countedPerThread(world.memory.i32, type)]).toEqual([1, 1]);
  });

  test('that would use up the bias stay with the pool when their thread exits', () => {
    const world = new RefcountWorld(3);
    const [t1, t2, t3] = world.threads;
    const type = world.createClass(t1);
    const { i32 } = world.memory;
    // t2 has made what t3 destroyed: more than the bias stands for.
    hold(world, t2, type);
    i32[i32[t2.block + ThreadBlock.UniqueCounts]] += 2 ** 29;
    hold(world, t3, type);
    i32[i32[t3.block + ThreadBlock.UniqueCounts]] -= 2 ** 29 + 1;
    t3.refs.perThread.exit();
    expect(count(world, type)).toBe(1);
    expect(countedPerThread(i32, type)).toBe(1);
    t1.refs.decref(type);
    expect([t1.dead, world.shared(type) > 0]).toEqual([[], true]);
    t1.refs.mergePerThread();
    expect([count(world, type), countedPerThread(i32, type)]).toEqual([1, 0]);
    collect(t1);
    expect(t1.dead).toEqual([]);
    drop(world, t2, type);
    expect([...t1.dead, ...t2.dead]).toEqual([type]);
  });

  test('are ordinary ones without the mechanism', () => {
    for (const options of [
      { ...ALL_COUNTS, perThread: false },
      { ...ALL_COUNTS, deferred: false },
    ]) {
      const world = new RefcountWorld(2, options);
      const [t1, t2] = world.threads;
      const type = world.createClass(t1);
      expect([idOf(world, type), t1.refs.isDeferred(type)]).toEqual([0, false]);
      hold(world, t2, type);
      expect(count(world, type)).toBe(2);
      t1.refs.decref(type);
      drop(world, t2, type);
      expect(t2.dead).toEqual([type]);
    }
  });
});

/** A class and the references to it, as a simple reference keeps them. */
interface Model {
  readonly type: number;
  /** Counted in the object. */
  plain: number;
  /** Counted by a thread. */
  unique: number;
  state: number;
}

type Step = readonly [act: number, thread: number, object: number];

/** Plays the steps against a simple count of references; checks INV-1.2, INV-1.4, INV-2.5 behind each. */
class Play {
  readonly world: RefcountWorld;
  readonly classes: Model[] = [];
  private readonly running = [true, true, true];

  constructor(options = ALL_COUNTS) {
    this.world = new RefcountWorld(3, options);
  }

  step([act, threadIndex, objectIndex]: Step): void {
    const thread = this.world.threads[threadIndex];
    if (act === 9) this.exitOrStart(threadIndex);
    else if (this.running[threadIndex]) {
      if (act === 0 || this.classes.length === 0) this.create(thread);
      else this.act(act, thread, this.classes[objectIndex % this.classes.length]);
    }
    this.check();
  }

  /** Everybody drops what is left, and a collector ends it. */
  finish(): void {
    const [thread] = this.world.threads;
    if (!this.running[0]) this.exitOrStart(0);
    for (const model of this.classes) {
      for (; model.unique > 0; model.unique--) drop(this.world, thread, model.type);
      for (; model.plain > 0; model.plain--) thread.refs.decref(model.type);
    }
    for (let slot = 0; slot < 3; slot++) if (this.running[slot]) this.world.threads[slot].refs.mergeQueued();
    this.collect(thread);
    for (let slot = 0; slot < 3; slot++) if (this.running[slot]) this.world.threads[slot].refs.mergeQueued();
    expect(this.dead().sort((a, b) => a - b)).toEqual(this.classes.map(({ type }) => type));
  }

  private create(thread: SimulatedThread): void {
    const type = this.world.createClass(thread);
    this.classes.push({ type, plain: 1, unique: 0, state: 0 });
  }

  private act(act: number, thread: SimulatedThread, model: Model): void {
    const held = model.plain + model.unique > 0;
    if (act <= 2 && held) {
      hold(this.world, thread, model.type);
      model.unique++;
    } else if (act <= 4 && model.unique > 0) {
      model.unique--;
      drop(this.world, thread, model.type);
    } else if (act === 5 && held) {
      thread.refs.incref(model.type);
      model.plain++;
    } else if (act === 6 && model.plain > 0) {
      model.plain--;
      thread.refs.decref(model.type);
    } else if (act === 7) thread.refs.mergeQueued();
    else if (act === 8 && model.type % 3 === 0) this.collect(thread);
    else if (act === 8) thread.refs.mergePerThread();
  }

  /** In a stopped world, which this is: one JavaScript thread. */
  private collect(thread: SimulatedThread): void {
    collect(thread);
    const { i32 } = this.world.memory;
    expect(i32[Control.UniqueIdCapacity]).toBe(0);
  }

  private exitOrStart(index: number): void {
    const { refs } = this.world.threads[index];
    if (this.running[index]) refs.exit();
    else refs.start();
    this.running[index] = !this.running[index];
  }

  private check(): void {
    const dead = new Set(this.dead());
    expect(dead.size).toBe(this.dead().length);
    for (const model of this.classes) {
      const references = model.plain + model.unique;
      if (dead.has(model.type)) {
        expect(references).toBe(0);
        continue;
      }
      const { i32 } = this.world.memory;
      const state = this.world.shared(model.type) & SharedState.Mask;
      expect(state).toBeGreaterThanOrEqual(model.state);
      model.state = state;
      const total = count(this.world, model.type) + countedPerThread(i32, model.type);
      // An entry of a merge queue holds the reference that was donated.
      expect(total).toBe(references + (state === SharedState.Queued ? 1 : 0));
    }
  }

  private dead(): number[] {
    return this.world.threads.flatMap((thread) => thread.dead);
  }
}

describe('counts of classes against a simple count, threads coming and going', () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 30 })),
    { maxLength: 120 },
  );

  test.each([
    ['all mechanisms', ALL_COUNTS],
    ['without per-thread counts', { ...ALL_COUNTS, perThread: false }],
    ['without deferred counts', { ...ALL_COUNTS, deferred: false }],
    ['without owners', { ...ALL_COUNTS, biased: false }],
  ] as const)('%s', (_name, options) => {
    fc.assert(
      fc.property(steps, (script) => {
        const play = new Play(options);
        for (const step of script) play.step(step);
        play.finish();
      }),
      { numRuns: 60 },
    );
  });
});
