import { Page, RawHeaps, Segment, Slice } from '../../allocators/mimalloc/layout.js';
import { firstPage, nextPage } from '../../allocators/mimalloc/segment.js';
import { Arena, State } from '../../allocators/pymalloc/layout.js';
import { walkArenas } from '../../allocators/pymalloc/walk.js';
import { HeapVisitor } from '../../allocators/visitor.js';
import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import type { Thread } from '../../runtime/thread.js';

/** What a workload had of the memory, in bytes. */
export interface MemoryUse {
  /** Pages of heaps and pools of arenas that hold blocks or wait to be reused, whole. */
  readonly usedBytes: number;
  /** Of that, in blocks that were alive. */
  readonly liveBytes: number;
}

/** Measures the heaps, to a page of 64 KiB or a pool of 16 KiB; a segment of 4 MiB would be too coarse. One a worker. */
export class HeapMeter {
  /** All threads share one heap: `ownWords` is everybody's then. */
  readonly shared: boolean;
  private readonly i32: Int32Array;
  private readonly id: number;
  private readonly visitor: HeapVisitor;

  constructor(t: Thread) {
    this.shared = t.build.lock === 'gil';
    this.i32 = t.i32;
    this.id = this.shared ? RawHeaps.Id : t.id;
    this.visitor = new HeapVisitor(t.memory);
  }

  /** Words in pages that this thread owns; under the GIL, that anybody has. Any time, attached. */
  ownWords(): number {
    const heap = this.i32;
    let words = 0;
    for (let index = 1; index < heap[Control.SegmentCount]; index++) {
      const segment = index << Geometry.SegmentShift;
      const owner = Atomics.load(heap, Control.SegmentTable + index);
      // Declared racy read of the segment's owner: it equals the own id only if this thread wrote it.
      if (owner === SegmentOwner.Heap && heap[segment + Segment.ThreadId] === this.id) {
        words += this.pageWords(segment);
      }
    }
    return this.shared ? words + this.poolWords() : words;
  }

  /** Of all threads. None of them may run but this one. */
  total(): MemoryUse {
    const live = this.visitor.totals().bytes.reduce((sum, bytes) => sum + bytes, 0);
    return { usedBytes: this.allWords() * 4, liveBytes: live };
  }

  private allWords(): number {
    const heap = this.i32;
    let words = 0;
    for (let index = 1; index < heap[Control.SegmentCount]; index++) {
      const segment = index << Geometry.SegmentShift;
      switch (Atomics.load(heap, Control.SegmentTable + index) as SegmentOwner) {
        case SegmentOwner.Heap:
          words += this.pageWords(segment);
          break;
        case SegmentOwner.Huge:
        case SegmentOwner.HugeTail:
          words += Geometry.SegmentWords;
          break;
      }
    }
    return words + this.poolWords();
  }

  private pageWords(segment: number): number {
    const heap = this.i32;
    let slices = 0;
    for (let page = firstPage(segment); page !== 0; page = nextPage(heap, page)) {
      if (heap[page + Page.BlockWords] !== 0) slices += heap[page + Page.SliceCount];
    }
    return slices << Slice.Shift;
  }

  /** Words of the pools in use, of all arenas. */
  private poolWords(): number {
    const heap = this.i32;
    const base = Control.InterpreterAllocator;
    let pools = 0;
    walkArenas(heap, base, (arena) => {
      pools += heap[arena + Arena.TotalPools] - heap[arena + Arena.FreePoolCount];
    });
    return pools * heap[base + State.PoolWords];
  }
}
