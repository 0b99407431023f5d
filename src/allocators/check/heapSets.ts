import { Geometry, HeapTag, ThreadBlock } from '../../memory/layout.js';
import { ownerId, threadBlock } from '../../threads/evalBreaker.js';
import { RawHeaps, SharedHeaps, ThreadHeaps } from '../mimalloc/layout.js';

/** A set of heaps, one a tag, with spans of their own: a thread's, or one that threads share. */
export interface HeapSetPlace {
  /** What its segments carry. */
  readonly id: number;
  /** Address of the first `Heap`. */
  readonly heaps: number;
  /** How many, from tag 0 on. */
  readonly count: number;
  readonly spans: number;
  /** Heads of its list of pages that wait for their goals; 0: it has none. */
  readonly qsbrHead: number;
  readonly qsbrTail: number;
}

/** Every set of heaps that there can be, of threads that have left (empty ones) or never came also. */
export function heapSets(): HeapSetPlace[] {
  const sets: HeapSetPlace[] = [];
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const block = threadBlock(slot);
    sets.push({
      id: ownerId(block),
      heaps: block + ThreadHeaps.Heaps,
      count: HeapTag.Count,
      spans: block + ThreadHeaps.Spans,
      qsbrHead: block + ThreadBlock.QsbrPagesHead,
      qsbrTail: block + ThreadBlock.QsbrPagesTail,
    });
  }
  sets.push({
    id: SharedHeaps.Id,
    heaps: SharedHeaps.Heaps,
    count: HeapTag.Count,
    spans: SharedHeaps.Spans,
    qsbrHead: SharedHeaps.Block + ThreadBlock.QsbrPagesHead,
    qsbrTail: SharedHeaps.Block + ThreadBlock.QsbrPagesTail,
  });
  sets.push({
    id: RawHeaps.Id,
    heaps: RawHeaps.Heaps,
    count: RawHeaps.Count,
    spans: RawHeaps.Spans,
    qsbrHead: 0,
    qsbrTail: 0,
  });
  return sets;
}
