import { HeapTag } from '../../memory/layout.js';
import { Pool, PoolIndex, Small } from '../pymalloc/layout.js';
import { blockWords } from '../pymalloc/visit.js';
import type { CheckContext } from './context.js';

/** The three states of a pool. */
export const enum PoolKind {
  /** In no list. */
  Full = 0,
  /** In the used-pool table. */
  Used = 1,
  /** In its arena's list of free pools. */
  Empty = 2,
}

/** A pool's blocks: count, list of free ones, and what is not carved yet; state and contents agree (INV-3.2). */
export function checkPool(context: CheckContext, pool: number, kind: PoolKind, poolWords: number): void {
  const heap = context.i32;
  const index = heap[pool + Pool.SizeIndex];
  if (index === PoolIndex.Never && kind === PoolKind.Empty) return;
  if (index < 0 || index >= HeapTag.Count * Small.Classes) {
    context.report(`pool ${pool} has the unknown class ${index}`);
    return;
  }
  const words = blockWords(index);
  const name = `pool ${pool} (${words * 4}-byte blocks)`;
  const carved = carvedBlocks(heap, pool, words, poolWords);
  if (carved < 0) {
    context.report(`${name}: the next block to carve lies at ${heap[pool + Pool.NextOffset]}`);
    return;
  }
  context.blocks.addLive(pool + Pool.HeaderWords, words, carved);
  const free = walkFree(context, pool, words, carved, name);
  const count = heap[pool + Pool.Count];
  context.expect(
    count + free === carved,
    () => `${name}: ${count} used and ${free} free blocks are not ${carved} carved`,
  );
  checkState(context, pool, kind, name, ((poolWords - Pool.HeaderWords) / words) | 0, carved);
}

/** Blocks carved so far, -1 if the offset cannot be. */
function carvedBlocks(heap: Int32Array, pool: number, words: number, poolWords: number): number {
  const next = heap[pool + Pool.NextOffset];
  const last = heap[pool + Pool.MaxNextOffset];
  const carved = (next - Pool.HeaderWords) / words;
  const possible = last === poolWords - words && next >= Pool.HeaderWords && next <= poolWords;
  return possible && Number.isInteger(carved) ? carved : -1;
}

function walkFree(context: CheckContext, pool: number, words: number, carved: number, name: string): number {
  const heap = context.i32;
  const first = pool + Pool.HeaderWords;
  let free = 0;
  for (let block = heap[pool + Pool.FreeBlock]; block !== 0; block = heap[block]) {
    const place = (block - first) / words;
    if (!Number.isInteger(place) || place < 0 || place >= carved) {
      context.report(`${name}: free block ${block} is no block of it`);
      return free;
    }
    if (!context.blocks.setFree(block)) {
      context.report(`${name}: block ${block} is free twice`);
      return free;
    }
    free++;
  }
  return free;
}

/** INV-3.2: full, in no list; empty, in the arena's list; else in the used-pool table, with a free block. */
function checkState(
  context: CheckContext,
  pool: number,
  kind: PoolKind,
  name: string,
  most: number,
  carved: number,
): void {
  const heap = context.i32;
  const count = heap[pool + Pool.Count];
  const hasFree = heap[pool + Pool.FreeBlock] !== 0;
  if (kind === PoolKind.Empty) {
    context.expect(count === 0, () => `INV-3.2: ${name} is free and has ${count} used blocks`);
  } else if (kind === PoolKind.Used) {
    context.expect(
      count > 0 && hasFree,
      () =>
        `INV-3.2: ${name} is in the used-pool table with ${count} used blocks${hasFree ? '' : ', none free'}`,
    );
  } else {
    context.expect(
      count === most && carved === most && !hasFree,
      () => `INV-3.2: ${name} is in no list with ${count} of ${most} blocks used`,
    );
  }
}
