import { describe, expect, test } from 'vitest';
import { BuiltinType, Control, SharedState } from '#ungil/memory/layout.js';
import { BiasedRefCounter } from '#ungil/refcount/biased.js';
import { MergeQueue } from '#ungil/refcount/mergeQueue.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { RefcountWorld, type SimulatedThread } from '../support/refcountWorld.js';

/** The steps that the tests below replace, protected in the class. */
interface Steps {
  clearOwner(object: Ref): void;
  publishMerged(object: Ref, extra: number): number;
  decrefShared(object: Ref): void;
  tryIncrefShared(object: Ref): boolean;
  recheck(slot: number, object: Ref): boolean;
}
interface QueueSteps {
  ownerOf(object: Ref): number;
  findThread(bucket: number, id: number): number;
}

const right = BiasedRefCounter.prototype as unknown as Steps;
const rightQueue = MergeQueue.prototype as unknown as QueueSteps;

function replace(thread: SimulatedThread, steps: Partial<Steps>): void {
  Object.assign(thread.refs, steps);
}

function setUp() {
  const world = new RefcountWorld(2);
  const [t1, t2] = world.threads as [SimulatedThread, SimulatedThread];
  return { world, t1, t2, object: world.create(t1) };
}

/** Each of these is one step away from the protocol, and one interleaving shows it. */
describe('the order of steps that the protocols rest on', () => {
  /** PIT-2.1, gh-119999: between the two steps of a merge the other thread frees the object and re-uses its block. */
  function merge(ownerLast: boolean): { owner: number; user: number } {
    const { world, t1, t2, object } = setUp();
    t2.refs.incref(object);
    replace(t1, {
      clearOwner: (o) => {
        if (!ownerLast) right.clearOwner.call(t1.refs, o);
      },
      publishMerged: (o, extra) => {
        const total = right.publishMerged.call(t1.refs, o, extra);
        t2.refs.decref(o);
        expect(t2.dead).toEqual([object]);
        t2.refs.init(o, BuiltinType.Float, 0);
        if (ownerLast) right.clearOwner.call(t1.refs, o);
        return total;
      },
    });
    t1.refs.decref(object);
    return { owner: world.owner(object), user: t2.id };
  }

  test('a merge clears the owner before it publishes the state', () => {
    const { owner, user } = merge(false);
    expect(owner).toBe(user);
  });
  test('in the other order the next object in the block loses its owner', () => {
    expect(merge(true).owner).toBe(0);
  });

  /** D1: T1 has handed its only reference over. */
  function handOver(decrementToo: boolean): { freed: number; shared: number } {
    const { world, t1, t2, object } = setUp();
    if (decrementToo) {
      replace(t2, {
        decrefShared: (o) => {
          world.atomics.store(o + 2, SharedState.Queued - SharedState.One);
          t2.refs.queue.enqueue(o);
        },
      });
    }
    t2.refs.decref(object);
    t1.refs.mergeQueued();
    return { freed: t1.dead.length + t2.dead.length, shared: world.shared(object) };
  }

  test('the last shared reference is given to the queue', () => {
    expect(handOver(false)).toEqual({ freed: 1, shared: SharedState.Merged });
  });
  test('taken back as well, it is missing afterwards', () => {
    const { freed, shared } = handOver(true);
    expect(freed).toBe(0);
    expect(shared >> SharedState.Shift).toBe(-1);
  });

  /** D3: the owner exits when the other thread has seen its id. */
  function queueToLeaver(searchFirst: boolean): number {
    const { t1, t2, object } = setUp();
    let early = 0;
    const steps: QueueSteps = {
      ownerOf: (o) => {
        const owner = rightQueue.ownerOf.call(t2.refs.queue, o);
        early = t1.block;
        t1.refs.exit();
        return owner;
      },
      findThread: (bucket, id) =>
        searchFirst ? early : rightQueue.findThread.call(t2.refs.queue, bucket, id),
    };
    Object.assign(t2.refs.queue, steps);
    t2.refs.decref(object);
    return t1.dead.length + t2.dead.length;
  }

  test('the owner of a queued object is searched under the lock of its bucket', () => {
    expect(queueToLeaver(false)).toBe(1);
  });
  test('searched before, it is a thread that nobody drains any more', () => {
    expect(queueToLeaver(true)).toBe(0);
  });

  /** D5: the block becomes another object between the load of the slot and the increment. */
  function readSlot(recheck: boolean): { got: boolean; count: number } {
    const { world, t1, t2, object } = setUp();
    const slot = Control.Scratch;
    world.memory.i32[slot] = object;
    t1.refs.setMaybeWeakref(object);
    replace(t2, {
      tryIncrefShared: (o) => {
        world.memory.i32[slot] = 0;
        t1.refs.decref(o);
        expect(t1.dead).toEqual([object]);
        t1.refs.init(o, BuiltinType.Float, 0);
        t1.refs.setMaybeWeakref(o);
        return right.tryIncrefShared.call(t2.refs, o);
      },
    });
    if (!recheck) replace(t2, { recheck: () => true });
    const got = t2.refs.tryIncrefCompare(slot, object);
    t1.refs.mergeQueued();
    return { got, count: t2.refs.count(object) };
  }

  test('a conditional increment looks at the slot again', () => {
    expect(readSlot(true)).toEqual({ got: false, count: 1 });
  });
  test('without that it gets an object that was never in the slot', () => {
    expect(readSlot(false)).toEqual({ got: true, count: 2 });
  });
});

test('a deferred object dies although others dropped references that its owner counted', () => {
  const { t1, t2, object } = setUp();
  t1.refs.enableDeferred(object);
  t1.refs.incref(object);
  t2.refs.decref(object);
  t1.refs.disableDeferred(object);
  expect(t1.refs.count(object)).toBe(1);
  t1.refs.decref(object);
  expect([...t1.dead, ...t2.dead]).toEqual([object]);
});
