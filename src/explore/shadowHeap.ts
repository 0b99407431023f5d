import type { Buffers } from './buffers.js';
import { SiteMark } from './hooks.js';
import { FindKind, Size } from './machineLayout.js';

/** Where the model heap lies: behind the static objects, a region for each thread. */
const enum Region {
  First = 1 << 20,
  Words = 1 << 17,
  Count = 9,
  End = First + Words * Count,
}

const enum WordState {
  None = 0,
  Live = 1,
  Freed = 2,
}

/** A block: what the shadow knows of it. */
const enum BlockCell {
  Start = 0,
  Length = 1,
  Tag = 2,
  State = 3,
  /** Who freed it: thread and site. */
  FreeThread = 4,
  FreeSite = 5,
  Words = 6,
}

/** Words of the shadow's own state. */
const enum Head {
  Blocks = 0,
  Live = 1,
  JournalTop = 2,
  /** 1: the block that was freed last is handed out next. */
  Reuse = 3,
  /** 1: the build's own allocator has the memory; nothing is known of its blocks. */
  Real = 4,
  /** Next free word of each region. */
  Bump = 8,
  Words = 32,
}

const POISON = 0x0bad0bac;
const MAX_BLOCKS = 1 << 14;
const HEAP_TAG_MEM = 0;

/** What travels to a worker. */
export type ShadowHandle = readonly SharedArrayBuffer[];

/**
 * The model heap and what is known of every word of it: never handed out, alive, freed. Each access of the code
 * under exploration is checked against it. A block is handed out once an execution unless `reuse` is asked for, so
 * that no late access can hide behind a new owner.
 */
export class ShadowHeap {
  private readonly state: Uint8Array;
  /** By word, relative to the region's start: number of the block that starts here + 1. */
  private readonly blockAt: Int32Array;
  private readonly blocks: Int32Array;
  private readonly head: Int32Array;
  /** Undo log: table, index, old value. */
  private readonly journal: Int32Array;

  constructor(
    readonly handle: ShadowHandle,
    private readonly buffers: Buffers,
    private readonly heap: Int32Array,
    /** `SiteMark` by site. */
    private readonly marks: (site: number) => number,
    /** Called before a word of the heap changes. */
    private readonly willWrite: (word: number) => void,
  ) {
    const [state, blockAt, blocks, head, journal] = handle;
    this.state = new Uint8Array(state);
    this.blockAt = new Int32Array(blockAt);
    this.blocks = new Int32Array(blocks);
    this.head = new Int32Array(head);
    this.journal = new Int32Array(journal);
  }

  static createHandle(): ShadowHandle {
    const words = Region.End - Region.First;
    const handle = [
      new SharedArrayBuffer(words),
      new SharedArrayBuffer(words * 4),
      new SharedArrayBuffer(MAX_BLOCKS * BlockCell.Words * 4),
      new SharedArrayBuffer(Head.Words * 4),
      new SharedArrayBuffer(Size.Journal * 3 * 4),
    ];
    const head = new Int32Array(handle[3]);
    for (let slot = 0; slot < Region.Count; slot++)
      head[Head.Bump + slot] = Region.First + slot * Region.Words;
    return handle;
  }

  set reuse(on: boolean) {
    this.head[Head.Reuse] = on ? 1 : 0;
  }

  set real(on: boolean) {
    this.head[Head.Real] = on ? 1 : 0;
  }

  get liveBlocks(): number {
    return this.head[Head.Live];
  }

  /** Mark to come back to. */
  get mark(): number {
    return this.head[Head.JournalTop];
  }

  /** Takes back everything since the mark. */
  restore(mark: number): void {
    const { journal, head } = this;
    for (let at = head[Head.JournalTop] - 1; at >= mark; at--) {
      const index = journal[3 * at + 1];
      const old = journal[3 * at + 2];
      switch (journal[3 * at]) {
        case Table.State:
          this.state[index] = old;
          break;
        case Table.BlockAt:
          this.blockAt[index] = old;
          break;
        case Table.Blocks:
          this.blocks[index] = old;
          break;
        default:
          head[index] = old;
      }
    }
    head[Head.JournalTop] = mark;
  }

