import type { Allocator } from '../../allocators/allocator.js';
import { FatalError, MemoryError } from '../../memory/errors.js';
import { Control, GcState, ThreadBlock } from '../../memory/layout.js';
import { segmentsExhausted } from '../../memory/segments.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { checkAbort } from '../../sync/futex.js';
import { MarkingCrew } from './crew.js';
import { Chunk, Entry, MarkerBlock, MarkingEnd, Portion } from './layout.js';
import { MarkMap } from './markMap.js';
import { PacketExchange } from './packetExchange.js';
import { SerialMarker } from './serialMarker.js';
import { MarkingSession } from './session.js';
import { WorkSearch } from './workSearch.js';

/**
 * `GcState.Markers` threads mark: the one that has stopped the world, and others that wait at their safepoints. With one
 * marker, or where nobody could help, the inherited code runs alone, as in CPython.
 *
 * Each marker works on a stack of its own and puts into its deque what it has too much of: chunks that are full, and when
 * nothing is there to be stolen, half of a long span, or the oldest entries of its stack, behind which most is to be found.
 * Who has nothing left steals. One instance a thread; `help` is for the others.
 */
export class ParallelMarker extends SerialMarker {
  private readonly session: MarkingSession;
  private readonly crew: MarkingCrew;
  private readonly packets: PacketExchange;
  private readonly map: MarkMap;
  private readonly finder: WorkSearch;
  /** What is surplus is published. */
  private sharing = false;
  /** This thread collects, and has invited nobody yet. */
  private mayInvite = false;

  constructor(
    memory: SharedMemory,
    allocator: Allocator,
    /** Address of the thread's block. */
    private readonly block: number,
    /** Looks for work before a marker sleeps. */
    looks: number = Portion.Looks,
  ) {
    super(memory, allocator);
    this.session = new MarkingSession(memory.i32);
    this.crew = new MarkingCrew(memory.i32, block);
    this.packets = new PacketExchange(memory.i32, block);
    this.finder = new WorkSearch(this.session, this.packets, looks);
    this.map = new MarkMap(memory, allocator);
  }

  /** As a helper: an invitation was accepted; suspended, at a safepoint. Returns when nothing is left. Throws RunAborted. */
  override help(): void {
    try {
      this.markAsHelper();
    } catch (error) {
      this.cancel(error);
      if (!(error instanceof MemoryError)) throw error;
    } finally {
      this.crew.left();
    }
  }

  protected override markAll(): void {
    const markers = this.i32[Control.Gc + GcState.Markers];
    const members = markers > 1 ? this.crew.gather(markers) : 1;
    this.markers = 1;
    if (members === 1) {
      super.markAll();
      return;
    }
    this.packets.reset(members);
    this.session.open();
    this.sharing = true;
    this.mayInvite = true;
    try {
      this.work();
    } catch (error) {
      this.cancel(error);
      throw error;
    } finally {
      this.sharing = false;
      this.dismiss();
    }
    this.conclude();
  }

  /** A chunk of the stack is full: others may have it, if there is room for it in the deque. */
  protected override filled(): void {
    const full = this.chunk;
    if (!this.sharing) {
      super.filled();
      return;
    }
    const heap = this.i32;
    const fresh = this.takeChunk();
    const below = heap[full + Chunk.Below];
    heap[full + Chunk.First] = this.bottom;
    heap[full + Chunk.Below] = 0;
    if (this.packets.offer(-full, this.top)) {
      this.enter(fresh, below);
      this.announce();
    } else {
      heap[full + Chunk.Below] = below;
      this.enter(fresh, full);
    }
  }

  private markAsHelper(): void {
    this.map.join();
    this.marked = 0;
    this.bytes = this.map.bytes;
    try {
      this.open();
      this.sharing = true;
      if (this.search()) this.work();
      this.i32[this.block + ThreadBlock.Marking + MarkerBlock.Marked] = this.marked;
    } finally {
      this.sharing = false;
      this.close();
    }
  }

  /** Until nobody has work, or all were told to end. Counted in as active. */
  private work(): void {
    do {
      do this.emptyStack();
      while (this.session.ended() === MarkingEnd.None && this.packets.takeOwn() && this.accept());
      this.session.leave();
    } while (this.search());
  }

  private search(): boolean {
    return this.finder.search() && this.accept();
  }

  private emptyStack(): void {
    while (this.hasEntry()) {
      for (let left = Portion.Entries; left > 0 && this.hasEntry(); left--) this.markEntry();
      checkAbort(this.i32);
      if (this.session.ended() !== MarkingEnd.None) return;
      if (this.packets.isOwnEmpty()) this.share();
    }
  }

  /** The packet that was taken becomes this marker's stack, which is empty. */
  private accept(): true {
    const { first, second } = this.packets;
    if (first > 0) this.push(first, second >>> Entry.StepBits, second & Entry.StepMask);
    else this.adopt(-first, second);
    return true;
  }

  /** Half of the oldest span if that is long, else the oldest entries, but for the newest one. */
  private share(): void {
    const heap = this.i32;
    for (let left: number = Portion.Oldest; left > 0; left--) {
      const { bottom } = this;
      const start = heap[bottom + Entry.Start];
      const packed = heap[bottom + Entry.Count];
      const count = packed >>> Entry.StepBits;
      const step = packed & Entry.StepMask;
      if (this.top !== bottom && count > Portion.Publish) {
        const kept = count >>> 1;
        heap[bottom + Entry.Count] = (kept << Entry.StepBits) | step;
        this.packets.offer(start + kept * step, ((count - kept) << Entry.StepBits) | step);
        left = 0;
      } else if (this.top - bottom > Entry.Words) {
        this.bottom = bottom + Entry.Words;
        this.packets.offer(start, packed);
      } else {
        break;
      }
      this.announce();
    }
  }

  private announce(): void {
    if (this.mayInvite) {
      this.mayInvite = false;
      this.crew.invite();
    } else {
      this.session.announce();
    }
  }

  private cancel(error: unknown): void {
    this.session.cancel(error instanceof MemoryError ? MarkingEnd.NoMemory : MarkingEnd.Error);
  }

  /** Nobody but this thread has anything to do with the session any more. Throws RunAborted. */
  private dismiss(): void {
    if (!this.mayInvite) this.crew.dismiss();
    this.mayInvite = false;
    while (this.packets.takeLeft()) {
      if (this.packets.first < 0) this.keepChunk(-this.packets.first);
    }
  }

  /** Throws what another marker has met. */
  private conclude(): void {
    switch (this.session.ended()) {
      case MarkingEnd.None:
        this.marked += this.packets.markedByOthers();
        this.markers += this.packets.othersWhoMarked;
        return;
      case MarkingEnd.NoMemory:
        throw segmentsExhausted(this.i32, Chunk.Words << 2);
      default:
        checkAbort(this.i32);
        throw new FatalError('a thread that helped to mark has failed');
    }
  }
}
