import { Page, RawHeaps, SharedHeaps } from '../mimalloc/layout.js';

const TAGS = ['mem', 'object', 'gc', 'gc-pre', 'raw'];

/** A heap's tag as reports show it. */
export function tagName(tag: number): string {
  return TAGS[tag] ?? `tag ${tag}`;
}

/** Whose segment this is, by `Segment.ThreadId`. */
export function ownerName(id: number): string {
  if (id === 0) return 'abandoned';
  if (id === RawHeaps.Id) return 'malloc';
  if (id === SharedHeaps.Id) return 'shared heaps';
  return `thread slot ${(id - 1) >> 1}`;
}

/** A page with what it says about itself. */
export function pageName(heap: Int32Array, page: number, owner: number): string {
  const bytes = heap[page + Page.BlockWords] * 4;
  return `page ${page} (${ownerName(owner)}, ${tagName(heap[page + Page.Tag])}, ${bytes}-byte blocks)`;
}