  // --- The heap ---

  /** A block of `words` words, 16-byte aligned, from the region of this slot. */
  alloc(words: number, tag: number, slot: number): number {
    const length = Math.max(4, (words + 3) & ~3);
    const reused = this.head[Head.Reuse] === 1 ? this.findFreed(length, tag, slot) : 0;
    const start = reused !== 0 ? reused : this.bump(length, slot);
    this.set(Table.Head, Head.Live, this.head[Head.Live] + 1);
    this.addBlock(start, length, tag);
    for (let word = start; word < start + length; word++) {
      this.set(Table.State, word - Region.First, WordState.Live);
      if (reused === 0 || word >= start + 4) this.write(word, POISON);
    }
    return start;
  }

  /** Frees it, or notes a double free. `thread`, `site`: who. */
  free(address: number, tag: number, slot: number, thread: number, site: number): void {
    const block = this.blockOf(address);
    if (block < 0 || this.blocks[block + BlockCell.State] !== WordState.Live) {
      this.found(FindKind.DoubleFree, thread, site, address, block);
      return;
    }
    if (this.blocks[block + BlockCell.Tag] !== tag) {
      this.found(FindKind.TypeConfusion, thread, site, address, block);
    }
    const length = this.blocks[block + BlockCell.Length];
    this.set(Table.Blocks, block + BlockCell.State, WordState.Freed);
    this.set(Table.Blocks, block + BlockCell.FreeThread, slot);
    this.set(Table.Blocks, block + BlockCell.FreeSite, site);
    this.set(Table.Head, Head.Live, this.head[Head.Live] - 1);
    for (let word = address; word < address + length; word++) {
      this.set(Table.State, word - Region.First, WordState.Freed);
    }
    // A free-list link: what a stale reader finds in place of an owner (allocator.ts).
    this.write(address, 0);
  }

  /** Where the block that contains the word starts; the word itself where none does. */
  startOf(word: number): number {
    const block = this.isManaged(word) ? this.blockAround(word) : -1;
    return block < 0 ? word : this.blocks[block + BlockCell.Start];
  }

  /** Words of the block that starts here; 1 where none does. */
  size(address: number): number {
    const block = this.blockOf(address);
    return block < 0 ? 1 : this.blocks[block + BlockCell.Length];
  }

  /** Tag of the block that starts here; Mem where none does. */
  tag(address: number): number {
    const block = this.blockOf(address);
    return block < 0 ? HEAP_TAG_MEM : this.blocks[block + BlockCell.Tag];
  }

  /** Where live blocks of these tags start, bit `1 << tag` each: in the order of addresses. */
  blocksOf(tags: number): number[] {
    const { blocks } = this;
    const found: number[] = [];
    for (let number = 0; number < this.head[Head.Blocks]; number++) {
      const block = number * BlockCell.Words;
      const isWanted = ((tags >> blocks[block + BlockCell.Tag]) & 1) !== 0;
      if (isWanted && blocks[block + BlockCell.State] === WordState.Live) {
        found.push(blocks[block + BlockCell.Start]);
      }
    }
    return found.sort((one, other) => one - other);
  }

  isLive(address: number): boolean {
    const block = this.blockOf(address);
    return block >= 0 && this.blocks[block + BlockCell.State] === WordState.Live;
  }

  // --- Checks ---

  isManaged(word: number): boolean {
    return word >= Region.First && word < Region.End;
  }

  /** Whether `check` looks at the site's marks: on freed words, and where blocks are handed out again. */
  asksForSite(word: number): boolean {
    return this.state[word - Region.First] !== WordState.Live || this.head[Head.Reuse] === 1;
  }

  /** A thread is about to touch a word of the model heap. */
  check(word: number, thread: number, site: number): void {
    if (this.head[Head.Real] === 1) return;
    if (this.state[word - Region.First] === WordState.Live) {
      if ((this.marks(site) & SiteMark.Optimistic) !== 0) this.checkOptimistic(word, thread, site);
      return;
    }
    if ((this.marks(site) & (SiteMark.Optimistic | SiteMark.Allocator)) !== 0) return;
    this.found(FindKind.UseAfterFree, thread, site, word, this.blockAround(word));
  }

