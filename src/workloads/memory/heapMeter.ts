import { Page, RawHeaps, Segment, Slice } from '../../allocators/mimalloc/layout.js';
import { firstPage, nextPage } from '../../allocators/mimalloc/segment.js';
import { Arena, State } from '../../allocators/pymalloc/layout.js';
import { walkArenas } from '../../allocators/pymalloc/walk.js';
import { allocatorStatistics } from '../../allocators/statistics/allocators.js';
import { sumSpace, totalOf } from '../../allocators/statistics/space.js';
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

  constructor(t: Thread) {
    this.shared = t.build.lock === 'gil';
    this.i32 = t.i32;
    this.id = this.shared ? RawHeaps.Id : t.id;
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
    const { owners } = allocatorStatistics(this.i32);
    const inPages = sumSpace(owners.flatMap((owner) => owner.tags));
    return { usedBytes: totalOf(inPages), liveBytes: inPages.live };
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
