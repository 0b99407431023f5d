import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import {
  BuiltinType,
  Control,
  EvalBreaker,
  GcBits,
  Immortal,
  SharedState,
  ThreadBlock,
} from '#ungil/memory/layout.js';
import { RefcountWorld } from '../support/refcountWorld.js';

const QUEUED = SharedState.Queued;
const MERGED = SharedState.Merged;
const WEAKREF = SharedState.MaybeWeakref;
const word = (count: number, state: number) => (count << SharedState.Shift) | state;

describe('the owner', () => {
  test('counts in the local word and frees without touching the shared one', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const x = world.create(t1);
    t1.refs.incref(x);
    expect([world.owner(x), world.local(x), world.shared(x)]).toEqual([1, 2, 0]);
    t1.refs.decref(x);
    t1.refs.decref(x);
    expect(t1.dead).toEqual([x]);
    // The fast path leaves the owner as it is (PIT-2.2).
    expect([world.owner(x), world.shared(x)]).toEqual([1, 0]);
  });

  test('that drops its last local reference while others have some merges the object', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    t2.refs.incref(x);
    t1.refs.decref(x);
    expect([world.owner(x), world.local(x), world.shared(x)]).toEqual([0, 0, word(1, MERGED)]);
    t2.refs.decref(x);
    expect(t2.dead).toEqual([x]);
    expect(t1.dead).toEqual([]);
  });

  test('may overlap with a negative shared count', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    t1.refs.incref(x);
    t1.refs.incref(x);
    t2.refs.decref(x);
    expect(world.shared(x)).toBe(QUEUED);
    t2.refs.decref(x);
    expect(world.shared(x)).toBe(word(-1, QUEUED));
    t1.refs.mergeQueued();
    expect([world.owner(x), world.shared(x)]).toEqual([0, word(1, MERGED)]);
    t1.refs.decref(x);
    expect(t1.dead).toEqual([x]);
  });
});

describe('D1: the only reference was handed over', () => {
  test('the object is queued, its owner asked, and freed once by the owner', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    t2.refs.decref(x);
    expect(world.shared(x)).toBe(QUEUED);
    expect(world.memory.i32[t1.block + ThreadBlock.Breaker] & EvalBreaker.ExplicitMerge).not.toBe(0);
    expect([t1.dead, t2.dead]).toEqual([[], []]);
    t1.refs.mergeQueued();
    expect([t1.dead, t2.dead]).toEqual([[x], []]);
    expect(world.shared(x)).toBe(MERGED);
  });
});

describe('D2: the last two references dropped by two threads', () => {
  test.each([
    ['owner first', 0, 1],
    ['other first', 1, 0],
  ])('%s', (_name, first, second) => {
    const world = new RefcountWorld(2);
    const x = world.create(world.threads[0]);
    world.threads[1].refs.incref(x);
    world.threads[first].refs.decref(x);
    world.threads[second].refs.decref(x);
    expect(world.threads.flatMap((thread) => thread.dead)).toEqual([x]);
  });
});

describe('owner exit', () => {
  test('D3: queued to an owner that has left: the object is merged under the bucket and freed', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    const enqueue = t2.refs.queue.enqueue.bind(t2.refs.queue);
    // T2 has set the word to queued and is paused before it takes the bucket's lock; T1 exits completely.
    t2.refs.queue.enqueue = (object) => {
      t1.refs.exit();
      enqueue(object);
    };
    t2.refs.decref(x);
    expect([t1.dead, t2.dead]).toEqual([[], [x]]);
    expect([world.owner(x), world.shared(x)]).toEqual([0, MERGED]);
  });

  test('D4: what was queued before the exit is merged before the thread is unlinked', () => {
    const world = new RefcountWorld(3);
    const [t1, t2, t3] = world.threads;
    const objects = Array.from({ length: 600 }, () => world.create(t1));
    objects.forEach((object, index) => {
      (index % 2 === 0 ? t2 : t3).refs.decref(object);
    });
    t1.refs.exit();
    expect([...t1.dead].sort((a, b) => a - b)).toEqual(objects);
    const late = world.create(t1);
    t2.refs.decref(late);
    expect(t2.dead).toEqual([late]);
  });

  test('an owner that merged while the object was being queued: an ordinary decrement', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    const enqueue = t2.refs.queue.enqueue.bind(t2.refs.queue);
    t1.refs.incref(x);
    t2.refs.queue.enqueue = (object) => {
      t1.refs.decref(x);
      t1.refs.decref(x);
      // The owner's local count is 0 with one reference donated: merged to 0 + 0 shared, not yet dropped.
      enqueue(object);
    };
    // Three references in all: two of T1, of which one is about to be dropped by T2 as a foreign one.
    t1.refs.incref(x);
    t2.refs.decref(x);
    expect(world.threads.flatMap((thread) => thread.dead)).toEqual([]);
    t1.refs.decref(x);
    t1.refs.mergeQueued();
    expect(world.threads.flatMap((thread) => thread.dead)).toEqual([x]);
  });
});