  /** Code that looks at what may be gone relies on finding an object's header there, dead or alive (type stability). */
  private checkOptimistic(word: number, thread: number, site: number): void {
    if (this.head[Head.Reuse] === 0) return;
    const block = this.blockAround(word);
    if (block >= 0 && this.blocks[block + BlockCell.Tag] === HEAP_TAG_MEM && this.wasReused(block)) {
      this.found(FindKind.TypeConfusion, thread, site, word, block);
    }
  }

  private wasReused(block: number): boolean {
    const start = this.blocks[block + BlockCell.Start];
    for (let other = 0; other < block; other += BlockCell.Words) {
      if (this.blocks[other + BlockCell.Start] === start) return true;
    }
    return false;
  }

  // --- Parts ---

  private bump(length: number, slot: number): number {
    const start = this.head[Head.Bump + slot];
    if (start + length > Region.First + (slot + 1) * Region.Words) {
      throw new Error('the model heap of a thread is full');
    }
    this.set(Table.Head, Head.Bump + slot, start + length);
    return start;
  }

  private addBlock(start: number, length: number, tag: number): void {
    const number = this.head[Head.Blocks];
    if (number >= MAX_BLOCKS) throw new Error('too many blocks in one execution');
    const block = number * BlockCell.Words;
    this.blocks[block + BlockCell.Start] = start;
    this.blocks[block + BlockCell.Length] = length;
    this.blocks[block + BlockCell.Tag] = tag;
    this.blocks[block + BlockCell.State] = WordState.Live;
    this.set(Table.BlockAt, start - Region.First, number + 1);
    this.set(Table.Head, Head.Blocks, number + 1);
  }

  /** The block of this size and tag that this slot freed last, if it has not been handed out again. */
  private findFreed(length: number, tag: number, slot: number): number {
    const { blocks } = this;
    for (let number = this.head[Head.Blocks] - 1; number >= 0; number--) {
      const block = number * BlockCell.Words;
      const start = blocks[block + BlockCell.Start];
      if (
        blocks[block + BlockCell.State] === WordState.Freed &&
        blocks[block + BlockCell.Length] === length &&
        blocks[block + BlockCell.Tag] === tag &&
        blocks[block + BlockCell.FreeThread] === slot &&
        this.blockAt[start - Region.First] === number + 1
      ) {
        return start;
      }
    }
    return 0;
  }

  private blockOf(address: number): number {
    if (!this.isManaged(address)) return -1;
    const number = this.blockAt[address - Region.First];
    return number === 0 ? -1 : (number - 1) * BlockCell.Words;
  }

  /** The block that contains the word. */
  private blockAround(word: number): number {
    for (let start = word & ~3; start >= Region.First; start -= 4) {
      const block = this.blockOf(start);
      if (block >= 0) return block;
    }
    return -1;
  }

  private write(word: number, value: number): void {
    this.willWrite(word);
    this.heap[word] = value;
  }

  private set(table: Table, index: number, value: number): void {
    const target = table === Table.BlockAt ? this.blockAt : table === Table.Blocks ? this.blocks : this.head;
    const { journal, head } = this;
    const at = head[Head.JournalTop];
    if (at >= Size.Journal) throw new Error('the journal of the model heap is full');
    journal[3 * at] = table;
    journal[3 * at + 1] = index;
    journal[3 * at + 2] = table === Table.State ? this.state[index] : target[index];
    head[Head.JournalTop] = at + 1;
    if (table === Table.State) this.state[index] = value;
    else target[index] = value;
  }

  private found(kind: FindKind, thread: number, site: number, word: number, block: number): void {
    const freedAt = block < 0 ? -1 : this.blocks[block + BlockCell.FreeSite];
    const freedBy = block < 0 ? -1 : this.blocks[block + BlockCell.FreeThread];
    this.buffers.addFind(kind, thread, site, word, freedAt, freedBy);
  }
}

const enum Table {
  State = 0,
  BlockAt = 1,
  Blocks = 2,
  Head = 3,
}
