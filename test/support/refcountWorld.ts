import type { Allocator } from '#ungil/allocators/allocator.js';
import { type AtomicOps, PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { BuiltinType, Control, Header, ThreadBlock, TypeKind, TypeObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BiasedRefCounter } from '#ungil/refcount/biased.js';
import type { CountOptions } from '#ungil/refcount/refCounter.js';
import { BareThread } from './bareThread.mjs';

/** Nothing is ever zeroed. */
const POISON = 0x0bad_0bac;

/** Hands out blocks and never takes one back: a block's state can be looked at after its death. */
class BumpAllocator implements Allocator {
  private static readonly start = Control.StaticArena;
  constructor(
    private readonly next: { at: number },
    private readonly i32: Int32Array,
  ) {
    if (next.at === 0) next.at = BumpAllocator.start;
  }
  alloc(words: number): number {
    const block = this.next.at;
    this.next.at += (words + 3) & ~3;
    this.i32.fill(POISON, block, this.next.at);
    return block;
  }
  free(): void {}
  realloc(): number {
    throw new Error('not used');
  }
  freeDelayed(): void {}
  counter = { decref: () => {} };
  decrefDelayed(): void {}
  processDelayed(): void {}
  releaseDelayed(): void {}
  abandonDelayed(): void {}
  rawAlloc(words: number): number {
    return this.alloc(words);
  }
  rawFree(): void {}
  blockWords(): number {
    throw new Error('not used');
  }
  collect(): void {}
  visit(): void {
    throw new Error('not used');
  }
  start(): void {}
  exit(): void {}
}

/** One simulated thread: its counter, and what it has destroyed. */
export interface SimulatedThread {
  readonly slot: number;
  readonly id: number;
  readonly block: number;
  readonly refs: BiasedRefCounter;
  readonly dead: number[];
  readonly stops: { count: number };
}

/** Several threads' biased counters in one JavaScript thread, stepped by hand. */
export class RefcountWorld {
  readonly memory = SharedMemory.create(16 << 20);
  readonly atomics: AtomicOps = new PlainAtomicOps(this.memory);
  readonly threads: SimulatedThread[] = [];
  private readonly bump = { at: 0 };
  readonly allocator: Allocator = new BumpAllocator(this.bump, this.memory.i32);

  constructor(
    count: number,
    private readonly options?: CountOptions,
  ) {
    this.memory.i32[BuiltinType.Type + TypeObject.Kind] = TypeKind.Type;
    for (let slot = 0; slot < count; slot++) this.threads.push(this.makeThread(slot));
  }

  /** A new object with one reference of this thread. */
  create(thread: SimulatedThread): number {
    const object = this.allocator.alloc(Header.Words + 4, 1);
    thread.refs.init(object, BuiltinType.Float, 0);
    return object;
  }

  /** A class: one reference of this thread, counted per thread where the options have that. */
  createClass(thread: SimulatedThread): number {
    const type = this.allocator.alloc(TypeObject.Words, 2);
    thread.refs.init(type, BuiltinType.Type, 0);
    this.memory.i32[type + TypeObject.UniqueId] = thread.refs.assignUniqueId(type);
    return type;
  }

  owner(object: number): number {
    return this.memory.i32[object] & Header.OwnerMask;
  }
  local(object: number): number {
    return this.memory.i32[object + Header.Local];
  }
  shared(object: number): number {
    return this.memory.i32[object + Header.Shared];
  }

  private makeThread(slot: number): SimulatedThread {
    const block = Control.Threads + slot * ThreadBlock.Words;
    const id = 2 * slot + 1;
    this.memory.i32[block + ThreadBlock.Id] = id;
    const stops = { count: 0 };
    const mergeThread = {
      i32: this.memory.i32,
      atomics: this.atomics,
      id,
      block,
      allocator: this.allocator,
      mutex: new BareThread(this.memory, slot).mutex,
      stopTheWorld: () => {
        stops.count++;
      },
      startTheWorld: () => {},
    };
    const refs = new BiasedRefCounter(this.memory, mergeThread, this.options);
    const dead: number[] = [];
    refs.deallocator = { dealloc: (object) => dead.push(object) };
    refs.start();
    return { slot, id, block, refs, dead, stops };
  }
}
