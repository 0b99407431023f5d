import { Control, Geometry, SegmentOwner, ThreadBlock } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { wordsOfBlock } from '../blockWords.js';
import { Chunk as DelayedChunk } from '../delayedFree.js';
import { RawHeaps, Segment, SharedHeaps } from '../mimalloc/layout.js';
import { PageVisitor } from '../mimalloc/visit.js';
import { OwnerCollector } from './collector.js';
import { addHuge, addSegment, type WaitingPages } from './pages.js';
import { addArenas } from './pools.js';
import { sumSpace } from './space.js';
import type { HeapStatistics } from './types.js';

/** What can be said of the allocators alone; `queuedObjects` and caches are added on a higher floor. */
export type AllocatorStatistics = Omit<HeapStatistics, 'caches'>;

/** Walks all segments. No other thread may run. */
export function allocatorStatistics(heap: Int32Array): AllocatorStatistics {
  const owners = new Map<string, OwnerCollector>();
  const collectorOf = (owner: string): OwnerCollector => {
    const known = owners.get(owner) ?? new OwnerCollector(owner);
    owners.set(owner, known);
    return known;
  };
  const delayed = new PageVisitor(heap).delayedBlocks();
  const waiting: WaitingPages = { pages: 0, pageBytes: 0 };
  const arenaSegments: number[] = [];
  const counts = { heap: 0, huge: 0, other: 0 };
  const all = heap[Control.SegmentCount] - 1;
  for (let index = 1; index <= all; index++) {
    const segment = index << Geometry.SegmentShift;
    switch (Atomics.load(heap, Control.SegmentTable + index) as SegmentOwner) {
      case SegmentOwner.Heap:
        counts.heap++;
        addSegment(heap, segment, collectorOf(ownerOf(heap, segment)), delayed, waiting);
        break;
      case SegmentOwner.Huge:
        counts.huge += heap[segment + Segment.Run];
        addHuge(heap, segment, collectorOf('huge'));
        break;
      case SegmentOwner.Arenas:
        arenaSegments.push(segment);
        break;
      case SegmentOwner.User:
        counts.other += addForeign(heap, index, collectorOf('own allocator'), 'live');
        break;
      case SegmentOwner.DebugSites:
        counts.other += addForeign(heap, index, collectorOf('debug hooks'), 'waste');
        break;
    }
  }
  const pymalloc = arenaSegments.length > 0 ? addArenas(heap, arenaSegments, collectorOf('pymalloc')) : null;
  const finished = [...owners.values()]
    .map((owner) => owner.finish())
    .sort((a, b) => rank(a.owner) - rank(b.owner));
  return {
    segmentSize: Geometry.SegmentBytes,
    segments: {
      all,
      used: Atomics.load(heap, Control.SegmentsUsed),
      peak: Atomics.load(heap, Control.SegmentsPeak),
      ...counts,
      arenas: arenaSegments.length,
    },
    space: sumSpace(finished),
    owners: finished,
    pymalloc,
    waiting: { ...waiting, ...delayedFrees(heap), queuedObjects: 0 },
  };
}

/** Segments that are not looked into, up to the end of their run; returns how many. */
function addForeign(
  heap: Int32Array,
  index: number,
  collector: OwnerCollector,
  kind: 'live' | 'waste',
): number {
  let run = 1;
  while (Atomics.load(heap, Control.SegmentTable + index + run) === SegmentOwner.HugeTail) run++;
  collector.segments += run;
  collector.addOutside({ [kind]: run * Geometry.SegmentBytes });
  return run;
}

function ownerOf(heap: Int32Array, segment: number): string {
  const id = Atomics.load(heap, segment + Segment.ThreadId);
  if (id === 0) return 'left';
  if (id === RawHeaps.Id) return 'malloc';
  return id === SharedHeaps.Id ? 'shared heaps' : `thread ${(id - 1) >> 1}`;
}

const ORDER = ['pymalloc', 'shared heaps', 'left', 'malloc', 'huge', 'own allocator', 'debug hooks'];

/** Threads first, by slot. */
function rank(owner: string): number {
  const place = ORDER.indexOf(owner);
  return place < 0 ? Number(owner.slice('thread '.length)) : Geometry.ThreadSlots + place;
}

/** Blocks in the queues of delayed frees of all threads and of the interpreter. */
function delayedFrees(heap: Int32Array): { delayedBlocks: number; delayedBytes: number } {
  const heads = [Atomics.load(heap, Control.InterpreterDelayedHead)];
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    heads.push(heap[threadBlock(slot) + ThreadBlock.DelayedHead]);
  }
  const sum = { delayedBlocks: 0, delayedBytes: 0 };
  for (const head of heads) {
    for (let chunk = head; chunk !== 0; chunk = heap[chunk + DelayedChunk.Next]) {
      for (let index = heap[chunk + DelayedChunk.Read]; index < heap[chunk + DelayedChunk.Write]; index++) {
        if (
          (heap[chunk + DelayedChunk.Items + index * DelayedChunk.ItemWords] & DelayedChunk.ObjectTag) !==
          0
        )
          continue;
        sum.delayedBlocks++;
        sum.delayedBytes +=
          wordsOfBlock(heap, heap[chunk + DelayedChunk.Items + index * DelayedChunk.ItemWords]) * 4;
      }
    }
  }
  return sum;
}
