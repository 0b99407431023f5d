import { MemoryError } from '../memory/errors.js';
import { Control } from '../memory/layout.js';
import { smallInt } from '../objects/numbers.js';
import type { Ref } from '../refcount/refCounter.js';
import { Conditions } from './conditions.js';
import type { Thread } from './thread.js';

/** Items of the tuple that a queue is. */
const enum QueueItem {
  Mutex = 0,
  NotEmpty = 1,
  NotFull = 2,
  Ring = 3,
  State = 4,
  Count = 5,
}

/** Items of its list of state: small ints. */
const enum QueueState {
  /** Where in the ring the oldest item is. */
  First = 0,
  Length = 1,
  /** 1: shut down. */
  Shut = 2,
  Count = 3,
}

/** Items that a queue may have room for: what small ints can count. */
export const MOST_ITEMS = 256;

type QueueThread = Pick<Thread, 'lists' | 'locks' | 'numbers' | 'refs' | 'tuples'>;

/**
 * A queue with room for `capacity` items, 1 to `MOST_ITEMS`; a new reference, to a tuple of a lock, two conditions over it
 * and two lists. A queue that holds itself is a cycle like any other. Throws MemoryError.
 */
export function createQueue(t: QueueThread, capacity: number): Ref {
  const { lists, refs } = t;
  if (!(Number.isInteger(capacity) && capacity >= 1 && capacity <= MOST_ITEMS)) {
    throw new RangeError(`a queue of ${capacity} items; accepted: 1 to ${MOST_ITEMS}`);
  }
  const parts: Ref[] = [];
  try {
    parts[QueueItem.Mutex] = t.locks.create();
    parts[QueueItem.NotEmpty] = lists.create();
    parts[QueueItem.NotFull] = lists.create();
    parts[QueueItem.Ring] = lists.create();
    parts[QueueItem.State] = lists.create();
    for (let i = 0; i < capacity; i++) lists.append(parts[QueueItem.Ring], Control.None);
    for (let i = 0; i < QueueState.Count; i++) lists.append(parts[QueueItem.State], smallInt(0));
    return t.tuples.create(parts);
  } finally {
    for (const part of parts) refs.decref(part);
  }
}

/**
 * queue.Queue(maxsize) of CPython (`Lib/queue.py`) as one thread sees it: one lock, and two conditions over it, for those
 * who wait for an item and those who wait for room. `shutDown` is that of 3.13. Items go in and out in order; many
 * threads may put and get.
 *
 * Borrows the queue that it was given by `open`: somebody holds that as long as this is used. Attached threads, at a
 * safepoint: all methods may wait for the lock, `put` and `get` also for the other side; detached meanwhile, and they
 * throw RunAborted. Without memory for a wait they throw MemoryError, and nothing has changed.
 */
export class Queue {
  private readonly conditions: Conditions;
  private mutex: Ref = 0;
  private notEmpty: Ref = 0;
  private notFull: Ref = 0;
  private ring: Ref = 0;
  private state: Ref = 0;
  private capacity = 0;

  constructor(private readonly t: QueueThread) {
    this.conditions = new Conditions(t);
  }

  /** The queue that all other methods are about, from `createQueue`. */
  open(queue: Ref): void {
    this.mutex = this.part(queue, QueueItem.Mutex);
    this.notEmpty = this.part(queue, QueueItem.NotEmpty);
    this.notFull = this.part(queue, QueueItem.NotFull);
    this.ring = this.part(queue, QueueItem.Ring);
    this.state = this.part(queue, QueueItem.State);
    this.capacity = this.t.lists.length(this.ring);
  }

  /** Appends an item, borrowed, when there is room. False: the queue is shut down (CPython raises ShutDown). */
  put(item: Ref): boolean {
    const { locks } = this.t;
    locks.acquire(this.mutex);
    try {
      this.awaitRoom();
    } catch (error) {
      this.releaseIfHeld(error);
    }
    const open = this.read(QueueState.Shut) === 0;
    if (open) this.append(item);
    locks.release(this.mutex);
    return open;
  }

  /** Takes the oldest item, when there is one; its reference is the caller's. 0: the queue is empty and shut down. */
  get(): Ref {
    const { locks } = this.t;
    locks.acquire(this.mutex);
    try {
      this.awaitItem();
    } catch (error) {
      this.releaseIfHeld(error);
    }
    const item = this.read(QueueState.Length) > 0 ? this.take() : 0;
    locks.release(this.mutex);
    return item;
  }

  /** From here nobody waits: `put` refuses, `get` gives what there is. */
  shutDown(): void {
    const { locks } = this.t;
    locks.acquire(this.mutex);
    this.write(QueueState.Shut, 1);
    this.conditions.notifyAll(this.notEmpty);
    this.conditions.notifyAll(this.notFull);
    locks.release(this.mutex);
  }

  /** As new again. While nobody else uses the queue, which was emptied. (CPython makes another.) */
  reopen(): void {
    this.write(QueueState.Shut, 0);
  }

  // --- Steps, with the lock held ---

  /** Looks again after each wait: somebody else may have been faster. */
  protected awaitRoom(): void {
    while (this.isFull()) this.conditions.wait(this.notFull, this.mutex);
  }

  protected awaitItem(): void {
    while (this.isEmpty()) this.sleepForItem();
  }

  protected sleepForItem(): void {
    this.conditions.wait(this.notEmpty, this.mutex);
  }

  /** What a wait throws: without memory it does not begin, and the lock is held still; without a run there is no lock. */
  private releaseIfHeld(error: unknown): never {
    if (error instanceof MemoryError) this.t.locks.release(this.mutex);
    throw error;
  }

  /** And nobody has shut the queue down. */
  protected isEmpty(): boolean {
    return this.read(QueueState.Length) === 0 && this.read(QueueState.Shut) === 0;
  }

  private isFull(): boolean {
    return this.read(QueueState.Length) === this.capacity && this.read(QueueState.Shut) === 0;
  }

  private append(item: Ref): void {
    const length = this.read(QueueState.Length);
    this.t.lists.set(this.ring, (this.read(QueueState.First) + length) % this.capacity, item);
    this.write(QueueState.Length, length + 1);
    this.conditions.notify(this.notEmpty);
  }

  private take(): Ref {
    const first = this.read(QueueState.First);
    const item = this.t.lists.exchange(this.ring, first, Control.None);
    this.write(QueueState.First, (first + 1) % this.capacity);
    this.write(QueueState.Length, this.read(QueueState.Length) - 1);
    this.conditions.notify(this.notFull);
    return item;
  }

  private read(which: number): number {
    const { lists, numbers, refs } = this.t;
    const value = lists.get(this.state, which);
    const number = numbers.value(value);
    refs.decref(value);
    return number;
  }

  private write(which: number, value: number): void {
    const { lists, numbers, refs } = this.t;
    const number = numbers.fromInteger(value);
    lists.set(this.state, which, number);
    refs.decref(number);
  }

  private part(queue: Ref, which: number): Ref {
    const part = this.t.tuples.get(queue, which);
    // The tuple keeps it.
    this.t.refs.decref(part);
    return part;
  }
}
