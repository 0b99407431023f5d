import { assertInvariant } from '../memory/invariant.js';
import { BrcBucket, Header, Immortal, SharedState, ThreadBlock } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { isWorldStopped } from '../sync/worldStopped.js';
import { slotOf, threadBlock } from '../threads/evalBreaker.js';
import { BiasedRefCounter } from './biased.js';
import { assertObject } from './debugHeader.js';
import { DebugMergeQueue } from './debugMergeQueue.js';
import { bucketOf, type MergeQueue, type MergeThread } from './mergeQueue.js';
import type { CountOptions, Ref } from './refCounter.js';
import type { UniqueIdThread } from './uniqueIds.js';

/**
 * `BiasedRefCounter` of the debug build. What it asserts holds at every instant, also while others count: where an
 * invariant has a window (INV-1.1, between the store of the owner and that of the state), only the half without one
 * is looked at here; `checkObjects` looks at the other when nobody runs.
 */
export class DebugBiasedRefCounter extends BiasedRefCounter {
  private readonly ownSlot: number = slotOf(this.queueThread.block);
  private hasLeft = false;

  constructor(
    memory: SharedMemory,
    private readonly queueThread: MergeThread & UniqueIdThread,
    options?: CountOptions,
  ) {
    super(memory, queueThread, options);
  }

  protected override makeQueue(thread: MergeThread): MergeQueue {
    return new DebugMergeQueue(thread, this);
  }

  override incref(object: Ref): void {
    const state = this.checkHeld(object);
    super.incref(object);
    this.checkState(object, state);
  }

  override decref(object: Ref): void {
    this.checkHeld(object);
    super.decref(object);
  }

  override newRefWithLock(object: Ref): void {
    const state = this.checkHeld(object);
    super.newRefWithLock(object);
    this.checkState(object, state);
  }

  override setMaybeWeakref(object: Ref): void {
    const state = this.checkHeld(object);
    super.setMaybeWeakref(object);
    this.checkState(object, state);
  }

  override start(): void {
    this.hasLeft = false;
    super.start();
  }

  override exit(): void {
    super.exit();
    this.hasLeft = true;
  }

  protected override mergeZeroLocal(object: Ref): void {
    this.assert(
      this.isOwner(this.i32, object) && this.i32[object + Header.Local] === 0,
      'INV-1.3',
      () => `${this.describe(object)} is given up by a thread that does not own it, or has counts left`,
    );
    super.mergeZeroLocal(object);
  }

  protected override publishMerged(object: Ref, extra: number): number {
    this.assert(
      this.ownerOf(object) === 0,
      'INV-1.1',
      () => `${this.describe(object)} becomes merged and still has its owner`,
    );
    const total = super.publishMerged(object, extra);
    this.assert(total >= 0, 'INV-2.1', () => `object ${object} is merged with the count ${total}`);
    return total;
  }

  override explicitMerge(object: Ref, extra: number): number {
    this.assert(this.mayMerge(object), 'INV-2.3', () => `${this.describe(object)} is merged by a stranger`);
    return super.explicitMerge(object, extra);
  }

  protected override decrefShared(object: Ref): void {
    const shared = Atomics.load(this.i32, object + Header.Shared);
    this.assert(
      (shared & SharedState.Mask) !== SharedState.Merged || shared >> SharedState.Shift > 0,
      'INV-2.1',
      () => `${this.describe(object)} is merged, and has no count to take back`,
    );
    super.decrefShared(object);
  }

  // --- Assertions ---

  /** The caller has a reference. Returns the state. */
  private checkHeld(object: Ref): number {
    const heap = this.i32;
    assertObject(heap, object, this.ownSlot);
    if (heap[object + Header.Local] === Immortal.Local) return SharedState.Default;
    // The state first: the owner is cleared before the state says merged.
    const state = Atomics.load(heap, object + Header.Shared) & SharedState.Mask;
    const owner = this.ownerOf(object);
    this.assert(
      owner === 0 || (owner & 1) === 1,
      'INV-1.4',
      () => `${this.describe(object)} was freed, and somebody has a reference`,
    );
    this.assert(
      state !== SharedState.Merged || owner === 0,
      'INV-1.1',
      () => `${this.describe(object)} is merged and has an owner`,
    );
    if (owner === this.id) this.checkOwned(object);
    return state;
  }

  private checkOwned(object: Ref): void {
    this.assert(
      !this.hasLeft,
      'INV-2.4',
      () => `${this.describe(object)} is counted after its owner has left`,
    );
    const local = this.i32[object + Header.Local];
    this.assert(
      local > 0,
      'INV-1.4',
      () => `${this.describe(object)} is owned, and the owner has no count left`,
    );
  }

  /** After an increment: the caller has a reference, so the object is the same. */
  private checkState(object: Ref, before: number): void {
    const state = Atomics.load(this.i32, object + Header.Shared) & SharedState.Mask;
    const immortal = this.i32[object + Header.Local] === Immortal.Local;
    this.assert(
      state >= before || immortal,
      'INV-1.2',
      () => `${this.describe(object)} went from state ${before} back to ${state}`,
    );
  }

  /** INV-2.3: the owner; or the owner has left its bucket, which the caller holds; or the world is stopped. */
  private mayMerge(object: Ref): boolean {
    const owner = this.ownerOf(object);
    if (owner === 0 || owner === this.id) return true;
    if (isWorldStopped(this.i32, threadBlock(this.id >> 1))) return true;
    return this.isGone(owner);
  }

  private isGone(id: number): boolean {
    const heap = this.i32;
    const bucket = bucketOf(id);
    let block = heap[bucket + BrcBucket.Head];
    while (block !== 0 && heap[block + ThreadBlock.Id] !== id) block = heap[block + ThreadBlock.BrcNext];
    return block === 0;
  }

  private ownerOf(object: Ref): number {
    return Atomics.load(this.u16, object << 1);
  }

  private describe(object: Ref): string {
    const heap = this.i32;
    const shared = Atomics.load(heap, object + Header.Shared);
    const local = heap[object + Header.Local];
    const counts = `local ${local}, shared ${shared >> SharedState.Shift}, state ${shared & SharedState.Mask}`;
    return `object ${object} (owner ${this.ownerOf(object)}, ${counts})`;
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, this.ownSlot, what);
  }
}
