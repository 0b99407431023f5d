import { ownBlocks } from '../allocators/pymalloc/ownBlocks.js';
import { HeapVisitor, TagMask } from '../allocators/visitor.js';
import { Counter, ThreadBlock, ThreadStatus } from '../memory/layout.js';
import type { ModelSettings, ModelThread } from './modelThread.js';

/** More rounds than any chain of queued objects in a scenario; a broken variant may queue for ever. */
const MAX_ROUNDS = 100;

/** Brings a world to rest after its threads have ended: nothing is queued, nothing waits to be freed. */
export class WorldDrain {
  private readonly i32: Int32Array;

  constructor(
    private readonly settings: ModelSettings,
    private readonly threads: readonly ModelThread[],
  ) {
    this.i32 = settings.memory.i32;
  }

  /** Merges every queue and frees what is due, for all threads that have not exited, until nothing changes. */
  drain(): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.workDone();
      this.drainOnce();
      if (this.workDone() === before) return;
    }
    this.settings.services.violation(`queues are not empty after ${MAX_ROUNDS} rounds of merging`);
  }

  /** Blocks that are alive, raw ones too, without those that belong to the threads themselves. */
  liveBlocks(): number {
    const { allocator, services } = this.settings;
    const live = allocator === 'real' ? this.countRealBlocks() : services.liveBlocks();
    return live - this.threadBlocks();
  }

  /** Whether a block of the build's own allocator starts here and is alive. */
  isRealBlock(address: number): boolean {
    let found = false;
    new HeapVisitor(this.settings.memory).visit((block) => {
      if (block === address) found = true;
    }, TagMask.All);
    return found;
  }

  /** Attaches the thread where that needs no waiting: it has started, and nobody holds it suspended. */
  attach(thread: ModelThread): void {
    const status = Atomics.load(this.i32, thread.block + ThreadBlock.Status);
    if (thread.isStarted() && status === ThreadStatus.Detached) thread.state.attach();
  }

  // --- Steps ---

  /** What a destructor drops may be queued for a thread that has had its turn: that is for the next round. */
  private drainOnce(): void {
    const started: ModelThread[] = [];
    for (const thread of this.threads) if (thread.isStarted()) started.push(thread);
    for (const thread of started) this.attach(thread);
    for (const thread of started) thread.mergeQueued();
    // One more grace period, so that every goal is behind it; nobody holds a borrowed pointer here.
    if (started.length > 0) started[0].state.qsbr.advance();
    for (const thread of started) thread.state.qsbr.quiescentState();
    for (const thread of started) thread.processDelayed();
  }

  /** Changes whenever a round has found something to do. */
  private workDone(): number {
    let merged = 0;
    for (const thread of this.threads) {
      merged += this.i32[thread.block + ThreadBlock.Counters + Counter.BrcMerged];
    }
    return merged - this.settings.services.liveBlocks();
  }

  /**
   * Every thread has its shadow stack, a table of roots if it has made a handle or a function, and an array if it has
   * counted anything by unique id; one that has delayed a free keeps a chunk for the next.
   */
  private threadBlocks(): number {
    let count = 0;
    for (const thread of this.threads) {
      if (!thread.isStarted()) continue;
      count += this.i32[thread.block + ThreadBlock.DelayedHead] === 0 ? 1 : 2;
      if (this.i32[thread.block + ThreadBlock.UniqueCounts] !== 0) count++;
      if (this.i32[thread.block + ThreadBlock.HandleTable] !== 0) count++;
    }
    return count;
  }

  /** But for what pymalloc has for itself, from its first block on. */
  private countRealBlocks(): number {
    let count = -ownBlocks(this.i32).size;
    for (const blocks of new HeapVisitor(this.settings.memory).totals().blocks) count += blocks;
    return count;
  }
}