describe('conditional increments', () => {
  test('never revive: not in state default, not merged with count 0', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    const slot = Control.Scratch;
    world.memory.i32[slot] = x;
    expect(t2.refs.tryIncrefCompare(slot, x)).toBe(false);
    t2.refs.newRefWithLock(x);
    expect(world.shared(x)).toBe(word(1, WEAKREF));
    expect(t2.refs.tryIncrefCompare(slot, x)).toBe(true);
    t2.refs.decref(x);
    t2.refs.decref(x);
    expect(world.shared(x)).toBe(word(0, WEAKREF));
    expect(t2.refs.tryIncrefCompare(slot, x)).toBe(true);
    t2.refs.decref(x);
    t1.refs.decref(x);
    expect(t1.dead).toEqual([x]);
    expect(world.shared(x)).toBe(MERGED);
    expect(t2.refs.tryIncrefCompare(slot, x)).toBe(false);
  });

  test('D5: an object that left the slot is given back', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const y = world.create(t1);
    t1.refs.setMaybeWeakref(y);
    const slot = Control.Scratch;
    world.memory.i32[slot] = 0;
    expect(t2.refs.tryIncrefCompare(slot, y)).toBe(false);
    expect(world.threads.flatMap((thread) => thread.dead)).toEqual([]);
    // The word had count 0, so that the reference given back was donated to the owner's queue.
    t1.refs.mergeQueued();
    expect(t1.refs.count(y)).toBe(1);
  });

  test('the own object needs no second look at the slot', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const x = world.create(t1);
    world.memory.i32[Control.Scratch] = 0;
    expect(t1.refs.tryIncrefCompare(Control.Scratch, x)).toBe(true);
    expect(world.local(x)).toBe(2);
  });
});

describe('immortal and deferred objects', () => {
  test('immortal counts never move', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    t1.refs.initImmortal(x, 0);
    for (const { refs } of world.threads) {
      refs.incref(x);
      refs.decref(x);
      refs.decref(x);
      refs.newRefWithLock(x);
      expect(refs.tryIncrefCompare(0, x)).toBe(true);
    }
    expect([world.owner(x), world.local(x), world.shared(x)]).toEqual([0, Immortal.Local, 0]);
    expect(t2.refs.count(x)).toBe(3 * 2 ** 30);
  });

  test('an object that becomes immortal in a queue is left as it is (gh-152276)', () => {
    const world = new RefcountWorld(2);
    const [t1, t2] = world.threads;
    const x = world.create(t1);
    t2.refs.decref(x);
    t1.refs.initImmortal(x, BuiltinType.Float);
    t1.refs.mergeQueued();
    expect([t1.dead, t2.dead]).toEqual([[], []]);
    expect([world.owner(x), world.local(x), world.shared(x)]).toEqual([0, Immortal.Local, 0]);
  });

  test('deferred objects outlive their last counted reference until the bias is taken away', () => {
    const world = new RefcountWorld(1);
    const [t1] = world.threads;
    const f = world.create(t1);
    t1.refs.enableDeferred(f);
    expect(t1.refs.isDeferred(f)).toBe(true);
    expect(world.memory.u8[f * 4 + 3] & GcBits.Deferred).not.toBe(0);
    t1.refs.incref(f);
    t1.refs.decref(f);
    t1.refs.decref(f);
    expect(t1.dead).toEqual([]);
    // Merged with the bias: two more references, and then without it.
    t1.refs.incref(f);
    t1.refs.disableDeferred(f);
    t1.refs.decref(f);
    expect(t1.dead).toEqual([f]);
  });
});

