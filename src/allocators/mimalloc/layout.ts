import { Control, Geometry, ThreadBlock } from '../../memory/layout.js';

/**
 * Layouts of the mimalloc heaps (CPython's vendored `mimalloc/types.h`), scaled from 32 MiB segments to 4 MiB.
 * A word is the owner's unless it says otherwise: plain accesses by the thread whose id the segment carries.
 * Offsets in words.
 */

/** Sizes. A granule is 16 bytes, the alignment of every block. */
export const enum Slice {
  /** 64 KiB. */
  Shift = 14,
  Words = 1 << Shift,
  PerSegment = Geometry.SegmentWords >> Shift,
  /** A small page is one slice, for blocks up to a quarter of it (16 KiB). */
  SmallMaxWords = Words >> 2,
  /** A medium page is 512 KiB, for blocks up to 128 KiB. */
  MediumSlices = 8,
  MediumMaxWords = (MediumSlices * Words) >> 2,
  /** A larger block has a page of its own, up to half a segment; beyond that a run of segments. */
  LargeMaxWords = Geometry.SegmentWords >> 1,
  /** Requests up to this (1 KiB) find their page through `Heap.Direct`. */
  DirectMaxWords = 256,
}

/** Header of a segment; lies in slice 0. */
export const enum Segment {
  /**
   * Owner id of the thread whose heaps have this segment; 0 while abandoned, and in huge segments. Written with
   * Atomics; may be read plainly (declared racy read, see `MimallocAllocator.free`).
   */
  ThreadId = 0,
  /** Huge: segments in the run; else 0. Constant while the segment is claimed. */
  Run = 1,
  /** Pages in use, and how many of them are abandoned. */
  Used = 2,
  Abandoned = 3,
  /** Atomic: next in the abandoned pool. Readers may look at it long after the segment has left the pool. */
  NextAbandoned = 4,
  /** How often a thread in need took it out of the pool in vain. By whoever took it. */
  Visits = 5,
  /** `Page` structs, one a slice. */
  Pages = 64,
}

/**
 * A page, or a span of free slices. The struct of its first slice counts; the others only know how far back that is.
 *
 * Three lists of free blocks, linked through word 0:
 *   Free         allocation pops here, nothing else does;
 *   LocalFree    the owner frees here, moved to Free when that is empty: so allocation has a regular slow path;
 *   XThreadFree  other threads free here.
 * INV-4.1 Used + |Free| + |LocalFree| = Capacity, `FullUsed` for `Used` in a full page: blocks in XThreadFree count
 * as used until they are collected.
 * INV-4.2 Capacity <= Reserved: blocks beyond were never carved.
 */
export const enum Page {
  Free = 0,
  Used = 1,
  LocalFree = 2,
  /**
   * `Segment.ThreadId` again, in the first slice of a page; 0 in its other slices, while abandoned, and in huge
   * pages. One load tells `free` that the block is its own and that this struct is its page's. Written with
   * Atomics, read plainly (declared racy read, see `MimallocAllocator.free`).
   */
  Owner = 3,
  /** Size of a block; 0 marks a span of free slices. */
  BlockWords = 4,
  SliceCount = 5,
  /** In every slice of a page, and the last one of a span: words back to the first slice's struct. */
  SliceOffset = 6,
  Tag = 7,
  Capacity = 8,
  Reserved = 9,
  /** First block. */
  Start = 10,
  /** Empty page kept for a while: ticks left, 0 = not retired. */
  RetireExpire = 11,
  /** Neighbours in the bin queue, the queue of full pages, or a span queue. */
  Next = 12,
  Previous = 13,
  /** Address of its bin's `Queue`. */
  Queue = 14,
  /** 1 while in the heap's queue of full pages. `Used` is 1 then, so that the next free sees it become 0. */
  InFull = 15,

  /** Atomic. Blocks freed by other threads | `Delayed`. A line of its own: foreign writers. */
  XThreadFree = 16,
  /** Atomic. Address of the owning `Heap`; 0 while abandoned. Foreign threads read it in state Freeing only. */
  Heap = 17,
  /** The page is empty and may be used for something else once this is reached; 0 none. */
  QsbrGoal = 18,
  QsbrNext = 19,
  QsbrPrevious = 20,
  /** 1 while in the thread's list of pages with goals. */
  QsbrLinked = 21,
  /** While in the queue of full pages: what `Used` was. */
  FullUsed = 22,

  Shift = 5,
  Words = 1 << Shift,
}

/** Low bits of `Page.XThreadFree`: what a foreign free must do (mimalloc's `mi_delayed_t`). */
export const enum Delayed {
  /** The page is full: tell its heap, through the heap's list of delayed frees. */
  Use = 0,
  /** Somebody is doing so; the heap must stay. */
  Freeing = 1,
  /** The owner will find the page's list by itself. */
  No = 2,
  /** As No, and for good: the page is abandoned. */
  Never = 3,
  Mask = 3,
}

/** Bins of sizes: see bins.ts. */
export const enum Bin {
  /** Upper bin of medium blocks (128 KiB). */
  MediumLast = 52,
  /** Large blocks, one a page. */
  Huge = 73,
  Full = 74,
  Count = 75,
}

/** A queue of pages. */
export const enum Queue {
  First = 0,
  Last = 1,
  BlockWords = 2,
  Words = 3,
}

/** A heap: the pages of one thread and one tag. */
export const enum Heap {
  /**
   * By granules of the request, 1 to 64: the page to try first. 0 is the page that is always empty: words 0 to 15
   * of the memory are never written, so its `Free` list reads as 0. (mimalloc: `_mi_page_empty`.)
   */
  Direct = 0,
  DirectCount = 65,
  /** Atomic. Blocks of full pages freed by other threads. On a line of its own. */
  ThreadDelayedFree = 80,
  Tag = 96,
  PageCount = 97,
  /** 1 if some page may have a `RetireExpire`. */
  Retired = 98,
  Queues = 112,
  Words = 512,
}

/** Free slices, shared by the heaps of a thread: 20 queues of spans by length. */
export const enum Spans {
  First = 0,
  Last = 1,
  QueueWords = 2,
  QueueCount = 20,
}

/** Where the heaps of a thread lie in its block. */
export const enum ThreadHeaps {
  Heaps = ThreadBlock.Heaps,
  Spans = ThreadBlock.Heaps + 4 * Heap.Words,
}

/** Where the heaps of `malloc` lie: tags 0 to 3, and the raw domain's. */
export const enum RawHeaps {
  Heaps = Control.InterpreterAllocator + 1024,
  /** With `HeapTag.Raw`. */
  Count = 5,
  Spans = Heaps + Count * Heap.Words,
  /** 1 once they have been set up. */
  Started = Spans + 64,
  /** Owner id of their segments: odd, and no thread's. */
  Id = 0xfffd,
}

/** Where the heaps lie that all threads share, in a build without heaps of their own. */
export const enum SharedHeaps {
  /** Laid out as a `ThreadBlock`, of which the list of empty pages and the heaps are used. */
  Block = Control.SharedHeaps,
  /** RawMutex over all of it. */
  Lock = Block,
  Started = Block + 1,
  Heaps = Block + ThreadBlock.Heaps,
  Spans = Heaps + 4 * Heap.Words,
  Id = 0xfff9,
}

/** Retirement (mimalloc: `MI_RETIRE_CYCLES`). */
export const enum Retire {
  SmallCycles = 17,
  OtherCycles = 5,
}
