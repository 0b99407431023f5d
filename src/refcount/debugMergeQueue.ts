import { assertInvariant } from '../memory/invariant.js';
import { Header, SharedState, ThreadBlock } from '../memory/layout.js';
import { slotOf } from '../threads/evalBreaker.js';
import { Chunk, MergeQueue } from './mergeQueue.js';
import type { Ref } from './refCounter.js';

/** `MergeQueue` of the debug build: what is queued is in state queued, once (INV-1.6, INV-2.2, INV-2.4). */
export class DebugMergeQueue extends MergeQueue {
  override removeThread(): void {
    super.removeThread();
    const heap = this.i32;
    const left =
      heap[this.block + ThreadBlock.BrcQueue] !== 0 || heap[this.block + ThreadBlock.BrcLocal] !== 0;
    this.assert(!left, 'INV-2.4', () => `thread ${this.thread.id} has left, and its queue has objects`);
  }

  protected override push(target: number, object: Ref): boolean {
    const state = Atomics.load(this.i32, object + Header.Shared) & SharedState.Mask;
    // The owner may have merged it meanwhile; it will find it in its queue all the same.
    this.assert(
      state === SharedState.Queued || state === SharedState.Merged,
      'INV-2.2',
      () => `object ${object} is put on a queue in state ${state}`,
    );
    this.assert(!this.holds(target, object), 'INV-1.6', () => `object ${object} is put on a queue twice`);
    return super.push(target, object);
  }

  /** Under the bucket's lock. */
  private holds(target: number, object: Ref): boolean {
    const heap = this.i32;
    for (let chunk = heap[target + ThreadBlock.BrcQueue]; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        if (heap[chunk + Chunk.Items + i] === object) return true;
      }
    }
    return false;
  }

  private assert(holds: boolean, name: string, what: () => string): void {
    assertInvariant(holds, name, slotOf(this.block), what);
  }
}
