import { binOf, requestBin, spanBin } from '../mimalloc/bins.js';
import { Bin, Heap, Page, Queue, Spans } from '../mimalloc/layout.js';
import { queueAddress } from '../mimalloc/pageQueue.js';
import type { CheckContext } from './context.js';
import type { HeapSetPlace } from './heapSets.js';
import { ownerName, pageName, tagName } from './names.js';

/** The queues of a set of heaps: pages by bin, spans by length, pages that wait for their goals. */
export function checkHeapSet(context: CheckContext, set: HeapSetPlace): void {
  for (let tag = 0; tag < set.count; tag++) {
    const base = set.heaps + tag * Heap.Words;
    let pages = 0;
    for (let bin = 0; bin < Bin.Count; bin++) pages += checkQueue(context, set, tag, base, bin);
    const counted = context.i32[base + Heap.PageCount];
    context.expect(
      counted === pages,
      () => `heap ${tagName(tag)} of ${ownerName(set.id)} has ${pages} pages, ${counted} are counted`,
    );
    checkDirect(context, set, tag, base);
  }
  for (let bin = 0; bin < Spans.QueueCount; bin++) checkSpanQueue(context, set, bin);
  if (set.qsbrHead !== 0) checkWaitingPages(context, set);
}

function checkQueue(
  context: CheckContext,
  set: HeapSetPlace,
  tag: number,
  base: number,
  bin: number,
): number {
  const heap = context.i32;
  const queue = queueAddress(base, bin);
  const where = `queue ${bin === Bin.Full ? 'full' : bin} of heap ${tagName(tag)} of ${ownerName(set.id)}`;
  let count = 0;
  let previous = 0;
  for (let page = heap[queue + Queue.First]; page !== 0; page = heap[page + Page.Next]) {
    const record = context.pages.get(page);
    if (record === undefined || record.queued) {
      context.report(`${where}: ${page} is ${record === undefined ? 'no page' : 'in two queues, or twice'}`);
      return count;
    }
    record.queued = true;
    count++;
    const name = pageName(heap, page, record.owner);
    context.expect(record.owner === set.id, () => `${where}: ${name} belongs to somebody else`);
    context.expect(heap[page + Page.Tag] === tag, () => `${where}: ${name} has another tag`);
    context.expect(heap[page + Page.Previous] === previous, () => `${where}: ${name} is linked wrongly`);
    checkPlace(context, page, base, bin, `${where}: ${name}`);
    previous = page;
  }
  context.expect(heap[queue + Queue.Last] === previous, () => `${where}: its last page is not the last`);
  return count;
}

/** The page knows its heap and its bin, and whether it is full. */
function checkPlace(context: CheckContext, page: number, base: number, bin: number, where: string): void {
  const heap = context.i32;
  const home = requestBin(heap[page + Page.BlockWords]);
  context.expect(Atomics.load(heap, page + Page.Heap) === base, () => `${where} says it is of another heap`);
  context.expect(
    heap[page + Page.Queue] === queueAddress(base, home) && (bin === home || bin === Bin.Full),
    () => `${where} belongs in bin ${home}`,
  );
  context.expect(
    heap[page + Page.InFull] === (bin === Bin.Full ? 1 : 0),
    () => `${where} has the wrong mark for full pages`,
  );
}

/** The shortcut from a request's size to a page is the head of the size's bin. */
function checkDirect(context: CheckContext, set: HeapSetPlace, tag: number, base: number): void {
  const heap = context.i32;
  for (let granules = 0; granules < Heap.DirectCount; granules++) {
    const expected = granules === 0 ? 0 : heap[queueAddress(base, binOf(granules << 2)) + Queue.First];
    const found = heap[base + Heap.Direct + granules];
    context.expect(
      found === expected,
      () =>
        `heap ${tagName(tag)} of ${ownerName(set.id)}: requests of ${granules * 16} bytes go to page ${found}, not ${expected}`,
    );
  }
}

function checkSpanQueue(context: CheckContext, set: HeapSetPlace, bin: number): void {
  const heap = context.i32;
  const queue = set.spans + bin * Spans.QueueWords;
  const where = `span queue ${bin} of ${ownerName(set.id)}`;
  let previous = 0;
  for (let span = heap[queue + Spans.First]; span !== 0; span = heap[span + Page.Next]) {
    const record = context.spans.get(span);
    if (record === undefined || record.queued) {
      context.report(`${where}: ${span} is ${record === undefined ? 'no span' : 'in two queues, or twice'}`);
      return;
    }
    record.queued = true;
    context.expect(record.owner === set.id, () => `${where}: span ${span} belongs to somebody else`);
    context.expect(heap[span + Page.Previous] === previous, () => `${where}: span ${span} is linked wrongly`);
    context.expect(
      spanBin(heap[span + Page.SliceCount]) === bin,
      () => `${where}: span ${span} has ${heap[span + Page.SliceCount]} slices`,
    );
    previous = span;
  }
  context.expect(heap[queue + Spans.Last] === previous, () => `${where}: its last span is not the last`);
}

/** Pages of objects that are empty and wait for readers (CPython `mimalloc.page_list`). */
function checkWaitingPages(context: CheckContext, set: HeapSetPlace): void {
  const heap = context.i32;
  const where = `the list of waiting pages of ${ownerName(set.id)}`;
  let previous = 0;
  for (let page = heap[set.qsbrHead]; page !== 0; page = heap[page + Page.QsbrNext]) {
    const record = context.pages.get(page);
    if (record === undefined || record.waiting) {
      context.report(`${where}: ${page} is ${record === undefined ? 'no page' : 'there twice'}`);
      return;
    }
    record.waiting = true;
    const name = pageName(heap, page, record.owner);
    context.expect(record.owner === set.id, () => `${where}: ${name} belongs to somebody else`);
    context.expect(heap[page + Page.QsbrPrevious] === previous, () => `${where}: ${name} is linked wrongly`);
    previous = page;
  }
  context.expect(heap[set.qsbrTail] === previous, () => `${where}: its last page is not the last`);
}

/** After all queues: nothing that belongs to a thread is in none. */
export function checkNothingLost(context: CheckContext): void {
  const heap = context.i32;
  for (const { page, owner, queued } of context.pages.values()) {
    context.expect(
      queued === (owner !== 0),
      () => `${pageName(heap, page, owner)} is in ${queued ? 'a queue although abandoned' : 'no queue'}`,
    );
  }
  for (const [span, { owner, queued }] of context.spans) {
    const slices = heap[span + Page.SliceCount];
    context.expect(queued, () => `span ${span} (${ownerName(owner)}, ${slices} slices) is in no queue`);
  }
}
