import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counter, ThreadBlock } from '#ungil/memory/layout.js';
import { smallInt } from '#ungil/objects/numbers.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { counted, countedThreads, tallyOf } from './support/countedThreads.js';

const READS = 50;

function readAll(thread: Thread, list: Ref): void {
  for (let i = 0; i < READS; i++) thread.refs.decref(thread.lists.get(list, 0));
}

function slow(thread: Thread, counter: Counter): number {
  return thread.i32[thread.block + ThreadBlock.Counters + counter];
}

describe('in a counted free-threaded build', () => {
  it('the owner counts locally, others share the word, immortals cost nothing', async () => {
    const [owner, other] = await countedThreads('free-threaded', 2);
    const list = owner.lists.create();
    const float = owner.numbers.float(5.5);
    owner.lists.append(list, float);
    expect(counted(owner, () => readAll(owner, list))).toEqual({
      reads: READS,
      localIncrefs: READS,
      localDecrefs: READS,
    });

    const added = counted(other, () => readAll(other, list));
    expect(added).toMatchObject({
      reads: READS,
      sharedIncrefs: READS,
      sharedDecrefs: READS,
      // The first read takes the lock, and prepares the next ones.
      conditionalIncrefs: READS - 1,
      locks: 1,
    });
    expect(added).not.toHaveProperty('localIncrefs');
    expect(added).not.toHaveProperty('failedIncrefs');
    expect(slow(other, Counter.LockedReads)).toBe(1);
    expect(tallyOf(other).hotCounts.spots()).toEqual([{ address: float, count: 2 * READS }]);
    expect(tallyOf(other).hotLocks.total).toBe(1);

    owner.lists.set(list, 0, smallInt(3));
    expect(counted(other, () => readAll(other, list))).toEqual({
      reads: READS,
      immortalIncrefs: READS,
      immortalDecrefs: READS,
      atomicLoads: 2 * READS,
    });
  });

  it('the inlined reads of dicts and instances are counted, too', async () => {
    const [owner, other] = await countedThreads('free-threaded', 2);
    const dict = owner.dicts.create();
    const float = owner.numbers.float(5.5);
    owner.dicts.set(dict, smallInt(1), float);
    const type = owner.instances.createType('C', ['x'], 0);
    const instance = owner.instances.create(type);
    owner.instances.setSlot(instance, 0, float);
    const read = (thread: Thread) => {
      thread.refs.decref(thread.dicts.get(dict, smallInt(1)));
      thread.refs.decref(thread.instances.getSlot(instance, 0));
    };
    read(other);
    expect(counted(owner, () => read(owner))).toMatchObject({ reads: 2, localIncrefs: 2, localDecrefs: 2 });
    expect(counted(other, () => read(other))).toMatchObject({
      reads: 2,
      sharedIncrefs: 2,
      conditionalIncrefs: 2,
    });
  });

  it('counts of classes go to the thread’s own array', async () => {
    const [owner] = await countedThreads('free-threaded', 1);
    const type = owner.instances.createType('C', ['x'], 0);
    owner.refs.decref(owner.instances.create(type));
    const added = counted(owner, () => owner.refs.decref(owner.instances.create(type)));
    expect(added).toMatchObject({ objectsMade: 1, uniqueIncrefs: 1, uniqueDecrefs: 1, localDecrefs: 1 });
  });

  it('appends, replacements and dict stores lock once each; a taken lock is a miss', async () => {
    const [owner, other] = await countedThreads('free-threaded', 2);
    const list = owner.lists.create();
    owner.lists.append(list, smallInt(1));
    const dict = owner.dicts.create();
    owner.dicts.set(dict, smallInt(1), smallInt(1));
    const write = () => {
      other.lists.append(list, smallInt(1));
      other.lists.set(list, 0, smallInt(2));
      other.dicts.set(dict, smallInt(1), smallInt(2));
    };
    write();
    expect(counted(other, write)).toMatchObject({ locks: 3 });

    const byte = (list << 2) + 2;
    owner.mutex.lock(byte);
    expect(counted(other, () => other.mutex.lockTimed(byte, 0))).toEqual({ lockMisses: 1, atomicWrites: 1 });
    expect(tallyOf(other).hotMisses.spots()).toEqual([{ address: byte, count: 1 }]);
    owner.mutex.unlock(byte);
  });

  it('a reference dropped by another thread is queued and merged', async () => {
    const [owner, other] = await countedThreads('free-threaded', 2);
    const float = owner.numbers.float(1.5);
    expect(counted(other, () => other.refs.decref(float))).toMatchObject({ sharedDecrefs: 1 });
    expect(slow(other, Counter.BrcQueued)).toBe(1);
    owner.poll();
    expect([Counter.BrcMerged, Counter.Merges].map((counter) => slow(owner, counter))).toEqual([1, 1]);
  });
});

