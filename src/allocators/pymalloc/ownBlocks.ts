import { Control } from '../../memory/layout.js';
import { Radix, State } from './layout.js';

/**
 * What pymalloc has from the raw allocator for itself, in all interpreters: arrays of arena objects and nodes of radix
 * trees. No debug hooks are over them. No other thread may run.
 */
export function ownBlocks(heap: Int32Array): Set<number> {
  const blocks = new Set<number>();
  const bases = new Set<number>([Control.InterpreterAllocator]);
  for (let number = 1; number < heap[Control.SegmentCount]; number++) {
    bases.add(heap[Control.SegmentArenas + number]);
  }
  bases.delete(0);
  for (const base of bases) {
    blocks.add(heap[base + State.Arenas]);
    for (const middle of entries(heap, base + State.MapRoot)) {
      blocks.add(middle);
      for (const bottom of entries(heap, middle)) blocks.add(bottom);
    }
  }
  blocks.delete(0);
  return blocks;
}

/** The nodes that a node of the tree leads to. */
function entries(heap: Int32Array, node: number): number[] {
  return [...heap.subarray(node, node + Radix.InteriorEntries)].filter((entry) => entry !== 0);
}
