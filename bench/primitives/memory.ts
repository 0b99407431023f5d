import { HeapTag } from '../../src/memory/layout.js';
import type { Thread } from '../../src/runtime/thread.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

const TABLE = 'memory';

function allocFree(t: Thread, name: string, words: number, tag: HeapTag): Primitive {
  const { allocator } = t;
  // One block stays alive, so that its page is not given back at each free.
  allocator.alloc(words, tag);
  return {
    table: TABLE,
    name,
    shape: 'block',
    body: () => {
      for (let i = 0; i < INNER; i++) allocator.free(allocator.alloc(words, tag), tag);
    },
  };
}

export function memoryPrimitives(t: Thread): Primitive[] {
  const { gcHeap, allocator, i32: heap } = t;
  const many = new Int32Array(64);
  return [
    allocFree(t, 'alloc + free, 32 bytes', 8, HeapTag.Object),
    allocFree(t, 'alloc + free, 512 bytes', 128, HeapTag.Mem),
    allocFree(t, 'alloc + free, 4096 bytes', 1024, HeapTag.Mem),
    {
      table: TABLE,
      name: '64 blocks, then freed in the same order (each)',
      shape: 'block',
      body: () => {
        for (let round = 0; round < INNER; round += 64) {
          for (let i = 0; i < 64; i++) many[i] = allocator.alloc(12, HeapTag.Object);
          for (let i = 0; i < 64; i++) allocator.free(many[i], HeapTag.Object);
        }
      },
    },
    {
      table: TABLE,
      name: 'alloc + free for the collector',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          const object = gcHeap.alloc(8);
          // What a walk of the heap looks at: no owner, not tracked.
          heap[object] = 0;
          gcHeap.free(object);
        }
      },
    },
  ];
}
