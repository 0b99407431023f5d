import { hasDelayed } from '../../allocators/delayedFree.js';
import { MemoryError } from '../../memory/errors.js';
import {
  Control,
  GcBits,
  GcDebug,
  GcState,
  Header,
  HeapTag,
  PreHeader,
  TypeFlags,
  TypeObject,
} from '../../memory/layout.js';
import { Chunk } from '../../refcount/mergeQueue.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import type { ObjectList } from '../objectStack.js';
import type { Measures } from './measures.js';

/** The last part of a collection, in a running world: garbage goes (CPython `delete_garbage`). */
export class Disposal {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;

  constructor(private readonly thread: GcThread) {
    this.i32 = thread.i32;
    this.u8 = thread.memory.u8;
  }

  /** Nobody but this thread can reach what is left. */
  deleteGarbage(measures: Measures, unreachable: ObjectList): void {
    const heap = this.i32;
    for (let chunk = unreachable.takeChunk(); chunk !== 0; chunk = unreachable.takeChunk()) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        measures.collected++;
        this.deleteOne(measures, heap[chunk + Chunk.Items + i]);
      }
      unreachable.freeChunk(chunk);
    }
    this.releaseCleared();
    measures.end('delete');
  }

  /**
   * An instance that is cleared gives up its dict behind a grace period, since a weak reference that a finaliser has made
   * may have led another thread to it, which is just reading the dict's word (CPython 3.14 takes it that nobody can be,
   * gh-130313, and drops the dict at once). The dict, empty by now, is still tracked: it goes here, and with it the
   * arrays of lists and dicts, unless some thread has been attached since, and then at this thread's next turn to
   * process. The collecting thread is at a safepoint.
   */
  private releaseCleared(): void {
    const { state, allocator, block } = this.thread;
    if (!hasDelayed(this.i32, block)) return;
    state.qsbr.advance();
    state.qsbr.quiescentState();
    allocator.processDelayed();
  }

  private deleteOne(measures: Measures, object: Ref): void {
    const { gcSlots, refs } = this.thread;
    this.clearUnreachable(object);
    if ((this.i32[object] & (GcBits.Tracked << 24)) !== 0) {
      if (this.savesAll()) {
        this.showGarbage(object);
      } else {
        measures.freedBytes += this.bytesOf(object);
        gcSlots.clear(object);
      }
    }
    refs.decref(object);
  }

  /** A legacy finaliser's closure has been kept; those who have one are shown to the program. */
  keepUncollectable(measures: Measures, legacy: readonly Ref[]): void {
    const { gcSlots, refs } = this.thread;
    for (const object of legacy) {
      if (gcSlots.hasLegacyFinalizer(object) || this.savesAll()) this.showGarbage(object);
      refs.decref(object);
    }
    // The others are running, and pop from theirs.
    this.thread.clearOwnFreeLists();
    measures.end('uncollectable');
  }

  /** The second pause had no memory: the references of both lists go, and all of it stays. */
  dropAll(list: ObjectList, legacy: readonly Ref[]): void {
    const heap = this.i32;
    for (const object of legacy) this.thread.refs.decref(object);
    for (let chunk = list.takeChunk(); chunk !== 0; chunk = list.takeChunk()) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) {
        this.thread.refs.decref(heap[chunk + Chunk.Items + i]);
      }
      list.freeChunk(chunk);
    }
  }

  /** Without memory for it the object just stays alive, as in CPython. */
  private showGarbage(object: Ref): void {
    try {
      this.thread.addGarbage(object);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  }

  private savesAll(): boolean {
    return (this.i32[Control.Gc + GcState.Debug] & GcDebug.SaveAll) !== 0;
  }

  /** Plain: no other thread can get at the object. */
  private clearUnreachable(object: Ref): void {
    this.u8[(object << 2) + Header.GcBitsByte] &= 0xff ^ GcBits.Unreachable;
  }

  private bytesOf(object: Ref): number {
    const heap = this.i32;
    const pre = heap[heap[object + Header.Type] + TypeObject.Flags] & TypeFlags.PreHeader;
    const { allocator } = this.thread;
    const words =
      pre !== 0
        ? allocator.blockWords(object - PreHeader.Words, HeapTag.GcPre)
        : allocator.blockWords(object, HeapTag.Gc);
    return words * 4;
  }
}
