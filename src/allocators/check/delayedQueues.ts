import { Control, Geometry, HeapTag, SegmentOwner, ThreadBlock } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { Chunk as DelayedChunk } from '../delayedFree.js';
import { Slice } from '../mimalloc/layout.js';
import type { CheckContext } from './context.js';

/**
 * Queues of delayed frees, of threads and of the interpreter: chunks are blocks, each waiting block is live and
 * there once, goals of a thread's queue never decrease (INV-5.3), and none lies beyond the next advance.
 */
export function checkDelayedQueues(context: CheckContext): void {
  const heap = context.i32;
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const block = threadBlock(slot);
    const where = `delayed frees of thread slot ${slot}`;
    const last = checkChunks(context, heap[block + ThreadBlock.DelayedHead], true, where);
    context.expect(
      heap[block + ThreadBlock.DelayedTail] === last,
      () => `${where}: the last chunk is ${last}, not ${heap[block + ThreadBlock.DelayedTail]}`,
    );
  }
  // Chunks of several threads: only within each of them goals are in order.
  checkChunks(
    context,
    Atomics.load(heap, Control.InterpreterDelayedHead),
    false,
    "the interpreter's delayed frees",
  );
}

/** Returns the last chunk, 0 if there is none. */
function checkChunks(context: CheckContext, head: number, ordered: boolean, where: string): number {
  const heap = context.i32;
  let goal: number | null = null;
  let last = 0;
  for (let chunk = head; chunk !== 0; chunk = heap[chunk + DelayedChunk.Next]) {
    const wrong = context.claim(chunk, HeapTag.Raw);
    if (wrong !== null) {
      context.report(`${where}: chunk ${chunk} ${wrong}`);
      return last;
    }
    goal = checkItems(context, chunk, ordered ? goal : null, where);
    last = chunk;
  }
  return last;
}

/** Checks a chunk's items against each other and `goal`, that of the item before; returns the last one's. */
function checkItems(context: CheckContext, chunk: number, goal: number | null, where: string): number | null {
  const heap = context.i32;
  const read = heap[chunk + DelayedChunk.Read];
  const write = heap[chunk + DelayedChunk.Write];
  if (read < 0 || read > write || write > DelayedChunk.Capacity) {
    context.report(`${where}: chunk ${chunk} has items from ${read} to ${write}`);
    return goal;
  }
  const furthest = (Atomics.load(heap, Control.WriteSequence) + 2) | 0;
  let before = goal;
  for (let index = read; index < write; index++) {
    const item = chunk + DelayedChunk.Items + index * DelayedChunk.ItemWords;
    checkBlock(context, heap[item], where);
    const next = heap[item + 1];
    context.expect(
      before === null || ((next - before) | 0) >= 0,
      () => `INV-5.3: ${where}: goal ${next} comes after ${before}`,
    );
    context.expect(
      (next & 1) === 1 && ((next - furthest) | 0) <= 0,
      () => `${where}: goal ${next} is beyond the next advance, or none at all`,
    );
    before = next;
  }
  return before;
}

/**
 * A block is the queue's alone, an object's reference is one of several: whoever walks the objects checks it. A huge
 * object's run is in the queue as it is, without what debug hooks make of it.
 */
function checkBlock(context: CheckContext, item: number, where: string): void {
  if ((item & DelayedChunk.ObjectTag) !== 0) {
    context.delayedObjects.push(item & ~DelayedChunk.ObjectTag);
    return;
  }
  const wrong = isHugeBlock(context.i32, item)
    ? context.blocks.claim(item)
    : context.claim(item, HeapTag.Mem);
  if (wrong !== null) context.report(`${where}: ${item} ${wrong}`);
}

function isHugeBlock(heap: Int32Array, address: number): boolean {
  const owner = Atomics.load(heap, Control.SegmentTable + (address >>> Geometry.SegmentShift));
  return owner === SegmentOwner.Huge && (address & Geometry.SegmentMask) === Slice.Words;
}
