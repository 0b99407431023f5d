import { describe, expect, test } from 'vitest';
import { Control, InstanceObject, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import type { Bodies } from '#ungil/runtime/calls.js';
import { Thread } from '#ungil/runtime/thread.js';
import { graphOf } from './support/referenceCollector.mjs';

/** Litmus rows whose interleaving is forced by hand: two threads of a runtime take turns in this one. */
class TwoThreads {
  readonly memory = SharedMemory.create(32 << 20);
  readonly first: Thread;
  readonly second: Thread;
  private readonly refcount;

  constructor(name: string, bodies: (world: TwoThreads) => Bodies = () => ({})) {
    const build = buildNamed(name);
    this.refcount = build.refcount;
    this.first = new Thread(this.memory, build, 0);
    this.second = new Thread(this.memory, build, 1);
    this.first.start(0, bodies(this));
    this.first.initialiseInterpreter();
    this.first.state.detach();
    this.second.start(1, bodies(this));
    this.second.state.detach();
  }

  as<T>(thread: Thread, body: (t: Thread) => T): T {
    thread.state.attach();
    try {
      return body(thread);
    } finally {
      thread.state.detach();
    }
  }

  isAlive(object: Ref): boolean {
    return graphOf(this.memory).get(object)?.tracked === true;
  }

  check(): void {
    expect(checkObjects(this.memory, { refcount: this.refcount })).toEqual([]);
  }
}

describe.each(['free-threaded', 'free-threaded:deferred=off', 'gilectomy'])('%s', (build) => {
  test('D7: a function that only the stack of another thread holds survives a collection, and goes with the next', () => {
    let called = 0;
    let survived = false;
    const world = new TwoThreads(build, (w) => ({
      body: () => {
        w.second.state.detach();
        w.as(w.first, (t) => t.gc.collect());
        survived = w.isAlive(called);
        w.second.state.attach();
        return Control.None;
      },
    }));
    world.as(world.second, (t) => {
      called = t.calls.define('body');
      t.calls.open(called);
      t.refs.decref(called);
      t.calls.call0(called);
    });
    expect(survived).toBe(true);
    world.as(world.first, (t) => t.gc.collect());
    expect(world.isAlive(called)).toBe(false);
    world.check();
  });

  test('D20: a collection finds what waits in the queue of a thread that is detached', () => {
    const world = new TwoThreads(build);
    const made = world.as(world.first, (t) => {
      const ring = t.lists.create();
      t.lists.append(ring, ring);
      return { float: t.numbers.float(0.5), list: t.lists.create(), ring };
    });
    const queue = world.first.block + ThreadBlock.BrcQueue;
    world.as(world.second, (t) => {
      for (const object of [made.float, made.list, made.ring]) t.refs.decref(object);
      expect(world.memory.i32[queue] !== 0).toBe(buildNamed(build).refcount === 'biased');
      t.gc.collect();
    });
    expect(world.memory.i32[queue]).toBe(0);
    expect([made.list, made.ring].map((object) => world.isAlive(object))).toEqual([false, false]);
    world.check();
    world.as(world.first, (t) => t.poll());
    world.check();
  });

  test('D21: a finaliser brings one of a ring back; its second member cannot be got by a weak reference then', () => {
    let ring: Ref[] = [];
    let weakref = 0;
    let got = -1;
    const saved: Ref[] = [];
    const world = new TwoThreads(build, (w) => ({
      finalize: (self: Ref) => {
        if (self !== ring[0]) return Control.None;
        w.first.refs.incref(self);
        saved.push(self);
        // The world runs between the pauses: the other thread asks now.
        got = w.as(w.second, (t) => t.weakrefs.get(weakref));
        return Control.None;
      },
    }));
    const found = world.as(world.first, (t) => {
      const type = t.instances.createType('C', ['next'], 0, 1);
      const finalizer = t.calls.define('finalize');
      t.instances.setFinalizer(type, finalizer);
      ring = [0, 1, 2].map(() => t.instances.create(type));
      for (const [i, object] of ring.entries()) t.instances.setSlot(object, 0, ring[(i + 1) % 3]!);
      weakref = t.weakrefs.create(ring[1]!);
      for (const object of ring) t.refs.decref(object);
      return t.gc.collect();
    });
    expect([found, got, saved]).toEqual([0, 0, [ring[0]]]);
    const next = (object: Ref) => world.memory.i32[object + InstanceObject.Values];
    expect(ring.map(next)).toEqual([ring[1], ring[2], ring[0]]);
    world.check();
    world.as(world.second, (t) => {
      t.refs.decref(saved[0]!);
      expect(t.gc.collect()).toBe(3);
    });
    expect(ring.map((object) => world.isAlive(object))).toEqual([false, false, false]);
    world.check();
  });
});
