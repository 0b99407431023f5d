import { tagOfBlock } from '../../allocators/blockWords.js';
import { type CheckContext, Placing } from '../../allocators/check/context.js';
import { DebugBlock, Fill } from '../../allocators/debug/layout.js';
import { HeapTag, PreHeader } from '../../memory/layout.js';
import { objectInBlock } from '../../memory/objectInBlock.js';

/** Whether an object may be at this address: a block of its kind is live there, and no cache holds it. */
export function isLiveObject(context: CheckContext, object: number): boolean {
  const placing = context.placings.object;
  if (placing === Placing.Unknown) return true;
  const block = placing === Placing.Hooked ? object - DebugBlock.PrefixWords : object;
  return isObjectIn(context, block, false) || isObjectIn(context, block - PreHeader.Words, true);
}

function isObjectIn(context: CheckContext, block: number, preHeader: boolean): boolean {
  if (!context.blocks.isLive(block) || context.blocks.isClaimed(block)) return false;
  const tag = tagOfBlock(context.i32, block);
  return preHeader ? tag === HeapTag.GcPre : tag === HeapTag.Object || tag === HeapTag.Gc;
}

/** The object in a live block of this tag; 0 if debug hooks keep the block although it was freed. */
export function objectIn(context: CheckContext, block: number, tag: HeapTag): number {
  const hooked = context.placings.object === Placing.Hooked;
  if (hooked && isFreedBlock(context.i32, block)) return 0;
  const address = hooked ? block + DebugBlock.PrefixWords : block;
  return objectInBlock(address, tag);
}

/** Debug hooks keep freed blocks for a while, filled. */
function isFreedBlock(heap: Int32Array, block: number): boolean {
  return heap[block + DebugBlock.Domain] === Fill.Dead && heap[block + DebugBlock.Guard] === Fill.Dead;
}