test('without memory for a chunk the world is stopped and the object merged at once', () => {
  const world = new RefcountWorld(2);
  const [t1, t2] = world.threads;
  const x = world.create(t1);
  world.allocator.alloc = () => {
    throw new MemoryError(1024, 'test', 0, 0);
  };
  t2.refs.decref(x);
  expect(t2.stops.count).toBe(1);
  expect(t2.dead).toEqual([x]);
  expect(t1.dead).toEqual([]);
});

test('random histories of three threads keep every invariant', () => {
  const action = fc.record({
    kind: fc.constantFrom('create', 'incref', 'decref', 'pass', 'merge', 'tryIncref', 'exit'),
    thread: fc.nat(2),
    other: fc.nat(2),
    pick: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const world = new RefcountWorld(3);
      const alive = [true, true, true];
      /** References that each thread holds, by object. */
      const held: Map<number, number>[] = [new Map(), new Map(), new Map()];
      const states = new Map<number, number>();
      const slot = Control.Scratch;
      const total = (object: number) => held.reduce((sum, map) => sum + (map.get(object) ?? 0), 0);
      const add = (thread: number, object: number, by: number) => {
        held[thread].set(object, (held[thread].get(object) ?? 0) + by);
        if (held[thread].get(object) === 0) held[thread].delete(object);
      };
      const drop = (thread: number, object: number) => {
        add(thread, object, -1);
        world.threads[thread].refs.decref(object);
      };
      for (const { kind, thread, other, pick } of actions) {
        if (!alive[thread]) continue;
        const { refs } = world.threads[thread];
        const mine = [...held[thread].keys()];
        const object = mine[pick % Math.max(mine.length, 1)];
        if (kind === 'create') add(thread, world.create(world.threads[thread]), 1);
        else if (kind === 'merge') refs.mergeQueued();
        else if (kind === 'exit') {
          for (const [each, count] of [...held[thread]]) for (let i = 0; i < count; i++) drop(thread, each);
          refs.exit();
          alive[thread] = false;
        } else if (object === undefined) continue;
        else if (kind === 'incref') {
          refs.incref(object);
          add(thread, object, 1);
        } else if (kind === 'decref') drop(thread, object);
        else if (kind === 'pass' && alive[other]) {
          add(thread, object, -1);
          add(other, object, 1);
        } else if (kind === 'tryIncref' && alive[other]) {
          world.memory.i32[slot] = object;
          if (world.threads[other].refs.tryIncrefCompare(slot, object)) add(other, object, 1);
        }
        const dead = world.threads.flatMap((each) => each.dead);
        expect(new Set(dead).size).toBe(dead.length);
        for (const each of dead) expect(total(each)).toBe(0);
        for (const map of held) {
          for (const each of map.keys()) {
            const state = world.shared(each) & SharedState.Mask;
            // INV-1.1, INV-1.2, INV-1.4 (a queue entry holds the one donated reference).
            expect(state === MERGED).toBe(world.owner(each) === 0);
            expect(state).toBeGreaterThanOrEqual(states.get(each) ?? 0);
            states.set(each, state);
            const queued = state === QUEUED ? 1 : 0;
            expect(refs.count(each)).toBe(total(each) + queued);
          }
        }
      }
      for (let thread = 0; thread < 3; thread++) {
        for (const [each, count] of [...held[thread]]) for (let i = 0; i < count; i++) drop(thread, each);
      }
      world.threads.forEach(({ refs }, index) => {
        if (alive[index]) refs.exit();
      });
      const created = world.threads.flatMap((each) => each.dead);
      expect(new Set(created).size).toBe(created.length);
      for (const map of held) expect(map.size).toBe(0);
    }),
    { numRuns: 400 },
  );
});
