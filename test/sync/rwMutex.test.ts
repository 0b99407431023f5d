import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Control, Counter, ParkingBucket } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { RwMutex } from '#ungil/sync/rwMutex.js';
import { BareThread } from '../support/bareThread.mjs';
import { runWorkers, until } from '../support/workers.js';

const S = Control.Scratch;
const LOCK = S;
const PAIR = [S + 32, S + 48];
const TURN = S + 96;
const ORDER = S + 97;
const BUCKET = Control.ParkingBuckets + ((LOCK * 4) % 257) * ParkingBucket.Words;

/** The word: as CPython's, a writer, somebody parked, and each reader. */
const WRITER = 1;
const PARKED = 2;
const READER = 4;

let memory: SharedMemory;
let heap: Int32Array;
let host: BareThread;
let lock: RwMutex;

beforeEach(() => {
  memory = SharedMemory.create(1 << 24);
  heap = memory.i32;
  host = new BareThread(memory, 20);
  lock = new RwMutex(host, host.lot);
});

interface Asked {
  readonly attached?: boolean;
  readonly error?: string;
  readonly detaches: number;
}

/** Workers ask for the lock, each once the last one is parked. The order in which they have got it, when all have. */
function ask(kinds: readonly ('reader' | 'writer')[]) {
  const results = runWorkers<Asked>('syncRwMutex', memory.handle, kinds.length, { role: 'ask', kinds });
  const parked = async (): Promise<void> => {
    for (let n = 1; n <= kinds.length; n++) {
      await until(() => Atomics.load(heap, BUCKET + ParkingBucket.Waiters) === n);
      Atomics.store(heap, TURN, n);
    }
  };
  const order = (): number[] => [...heap.subarray(ORDER + 1, ORDER + 1 + heap[ORDER])].map((one) => one - 1);
  return { results, parked, order };
}

test('one thread: the word says who is inside, and its neighbours are left alone', () => {
  heap.fill(-1, LOCK - 1, LOCK + 2);
  heap[LOCK] = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom('read', 'leave', 'write', 'unlock')), (operations) => {
      let readers = 0;
      let writes = false;
      for (const operation of operations) {
        if (operation === 'read' && !writes) {
          lock.lockShared(LOCK);
          readers++;
        } else if (operation === 'leave' && readers > 0) {
          lock.unlockShared(LOCK);
          readers--;
        } else if (operation === 'write' && readers === 0 && !writes) {
          lock.lockExclusive(LOCK);
          writes = true;
        } else if (operation === 'unlock' && writes) {
          lock.unlockExclusive(LOCK);
          writes = false;
        }
        expect(heap[LOCK]).toBe(readers * READER + (writes ? WRITER : 0));
      }
      while (readers-- > 0) lock.unlockShared(LOCK);
      if (writes) lock.unlockExclusive(LOCK);
      expect([...heap.subarray(LOCK - 1, LOCK + 2)]).toEqual([-1, 0, -1]);
    }),
  );
  expect(host.counter(Counter.Parks)).toBe(0);
});

test('readers are inside together', async () => {
  const seen = await runWorkers<number>('syncRwMutex', memory.handle, 3, { role: 'together' });
  expect(seen).toEqual([3 * READER, 3 * READER, 3 * READER]);
  expect(heap[LOCK]).toBe(0);
});

test('a writer waits, detached, for all readers, and comes before a reader that asks after it', async () => {
  lock.lockShared(LOCK);
  lock.lockShared(LOCK);
  const { results, parked, order } = ask(['writer', 'reader', 'reader']);
  await parked();
  // The readers that came later have not got in.
  expect(heap[LOCK]).toBe(2 * READER + PARKED);
  lock.unlockShared(LOCK);
  expect(heap[LOCK]).toBe(READER + PARKED);
  expect(heap[BUCKET + ParkingBucket.Waiters]).toBe(3);
  lock.unlockShared(LOCK);
  for (const result of await results) {
    expect(result.attached).toBe(true);
    expect(result.detaches).toBeGreaterThan(0);
  }
  expect(order()[0]).toBe(0);
  expect(order().sort()).toEqual([0, 1, 2]);
  expect(heap[LOCK]).toBe(0);
  expect(heap[BUCKET + ParkingBucket.Waiters]).toBe(0);
});

test('the last reader wakes all who wait: a reader may be in front of the writer that goes first', async () => {
  lock.lockShared(LOCK);
  // What a writer does that is held up between saying so and queueing.
  Atomics.or(heap, LOCK, PARKED);
  const { results, parked, order } = ask(['reader', 'writer']);
  await parked();
  lock.unlockShared(LOCK);
  expect(await results).toHaveLength(2);
  expect(order()).toEqual([1, 0]);
  expect(heap[LOCK]).toBe(0);
});

test('a writer lets all go on that wait for it, readers and writers', async () => {
  lock.lockExclusive(LOCK);
  const { results, parked, order } = ask(['reader', 'writer', 'reader', 'writer']);
  await parked();
  expect(heap[LOCK]).toBe(WRITER + PARKED);
  expect(order()).toEqual([]);
  lock.unlockExclusive(LOCK);
  expect(await results).toHaveLength(4);
  expect(order().sort()).toEqual([0, 1, 2, 3]);
  expect(heap[LOCK]).toBe(0);
});

test.each(['reader', 'writer'] as const)(
  'a %s whose run is aborted holds nothing and waits for nothing',
  async (kind) => {
    lock.lockExclusive(LOCK);
    const { results, parked } = ask([kind]);
    await parked();
    Atomics.store(heap, Control.Abort, 1);
    expect(await results).toEqual([{ error: 'RunAborted', detaches: 1 }]);
    expect(heap[LOCK]).toBe(WRITER + PARKED);
    expect(heap[BUCKET + ParkingBucket.Waiters]).toBe(0);
  },
);

describe.each([
  ['writer', 'writer', 'reader', 'reader'],
  ['writer', 'reader', 'reader'],
  ['writer', 'writer', 'writer'],
])('%s, %s, %s and so on', (...kinds) => {
  test('exclude each other as they should, and lose no wake-up', async () => {
    const args = { role: 'contend', kinds, rounds: 5_000 };
    const results = await runWorkers<number>('syncRwMutex', memory.handle, kinds.length, args);
    const written = results.reduce((sum, writes) => sum + writes, 0);
    expect(PAIR.map((word) => heap[word])).toEqual([written, written]);
    expect(written).toBeGreaterThan(0);
    expect(heap[LOCK]).toBe(0);
    expect(heap[BUCKET + ParkingBucket.Waiters]).toBe(0);
  });
});
