import type { Allocator } from '../../allocators/allocator.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { Chunk, Entry } from './layout.js';

/**
 * What a marker has still to look at: spans of references, in chunks of the raw domain (CPython `_PyObjectStack`, and the
 * span stack of `gc_mark_stack`). One thread's own.
 */
export class MarkStack {
  protected readonly i32: Int32Array;
  /** The chunk on top, 0 before `open`; its oldest entry; behind its newest one; its end. */
  protected chunk = 0;
  protected bottom = 0;
  protected top = 0;
  protected limit = 0;
  /** Chunks to be used again, linked. */
  private spare = 0;

  constructor(
    memory: SharedMemory,
    protected readonly allocator: Allocator,
  ) {
    this.i32 = memory.i32;
  }

  /** Before the first push. Throws MemoryError. */
  protected open(): void {
    this.enter(this.takeChunk(), 0);
  }

  /** Gives all memory back, whatever is left. */
  protected close(): void {
    const heap = this.i32;
    for (const first of [this.chunk, this.spare]) {
      for (let chunk = first; chunk !== 0; ) {
        const next = heap[chunk + Chunk.Below];
        this.allocator.rawFree(chunk);
        chunk = next;
      }
    }
    this.chunk = 0;
    this.spare = 0;
    this.bottom = 0;
    this.top = 0;
    this.limit = 0;
  }

  /** `count` references from `start` on, `step` words from one to the next. Throws MemoryError. */
  protected push(start: number, count: number, step: number): void {
    if (this.top === this.limit) this.filled();
    const heap = this.i32;
    const { top } = this;
    heap[top + Entry.Start] = start;
    heap[top + Entry.Count] = (count << Entry.StepBits) | step;
    this.top = top + Entry.Words;
  }

  /** Whether there is an entry: then it is on top, and `this.top` may be taken back over it. */
  protected hasEntry(): boolean {
    return this.top !== this.bottom || this.descend();
  }

  /** The chunk has no room. Throws MemoryError. */
  protected filled(): void {
    this.i32[this.chunk + Chunk.First] = this.bottom;
    this.enter(this.takeChunk(), this.chunk);
  }

  /** An empty chunk on top of another one, or of none. */
  protected enter(chunk: number, below: number): void {
    this.i32[chunk + Chunk.Below] = below;
    this.chunk = chunk;
    this.bottom = chunk + Chunk.Entries;
    this.top = this.bottom;
    this.limit = chunk + Chunk.Words;
  }

  /** A chunk with entries in the place of the one on top, which is empty. `end`: behind its newest one. */
  protected adopt(chunk: number, end: number): void {
    const heap = this.i32;
    const below = heap[chunk + Chunk.Below];
    this.keepChunk(this.chunk);
    this.enter(chunk, below);
    this.bottom = heap[chunk + Chunk.First];
    this.top = end;
  }

  /** Throws MemoryError. */
  protected takeChunk(): number {
    const { spare } = this;
    if (spare === 0) return this.allocator.rawAlloc(Chunk.Words);
    this.spare = this.i32[spare + Chunk.Below];
    return spare;
  }

  protected keepChunk(chunk: number): void {
    this.i32[chunk + Chunk.Below] = this.spare;
    this.spare = chunk;
  }

  /** The chunk is empty; the one below, if there is one, is full. */
  private descend(): boolean {
    const below = this.i32[this.chunk + Chunk.Below];
    if (below === 0) return false;
    this.adopt(below, below + Chunk.Words);
    return true;
  }
}
