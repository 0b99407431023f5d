import { assertInvariant } from '../memory/invariant.js';
import { ThreadBlock } from '../memory/layout.js';
import { slotOf } from '../threads/evalBreaker.js';
import { reached } from '../threads/qsbr.js';
import { Chunk, DelayedFree } from './delayedFree.js';

/** `DelayedFree` of the debug build: goals in order, no block twice (INV-5.3). */
export class DebugDelayedFree extends DelayedFree {
  override add(address: number, bytes: number): void {
    this.checkQueue(address);
    super.add(address, bytes);
  }

  override process(): void {
    this.checkQueue(0);
    super.process();
  }

  /** `address`: a block that must not be there. */
  private checkQueue(address: number): void {
    const heap = this.i32;
    let before: number | null = null;
    for (
      let chunk = heap[this.block + ThreadBlock.DelayedHead];
      chunk !== 0;
      chunk = heap[chunk + Chunk.Next]
    ) {
      for (let index = heap[chunk + Chunk.Read]; index < heap[chunk + Chunk.Write]; index++) {
        const item = chunk + Chunk.Items + index * Chunk.ItemWords;
        const goal = heap[item + 1];
        const last: number | null = before;
        this.assert(last === null || reached(last, goal), () => `goal ${goal} is queued behind goal ${last}`);
        this.assert(heap[item] !== address || address === 0, () => `block ${address} is freed twice`);
        before = goal;
      }
    }
  }

  private assert(holds: boolean, what: () => string): void {
    assertInvariant(holds, 'INV-5.3', slotOf(this.block), what);
  }
}
