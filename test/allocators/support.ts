import type { Allocator, BlockVisitor } from '#ungil/allocators/allocator.js';
import { Heap, Page, Queue, ThreadHeaps } from '#ungil/allocators/mimalloc/layout.js';
import { MimallocAllocator } from '#ungil/allocators/mimalloc/mimallocAllocator.js';
import type { PymallocGeometry } from '#ungil/allocators/pymalloc/geometry.js';
import { PymallocAllocator } from '#ungil/allocators/pymalloc/pymallocAllocator.js';
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { Control, Geometry, HeapTag, ThreadBlock } from '#ungil/memory/layout.js';
import type { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { Qsbr } from '#ungil/threads/qsbr.js';

export const MIB = 1 << 20;

/** A thread as far as allocators go. Several of them may live in one JavaScript thread, taking turns. */
export class BareAllocatorThread {
  readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly atomics: PlainAtomicOps;
  readonly block: number;
  readonly qsbr: Qsbr;

  constructor(memory: SharedMemory, slot: number) {
    this.memory = memory;
    this.i32 = memory.i32;
    this.atomics = new PlainAtomicOps(memory);
    this.block = Control.Threads + slot * ThreadBlock.Words;
    this.i32[this.block + ThreadBlock.Id] = 2 * slot + 1;
    this.qsbr = new Qsbr(memory, this.block);
  }
}

export function startMimalloc(memory: SharedMemory, slot: number) {
  const thread = new BareAllocatorThread(memory, slot);
  const allocator = new MimallocAllocator(thread);
  thread.qsbr.attach();
  allocator.start();
  return { thread, allocator };
}

export function startPymalloc(memory: SharedMemory, slot = 0, geometry?: PymallocGeometry, base?: number) {
  const thread = new BareAllocatorThread(memory, slot);
  const allocator = new PymallocAllocator(thread, geometry, base);
  allocator.start();
  return { thread, allocator };
}

/** `visit`: of the heaps, if not all of the bare ones. */
export function liveBlocks(
  memory: SharedMemory,
  visit: (visitor: BlockVisitor) => void = (visitor) => new HeapVisitor(memory).visit(visitor),
): Map<number, { words: number; tag: HeapTag }> {
  const live = new Map<number, { words: number; tag: HeapTag }>();
  visit((address, words, tag) => {
    if (live.has(address)) throw new Error(`block ${address} visited twice`);
    live.set(address, { words, tag });
  });
  return live;
}

/** Owner words of every page in the queues of a thread's heaps. */
export function pagesOf(memory: SharedMemory, slot: number): { page: number; tag: number; bin: number }[] {
  const heap = memory.i32;
  const pages: { page: number; tag: number; bin: number }[] = [];
  for (let tag = 0; tag < HeapTag.Count; tag++) {
    const base =
      Control.Threads + slot * ThreadBlock.Words + ThreadHeaps.Heaps + tag * Heap.Words + Heap.Queues;
    for (let bin = 0; bin < 75; bin++) {
      let previous = 0;
      let page = heap[base + bin * Queue.Words + Queue.First];
      for (; page !== 0; page = heap[page + Page.Next]) {
        if (heap[page + Page.Previous] !== previous) throw new Error('queue links are broken');
        pages.push({ page, tag, bin });
        previous = page;
      }
      if (heap[base + bin * Queue.Words + Queue.Last] !== previous) throw new Error('queue tail is broken');
    }
  }
  return pages;
}

export function listLength(heap: Int32Array, first: number): number {
  let count = 0;
  for (let block = first; block !== 0; block = heap[block]) count++;
  return count;
}

/** What a block is filled with, beyond the words that allocators may use. */
export class Reference {
  readonly live = new Map<number, { words: number; tag: HeapTag; seed: number }>();
  private seed = 1;

  constructor(private readonly memory: SharedMemory) {}

  /** Checks a new block against all others, and fills it. */
  add(address: number, words: number, tag: HeapTag): void {
    if (address % 4 !== 0) throw new Error(`block ${address} is not aligned`);
    if (address < Geometry.SegmentWords) throw new Error('block in the control segment');
    if (address + words > this.memory.i32.length) throw new Error('block beyond the memory');
    for (const [other, { words: length }] of this.live) {
      if (address < other + length && other < address + words)
        throw new Error(`blocks overlap at ${address}`);
    }
    const seed = this.seed++;
    this.live.set(address, { words, tag, seed });
    this.fill(address, words, seed);
  }

  /** Checks that a block's contents are whole, and forgets it. */
  take(address: number): { words: number; tag: HeapTag; seed: number } {
    const block = this.live.get(address);
    if (block === undefined) throw new Error('not a live block');
    this.check(address, block.words, block.seed);
    this.live.delete(address);
    return block;
  }

  check(address: number, words: number, seed: number): void {
    const heap = this.memory.i32;
    for (let i = 0; i < words; i = i < 64 ? i + 1 : i + 997) {
      if (heap[address + i] !== ((seed * 31 + i) | 0))
        throw new Error(`block ${address} was overwritten at ${i}`);
    }
  }

  private fill(address: number, words: number, seed: number): void {
    const heap = this.memory.i32;
    for (let i = 0; i < words; i = i < 64 ? i + 1 : i + 997) heap[address + i] = (seed * 31 + i) | 0;
  }
}

/** The queues of delayed frees hold blocks of their own. */
function delayedChunks(memory: SharedMemory): number[] {
  const heap = memory.i32;
  const chunks: number[] = [];
  const add = (head: number) => {
    for (let chunk = heap[head]!; chunk !== 0; chunk = heap[chunk]!) chunks.push(chunk);
  };
  add(Control.InterpreterDelayedHead);
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    add(Control.Threads + slot * ThreadBlock.Words + ThreadBlock.DelayedHead);
  }
  return chunks;
}

