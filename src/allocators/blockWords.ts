import { Control, Geometry, SegmentOwner } from '../memory/layout.js';
import { Page } from './mimalloc/layout.js';
import { pageOf } from './mimalloc/page.js';
import { Pool, Small, State } from './pymalloc/layout.js';
import { blockWords } from './pymalloc/visit.js';

/** Words of a live block, whichever allocator of the runtime has it. */
export function wordsOfBlock(heap: Int32Array, block: number): number {
  if (isPooled(heap, block)) return blockWords(heap[poolOf(heap, block) + Pool.SizeIndex]);
  return heap[pageOf(heap, block) + Page.BlockWords];
}

/** Tag of a live block. */
export function tagOfBlock(heap: Int32Array, block: number): number {
  if (isPooled(heap, block)) return (heap[poolOf(heap, block) + Pool.SizeIndex] / Small.Classes) | 0;
  return heap[pageOf(heap, block) + Page.Tag];
}

/** Whether the address lies in an arena of pymalloc. */
export function isPooled(heap: Int32Array, block: number): boolean {
  const owner = Atomics.load(heap, Control.SegmentTable + (block >>> Geometry.SegmentShift));
  return owner === SegmentOwner.Arenas;
}

/** The pool that an address in an arena lies in. */
export function poolOf(heap: Int32Array, block: number): number {
  const base = heap[Control.SegmentArenas + (block >>> Geometry.SegmentShift)];
  return block & -heap[base + State.PoolWords];
}
