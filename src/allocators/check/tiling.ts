import { Page, Segment, Slice } from '../mimalloc/layout.js';
import { firstPage } from '../mimalloc/segment.js';
import type { CheckContext } from './context.js';
import { ownerName } from './names.js';

/**
 * Walks a segment's slices: pages and spans tile it exactly, each slice knows its page, no two spans touch, and the
 * header counts right. What it finds goes into the context.
 */
export function checkTiling(context: CheckContext, segment: number, owners: ReadonlySet<number>): void {
  const heap = context.i32;
  const owner = Atomics.load(heap, segment + Segment.ThreadId);
  context.expect(
    owner === 0 || owners.has(owner),
    () => `segment ${segment} belongs to ${owner}, which is no thread's id`,
  );
  context.expect(
    heap[segment + Segment.Run] === 0,
    () => `segment ${segment} of pages has the run ${heap[segment + Segment.Run]} of a huge block`,
  );
  const end = segment + Segment.Pages + (Slice.PerSegment << Page.Shift);
  let used = 0;
  let spanBefore = false;
  for (let page = firstPage(segment); page < end; ) {
    const slices = heap[page + Page.SliceCount];
    if (slices < 1 || page + (slices << Page.Shift) > end) {
      context.report(`segment ${segment}: slice ${sliceOf(page)} begins a page of ${slices} slices`);
      return;
    }
    const isSpan = heap[page + Page.BlockWords] === 0;
    if (isSpan) {
      context.expect(!spanBefore, () => `segment ${segment}: two spans meet at slice ${sliceOf(page)}`);
      addSpan(context, page, slices, owner);
    } else {
      used++;
      addPage(context, segment, page, slices, owner);
    }
    spanBefore = isSpan;
    page += slices << Page.Shift;
  }
  checkHeader(context, segment, owner, used);
}

function sliceOf(page: number): number {
  return ((page - Segment.Pages) >> Page.Shift) & (Slice.PerSegment - 1);
}

function addSpan(context: CheckContext, span: number, slices: number, owner: number): void {
  const heap = context.i32;
  const last = span + ((slices - 1) << Page.Shift);
  context.expect(
    heap[span + Page.SliceOffset] === 0 && heap[last + Page.SliceOffset] === last - span,
    () => `span ${span} (${ownerName(owner)}): its last slice does not lead back to the first`,
  );
  if (owner !== 0) context.spans.set(span, { owner, queued: false });
}

function addPage(context: CheckContext, segment: number, page: number, slices: number, owner: number): void {
  const heap = context.i32;
  context.pages.set(page, { page, segment, owner, queued: false, waiting: false, delayed: [] });
  for (let i = 0; i < slices; i++) {
    const slice = page + (i << Page.Shift);
    context.expect(
      heap[slice + Page.SliceOffset] === i << Page.Shift,
      () => `page ${page}: slice ${i} leads back ${heap[slice + Page.SliceOffset]} words`,
    );
    const expected = i === 0 ? owner : 0;
    context.expect(
      Atomics.load(heap, slice + Page.Owner) === expected,
      () => `page ${page}: slice ${i} has the owner ${heap[slice + Page.Owner]}, not ${expected}`,
    );
  }
}

function checkHeader(context: CheckContext, segment: number, owner: number, used: number): void {
  const heap = context.i32;
  const counted = heap[segment + Segment.Used];
  const abandoned = heap[segment + Segment.Abandoned];
  context.expect(used > 0, () => `segment ${segment} (${ownerName(owner)}) has no page: it should be free`);
  context.expect(counted === used, () => `segment ${segment} has ${used} pages, ${counted} are counted`);
  const expected = owner === 0 ? used : 0;
  context.expect(
    abandoned === expected,
    () => `segment ${segment} (${ownerName(owner)}) counts ${abandoned} abandoned pages, not ${expected}`,
  );
}