/** The live blocks that a walk finds are exactly those of the reference. */
export function expectSameLive(
  memory: SharedMemory,
  reference: Reference,
  visit?: (visitor: BlockVisitor) => void,
): void {
  const found = liveBlocks(memory, visit);
  for (const [address, { words, tag }] of reference.live) {
    const block = found.get(address);
    if (block === undefined) throw new Error(`live block ${address} was not visited`);
    if (block.words < words || block.tag !== tag)
      throw new Error(`block ${address} visited with a wrong size or tag`);
    found.delete(address);
  }
  for (const chunk of delayedChunks(memory)) found.delete(chunk);
  if (found.size > 0) throw new Error(`${found.size} dead blocks were visited`);
}

export type Step =
  | { op: 'alloc'; words: number; tag: HeapTag }
  | { op: 'free'; pick: number; by: number }
  | { op: 'realloc'; pick: number; words: number }
  | { op: 'check' };

/** Runs a random program over one or more allocators that take turns; step i is done by allocator i mod n. */
export function runSteps(
  memory: SharedMemory,
  allocators: readonly Allocator[],
  steps: readonly Step[],
  check: () => void,
  visit?: (visitor: BlockVisitor) => void,
): Reference {
  const reference = new Reference(memory);
  steps.forEach((step, i) => {
    const allocator = allocators[i % allocators.length]!;
    const addresses = step.op === 'free' || step.op === 'realloc' ? [...reference.live.keys()] : [];
    switch (step.op) {
      case 'alloc':
        reference.add(allocator.alloc(step.words, step.tag), step.words, step.tag);
        break;
      case 'free': {
        if (addresses.length === 0) break;
        const address = addresses[step.pick % addresses.length]!;
        allocators[step.by % allocators.length]!.free(address, reference.take(address).tag);
        break;
      }
      case 'realloc': {
        if (addresses.length === 0) break;
        const address = addresses[step.pick % addresses.length]!;
        const { words, tag, seed } = reference.take(address);
        const moved = allocator.realloc(address, step.words, tag);
        reference.check(moved, Math.min(words, step.words, 64), seed);
        reference.add(moved, step.words, tag);
        break;
      }
      case 'check':
        check();
        expectSameLive(memory, reference, visit);
    }
  });
  check();
  expectSameLive(memory, reference, visit);
  return reference;
}
