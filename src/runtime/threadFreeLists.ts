import type { Allocator } from '../allocators/allocator.js';
import { Control, FreeLists, Geometry, HeapTag, ThreadBlock } from '../memory/layout.js';
import { closeFreeLists, emptyFreeLists, openFreeLists } from '../objects/freeListed.js';
import type { GcHeap } from '../objects/gcHeap.js';
import { threadBlock } from '../threads/evalBreaker.js';
import { hasDebugHooks } from './allocators.js';
import type { Build } from './builds.js';

/** What the free lists need of their thread. */
interface FreeListThread {
  readonly i32: Int32Array;
  readonly build: Build;
  /** Address of the `ThreadBlock`. */
  readonly block: number;
  readonly allocator: Allocator;
  readonly gcHeap: GcHeap;
}

/** The free lists that a thread uses: its own, under the GIL the interpreter's. One a thread; attached. */
export class ThreadFreeLists {
  /** Address of the `FreeLists` words. */
  readonly address: number;
  private readonly perThread: boolean;

  constructor(private readonly t: FreeListThread) {
    this.perThread = t.build.lock !== 'gil';
    this.address = this.perThread ? t.block + ThreadBlock.FreeLists : Control.InterpreterFreeLists;
  }

  /**
   * Under debug hooks they stay closed (as with CPython's --without-freelists): every object's block is then checked,
   * and knows where this object was made. Without counts nothing is freed but by the collector, which gives blocks
   * back, and takes each that it finds for an object.
   */
  open(): void {
    if (hasDebugHooks(this.t.build) || this.t.build.collector === 'tracing') this.close();
    else openFreeLists(this.t.i32, this.address);
  }

  /** Gives the blocks back; nothing is kept from now on. */
  close(): void {
    closeFreeLists(this.t.i32, this.address, (block, list) => this.free(block, list));
  }

  /** Gives the blocks back. */
  empty(): void {
    this.emptyAt(this.address);
  }

  /** As `empty` for every thread. In a stopped world, or under the GIL. A thread that has exited has closed its lists. */
  emptyAll(): void {
    if (!this.perThread) {
      this.empty();
      return;
    }
    for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
      const block = threadBlock(slot);
      if (this.t.i32[block + ThreadBlock.Alive] !== 0) this.emptyAt(block + ThreadBlock.FreeLists);
    }
  }

  private emptyAt(lists: number): void {
    emptyFreeLists(this.t.i32, lists, (block, list) => this.free(block, list));
  }

  private free(block: number, list: number): void {
    const { allocator, gcHeap } = this.t;
    if (list === FreeLists.DictKeys) allocator.free(block, HeapTag.Mem);
    else if (list <= FreeLists.Floats) allocator.free(block, HeapTag.Object);
    else gcHeap.free(block);
  }
}
