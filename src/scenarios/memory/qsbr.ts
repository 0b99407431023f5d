import { HeapTag } from '../../memory/layout.js';
import { Qsbr } from '../../threads/qsbr.js';
import { ModelAllocator } from '../modelAllocator.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** A block that readers find through one word, and what they have read there. */
interface Published {
  /** Word with the address of the block that is shown now. */
  readonly shown: number;
  /** The block that is shown first. */
  readonly old: number;
  /** Word that takes what the reader has read; 0 before. */
  readonly read: number;
}

const enum Block {
  /** Not word 0: freeing changes that one, as real heaps do. */
  Value = 1,
  Words = 4,
}

const enum Thread {
  Reader = 0,
  Writer = 1,
}

function published(w: World): Published {
  const shown = w.words(1, 'shown');
  const read = w.words(1, 'read');
  const old = blockWith(w, w.main.slot, 1);
  w.i32[shown] = old;
  return { shown, old, read };
}

function blockWith(w: World, thread: number, value: number): number {
  const owner = thread === w.threadCount ? w.main : w.thread(thread);
  const block = owner.allocator.alloc(Block.Words, HeapTag.Mem);
  w.i32[block + Block.Value] = value;
  return block;
}

/** A lock-free read: carries a raw pointer, and no quiescent point is passed meanwhile. */
function readBlock(s: Published, w: World): void {
  const block = Atomics.load(w.i32, s.shown);
  w.i32[s.read] = w.i32[block + Block.Value];
}

function reader(s: Published, w: World): void {
  readBlock(s, w);
  w.thread(Thread.Reader).poll();
}

/** The same with the quiescent point between the pointer and its use. */
function restlessReader(s: Published, w: World): void {
  const block = Atomics.load(w.i32, s.shown);
  w.thread(Thread.Reader).poll();
  w.i32[s.read] = w.i32[block + Block.Value];
}

/** Shows another block and has the old one freed after a grace period. */
function writer(s: Published, w: World): void {
  const thread = w.thread(Thread.Writer);
  Atomics.store(w.i32, s.shown, blockWith(w, Thread.Writer, 2));
  thread.allocator.freeDelayed(s.old);
  thread.poll();
  thread.processDelayed();
}

/** What was read, and whether the old block was freed while the threads ran. */
function readAndFreed(s: Published, w: World): { read: number; freed: boolean } {
  const result = { read: w.i32[s.read], freed: w.freed(s.old) };
  w.main.allocator.free(w.i32[s.shown], HeapTag.Mem);
  return result;
}

/** The sequence advances, but whoever has observed it before the block was unlinked satisfies the goal. */
class GoalOfCurrentSequence extends Qsbr {
  override advance(): number {
    const goal = this.current();
    super.advance();
    return goal;
  }

  protected override next(): number {
    return this.current();
  }
}

/** Frees what was unlinked at once, as if no reader could hold it. */
class NoGracePeriod extends ModelAllocator {
  override freeDelayed(address: number): void {
    this.free(address, HeapTag.Mem);
  }
}

/** Scanners look at slots below the mark only; the threads of this class are not seen by them. */
class NoMarkRaised extends Qsbr {
  protected override raiseSlots(): void {}
}

/** Scenarios 26 and 27. */
export const qsbrRead = scenario<Published>('qsbr-read', {
  about: 'a lock-free read against unlinking and freeing what it reads (CPython Python/qsbr.c; litmus D9)',
  litmus: ['D9'],
  setup: published,
  threads: { reader, writer },
  after: readAndFreed,
  outcomes: {
    'read=1, freed=true': 'required',
    'read=1, freed=false': 'required',
    'read=2, freed=true': 'required',
    'read=2, freed=false': 'required',
  },
  world: { dataRaces: true },
  variants: {
    'quiescent state in the middle of the read': {
      threads: { reader: restlessReader, writer },
      finds: ['use after free'],
    },
    'goal = current sequence instead of the next': {
      overrides: [GoalOfCurrentSequence],
      finds: ['use after free'],
    },
    'freed without a grace period': { overrides: [NoGracePeriod], finds: ['use after free'] },
    'reader beyond the mark of scanned slots': { overrides: [NoMarkRaised], finds: ['use after free'] },
  },
});

/** Comes online, reads, and goes offline at its end. */
function lateReader(s: Published, w: World): void {
  w.thread(Thread.Reader).state.attach();
  readBlock(s, w);
}

/** Comes online with its first quiescent state only. */
class OnlineLate extends Qsbr {
  override attach(): void {
    this.observed = this.current();
  }
}

/**
 * Scenario 28. CPython's bug needs a weak memory order: the slot stored, but not yet visible to the scanner. In
 * sequentially consistent executions only a slot that is stored too late shows it.
 */
export const qsbrAttach = scenario<Published>('qsbr-attach', {
  about: 'a thread comes online and reads while another one polls for its goal (PIT-5.1)',
  litmus: ['D9'],
  setup(w) {
    const s = published(w);
    w.thread(Thread.Reader).state.detach();
    return s;
  },
  threads: { reader: lateReader, writer },
  after: readAndFreed,
  outcomes: {
    'read=1, freed=true': 'required',
    'read=1, freed=false': 'required',
    'read=2, freed=true': 'required',
    // It came online before the unlinking, or after the advance; then it has seen the goal, or it ended before.
    'read=2, freed=false': 'expected',
  },
  world: { dataRaces: true },
  variants: { 'slot stored after the first read': { overrides: [OnlineLate], finds: ['use after free'] } },
});

/** A small block: its goal lies in the future, and nobody has advanced the sequence for it. */
function patientWriter(s: Published, w: World): void {
  const { allocator, state } = w.thread(Thread.Writer);
  Atomics.store(w.i32, s.shown, blockWith(w, Thread.Writer, 2));
  const goal = state.qsbr.deferredAdvance(Block.Words * 4);
  state.qsbr.quiescentState();
  if (state.qsbr.poll(goal)) allocator.free(s.old, HeapTag.Mem);
}

function freeWhatIsLeft(s: Published, w: World): { freed: boolean } {
  const { freed } = readAndFreed(s, w);
  if (!freed) w.main.allocator.free(s.old, HeapTag.Mem);
  return { freed };
}

/** A goal in the future needs somebody's advance. */
export const qsbrDeferred = scenario<Published>('qsbr-deferred', {
  about: 'goals are handed out ahead of the sequence: reached once somebody advances it (gh-133136, PIT-5.4)',
  litmus: ['D10'],
  setup: published,
  threads: { reader, writer: patientWriter, other: (_s, w) => void w.thread(2).state.qsbr.advance() },
  after: freeWhatIsLeft,
  outcomes: { 'freed=true': 'required', 'freed=false': 'required' },
  world: { dataRaces: true },
  variants: {
    'nobody advances: kept for ever (litmus D10)': {
      threads: { reader, writer: patientWriter },
      outcomes: { 'freed=false': 'required' },
    },
    'goal = current sequence instead of the next': {
      overrides: [GoalOfCurrentSequence],
      finds: ['use after free'],
    },
  },
});
