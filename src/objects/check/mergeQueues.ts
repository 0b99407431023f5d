import type { CheckContext } from '../../allocators/check/context.js';
import {
  BrcBucket,
  Control,
  Geometry,
  Header,
  HeapTag,
  Immortal,
  SharedState,
  ThreadBlock,
} from '../../memory/layout.js';
import { bucketOf, Chunk as MergeChunk } from '../../refcount/mergeQueue.js';
import { ownerId, slotOf, threadBlock } from '../../threads/evalBreaker.js';
import { isLiveObject } from './objectBlock.js';

/**
 * Merge queues: a queued object is in exactly one queue exactly once, that of its owner, in state queued (INV-1.6,
 * INV-2.2); threads are in their buckets. Returns the queued objects.
 */
export function checkMergeQueues(context: CheckContext): ReadonlySet<number> {
  const members = checkBuckets(context);
  const queued = new Set<number>();
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const block = threadBlock(slot);
    const where = `merge queue of thread slot ${slot}`;
    for (const word of [ThreadBlock.BrcQueue, ThreadBlock.BrcLocal]) {
      context.expect(
        context.i32[block + word] === 0 || members.has(block),
        () => `INV-2.4: ${where} has objects, and the thread has left its bucket`,
      );
      checkQueue(context, context.i32[block + word], ownerId(block), queued, where);
    }
  }
  return queued;
}

/** Returns the thread blocks that are in their buckets. */
function checkBuckets(context: CheckContext): Set<number> {
  const heap = context.i32;
  const members = new Set<number>();
  for (let index = 0; index < Control.BucketCount; index++) {
    const bucket = Control.BrcBuckets + index * BrcBucket.Words;
    for (let block = heap[bucket + BrcBucket.Head]; block !== 0; block = heap[block + ThreadBlock.BrcNext]) {
      const slot = slotOf(block);
      const known = Number.isInteger(slot) && slot >= 0 && slot < Geometry.ThreadSlots;
      if (!known || members.has(block)) {
        context.report(
          `merge bucket ${index} leads to ${block}, ${known ? 'in two places' : 'which is no thread'}`,
        );
        break;
      }
      members.add(block);
      const home = bucketOf(ownerId(block));
      context.expect(home === bucket, () => `thread slot ${slot} is in merge bucket ${index}, not its own`);
    }
  }
  return members;
}

function checkQueue(
  context: CheckContext,
  head: number,
  id: number,
  queued: Set<number>,
  where: string,
): void {
  const heap = context.i32;
  for (let chunk = head; chunk !== 0; chunk = heap[chunk + MergeChunk.Next]) {
    const wrong = context.claim(chunk, HeapTag.Raw);
    if (wrong !== null) {
      context.report(`${where}: chunk ${chunk} ${wrong}`);
      return;
    }
    const count = heap[chunk + MergeChunk.Count];
    if (count < 0 || count > MergeChunk.Capacity) {
      context.report(`${where}: chunk ${chunk} has ${count} objects`);
      return;
    }
    for (let i = 0; i < count; i++) {
      checkQueued(context, heap[chunk + MergeChunk.Items + i], id, queued, where);
    }
  }
}

/** One entry: it holds the reference that was donated. */
function checkQueued(
  context: CheckContext,
  object: number,
  id: number,
  queued: Set<number>,
  where: string,
): void {
  const heap = context.i32;
  if (!isLiveObject(context, object)) {
    context.report(`${where}: ${object} is no live object`);
    return;
  }
  context.expect(!queued.has(object), () => `INV-1.6: ${where}: object ${object} is queued twice`);
  queued.add(object);
  const state = Atomics.load(heap, object + Header.Shared) & SharedState.Mask;
  const owner = heap[object] & Header.OwnerMask;
  // Made immortal while it was queued (gh-152276).
  if (heap[object + Header.Local] === Immortal.Local) return;
  context.expect(
    state === SharedState.Queued && owner === id,
    () => `INV-1.6: ${where}: object ${object} has the state ${state} and the owner ${owner}`,
  );
}
