import { wordsOfBlock } from '../../allocators/blockWords.js';
import { allocatorStatistics } from '../../allocators/statistics/allocators.js';
import type { CacheStatistics, HeapStatistics } from '../../allocators/statistics/types.js';
import { Control, Geometry, Header, ThreadBlock } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { Chunk as MergeChunk } from '../../refcount/mergeQueue.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { type FreeListRow, freeListRows } from '../freeListRows.js';

/**
 * What a memory is used for: segments by owner, blocks by size, what waits, what caches keep; plain data. Its bytes
 * add up: `segments.used * segmentSize` is live + free + unused + waste. No other thread may run.
 */
export function heapStatistics(memory: SharedMemory): HeapStatistics {
  const heap = memory.i32;
  const statistics = allocatorStatistics(heap);
  return {
    ...statistics,
    waiting: { ...statistics.waiting, queuedObjects: queuedObjects(heap) },
    caches: caches(heap),
  };
}

function queuedObjects(heap: Int32Array): number {
  let count = 0;
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    for (const word of [ThreadBlock.BrcQueue, ThreadBlock.BrcLocal]) {
      let chunk = heap[threadBlock(slot) + word];
      for (; chunk !== 0; chunk = heap[chunk + MergeChunk.Next]) count += heap[chunk + MergeChunk.Count];
    }
  }
  return count;
}

function caches(heap: Int32Array): CacheStatistics[] {
  const rows = freeListRows();
  const found: CacheStatistics[] = [];
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const lists = threadBlock(slot) + ThreadBlock.FreeLists;
    for (const row of rows) addCache(heap, lists, row, `thread ${slot}`, found);
  }
  for (const row of rows) addCache(heap, Control.InterpreterFreeLists, row, 'interpreter', found);
  return found;
}

function addCache(
  heap: Int32Array,
  lists: number,
  row: FreeListRow,
  owner: string,
  found: CacheStatistics[],
): void {
  let blocks = 0;
  let bytes = 0;
  for (let block = heap[lists + row.list]; block !== 0; block = heap[block + Header.Local]) {
    blocks++;
    bytes += wordsOfBlock(heap, block) * 4;
  }
  if (blocks > 0) found.push({ owner, list: row.name, blocks, bytes });
}