describe.each(['gilectomy', 'gilectomy:refcount=side-table'])('in a counted %s build', (build) => {
  it('every count of a mortal object is shared, every read locks', async () => {
    const [thread] = await countedThreads(build, 1);
    const list = thread.lists.create();
    thread.lists.append(list, thread.numbers.float(1.5));
    thread.lists.append(list, smallInt(1));
    const added = counted(thread, () => {
      readAll(thread, list);
      thread.refs.decref(thread.lists.get(list, 1));
    });
    expect(added).toMatchObject({
      reads: READS + 1,
      locks: READS + 1,
      sharedIncrefs: READS,
      sharedDecrefs: READS,
      immortalIncrefs: 1,
      immortalDecrefs: 1,
    });
    expect(added).not.toHaveProperty('localIncrefs');
  });
});

describe.each(['gil', 'gil:refcount=side-table'])('in a counted %s build', (build) => {
  it('everything is counted plainly, nothing locks', async () => {
    const [thread] = await countedThreads(build, 1);
    const list = thread.lists.create();
    thread.lists.append(list, thread.numbers.float(1.5));
    const added = counted(thread, () => readAll(thread, list));
    expect(added).toEqual({ reads: READS, localIncrefs: READS, localDecrefs: READS });
  });
});

/** Makes, shares, replaces and drops; every reference is given back at its end. */
function live(threads: readonly Thread[], steps: readonly [number, number, number][]): void {
  const [first] = threads;
  const list = first.lists.create();
  const dict = first.dicts.create();
  const held: Ref[] = [];
  for (const [step, who, place] of steps) {
    const thread = threads[who % threads.length];
    const size = thread.lists.length(list);
    if (step === 0) held.push(thread.numbers.float(place + 0.5));
    if (step === 1 && held.length > 0) thread.lists.append(list, held[place % held.length]);
    if (step === 2 && size > 0) held.push(thread.lists.get(list, place % size));
    if (step === 3 && held.length > 0) thread.refs.decref(held.splice(place % held.length, 1)[0]);
    if (step === 4 && held.length > 0) thread.dicts.set(dict, smallInt(place), held[place % held.length]);
    if (step === 5) held.push(thread.dicts.get(dict, smallInt(place)));
    if (step === 5 && held[held.length - 1] === 0) held.pop();
    if (step === 6 && size > 0) thread.refs.decref(thread.lists.pop(list));
    if (step === 7) thread.poll();
  }
  for (const object of held) threads[object % threads.length].refs.decref(object);
  first.refs.decref(list);
  first.refs.decref(dict);
  for (const thread of threads) thread.poll();
}

function sum(threads: readonly Thread[], names: readonly string[]): number {
  return threads.reduce(
    (total, thread) => total + names.reduce((one, name) => one + tallyOf(thread).counts()[name], 0),
    0,
  );
}

describe.each([
  ['free-threaded', 2],
  ['free-threaded:immortal=off', 2],
  ['free-threaded:biased=off', 2],
  ['free-threaded:qsbr=off', 2],
  ['gilectomy', 2],
  ['gilectomy:refcount=side-table', 2],
  ['gil', 1],
])('in a counted %s build with %i threads', (build, count) => {
  it('what was made and taken was dropped, to the last reference', async () => {
    const threads = await countedThreads(build, count);
    const taken = ['objectsMade', 'localIncrefs', 'sharedIncrefs', 'uniqueIncrefs'];
    const dropped = ['localDecrefs', 'sharedDecrefs', 'uniqueDecrefs'];
    const step = fc.tuple(fc.nat(7), fc.nat(1), fc.nat(9));
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const before = sum(threads, taken) - sum(threads, dropped);
        live(threads, steps);
        expect(sum(threads, taken) - sum(threads, dropped)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});

it('a counted build has another set of classes, and the release builds none of it', async () => {
  const runtime = await Runtime.start({ build: 'free-threaded', threads: 1, memory: 16 << 20 });
  expect(Reflect.get(runtime, 'main').tally).toBeNull();
  await runtime.shutdown();
});
