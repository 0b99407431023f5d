import type { Allocator } from '../allocators/allocator.js';
import { Chunk } from '../refcount/mergeQueue.js';
import type { Ref } from '../refcount/refCounter.js';

/**
 * Chunks of words from the raw domain, filled one behind the other (CPython `_PyObjectStack`, the same chunks as the
 * merge queues'). A collector needs no other memory for the objects that it looks at, and none of the heaps it walks
 * (INV-4.4, INV-8.5). The thread that made it.
 */
abstract class Chunks {
  constructor(
    protected readonly i32: Int32Array,
    private readonly allocator: Allocator,
  ) {}

  /** An empty chunk in front of `next`. Throws MemoryError. */
  protected make(next: number): number {
    const chunk = this.allocator.rawAlloc(Chunk.Words);
    this.i32[chunk + Chunk.Next] = next;
    this.i32[chunk + Chunk.Count] = 0;
    return chunk;
  }

  protected drop(chunk: number): void {
    this.allocator.rawFree(chunk);
  }

  protected dropAll(first: number): void {
    const heap = this.i32;
    for (let chunk = first; chunk !== 0; ) {
      const next = heap[chunk + Chunk.Next];
      this.drop(chunk);
      chunk = next;
    }
  }
}

/** Last in, first out. One empty chunk is kept: a stack that goes up and down at its edge allocates nothing. */
export class ObjectStack extends Chunks {
  private top = 0;
  private spare = 0;

  isEmpty(): boolean {
    return this.top === 0;
  }

  /** Throws MemoryError; the stack is unchanged then. */
  push(object: Ref): void {
    const heap = this.i32;
    let chunk = this.top;
    if (chunk === 0 || heap[chunk + Chunk.Count] === Chunk.Capacity) chunk = this.grow();
    const count = heap[chunk + Chunk.Count];
    heap[chunk + Chunk.Items + count] = object;
    heap[chunk + Chunk.Count] = count + 1;
  }

  /** 0 if there is none. */
  pop(): Ref {
    const heap = this.i32;
    const chunk = this.top;
    if (chunk === 0) return 0;
    const count = heap[chunk + Chunk.Count] - 1;
    heap[chunk + Chunk.Count] = count;
    const object = heap[chunk + Chunk.Items + count];
    if (count === 0) this.shrink(chunk);
    return object;
  }

  /** Gives all memory back; the stack is empty. */
  free(): void {
    this.dropAll(this.top);
    this.dropAll(this.spare);
    this.top = 0;
    this.spare = 0;
  }

  private grow(): number {
    let chunk = this.spare;
    if (chunk === 0) chunk = this.make(this.top);
    else this.i32[chunk + Chunk.Next] = this.top;
    this.spare = 0;
    this.top = chunk;
    return chunk;
  }

  private shrink(chunk: number): void {
    const heap = this.i32;
    this.top = heap[chunk + Chunk.Next];
    heap[chunk + Chunk.Next] = 0;
    if (this.spare === 0) this.spare = chunk;
    else this.drop(chunk);
  }
}

/**
 * First in, first out. Whoever goes through it reads the chunks directly:
 *
 *     for (let chunk = list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next])
 *       for (let i = 0; i < heap[chunk + Chunk.Count]; i++) ... heap[chunk + Chunk.Items + i]
 */
export class ObjectList extends Chunks {
  /** Its first chunk, 0 if nothing is in it. */
  first = 0;
  private last = 0;

  /** Throws MemoryError; the list is unchanged then. */
  append(object: Ref): void {
    const heap = this.i32;
    let chunk = this.last;
    if (chunk === 0 || heap[chunk + Chunk.Count] === Chunk.Capacity) chunk = this.extend();
    const count = heap[chunk + Chunk.Count];
    heap[chunk + Chunk.Items + count] = object;
    heap[chunk + Chunk.Count] = count + 1;
  }

  isEmpty(): boolean {
    const heap = this.i32;
    let chunk = this.first;
    while (chunk !== 0 && heap[chunk + Chunk.Count] === 0) chunk = heap[chunk + Chunk.Next];
    return chunk === 0;
  }

  /**
   * Keeps what `isKept` says of each object, in order; for lists whose objects are looked at anyway. Needs no memory;
   * chunks that become empty stay until `free`.
   */
  filter(test: ObjectTest): void {
    const heap = this.i32;
    for (let chunk = this.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      const count = heap[chunk + Chunk.Count];
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const object = heap[chunk + Chunk.Items + i];
        if (!test.isKept(object)) continue;
        heap[chunk + Chunk.Items + kept] = object;
        kept++;
      }
      heap[chunk + Chunk.Count] = kept;
    }
  }

  /** Takes the first chunk off: to be gone through, and given back with `freeChunk`. 0 if there is none. */
  takeChunk(): number {
    const chunk = this.first;
    if (chunk === 0) return 0;
    this.first = this.i32[chunk + Chunk.Next];
    if (this.first === 0) this.last = 0;
    return chunk;
  }

  freeChunk(chunk: number): void {
    this.drop(chunk);
  }

  /** Gives all memory back; the list is empty. */
  free(): void {
    this.dropAll(this.first);
    this.first = 0;
    this.last = 0;
  }

  private extend(): number {
    const chunk = this.make(0);
    if (this.last === 0) this.first = chunk;
    else this.i32[this.last + Chunk.Next] = chunk;
    this.last = chunk;
    return chunk;
  }
}

/** What `ObjectList.filter` asks. */
export interface ObjectTest {
  isKept(object: Ref): boolean;
}
