import { wordsOfBlock } from '../../allocators/blockWords.js';
import type { CheckContext } from '../../allocators/check/context.js';
import { Control, Geometry, Header, PreHeader, ThreadBlock } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { type FreeListRow, freeListRows } from '../freeListRows.js';

/** The free lists of every thread and of the interpreter: counts right, no block twice, blocks large enough. */
export function checkFreeLists(context: CheckContext): void {
  const rows = freeListRows();
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const lists = threadBlock(slot) + ThreadBlock.FreeLists;
    for (const row of rows) checkList(context, lists, row, `thread slot ${slot}`);
  }
  for (const row of rows) checkList(context, Control.InterpreterFreeLists, row, 'the interpreter');
}

function checkList(context: CheckContext, lists: number, row: FreeListRow, owner: string): void {
  const heap = context.i32;
  const where = `free ${row.name} of ${owner}`;
  const counted = heap[lists + row.list + 1];
  let count = 0;
  for (let block = heap[lists + row.list]; block !== 0; block = heap[block + Header.Local]) {
    const start = blockOf(context, block);
    const wrong = context.blocks.claim(start);
    if (wrong !== null) {
      context.report(`${where}: ${block} ${wrong}`);
      return;
    }
    const words = wordsOfBlock(context.i32, start) - (block - start);
    context.expect(words >= row.words, () => `${where}: block ${block} has ${words} words, not ${row.words}`);
    count++;
  }
  const expected = counted === -1 ? 0 : counted;
  context.expect(
    count === expected && count <= row.max,
    () => `${where}: ${count} blocks, ${counted} are counted, at most ${row.max} allowed`,
  );
}

/** Where a generational collector links objects, their blocks begin in front of them. */
function blockOf(context: CheckContext, object: number): number {
  return context.blocks.isLive(object) ? object : object - PreHeader.Words;
}
