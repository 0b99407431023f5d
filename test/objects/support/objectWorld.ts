import type { Allocator } from '#ungil/allocators/allocator.js';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, type Counter, FreeLists, HeapTag, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { createBuiltins } from '#ungil/objects/builtins.js';
import type { ObjectContext } from '#ungil/objects/context.js';
import { TypeDeallocator } from '#ungil/objects/dealloc.js';
import { initialiseEmptyKeys } from '#ungil/objects/dictKeys.js';
import { Dicts } from '#ungil/objects/dicts.js';
import { closeFreeLists, openFreeLists } from '#ungil/objects/freeListed.js';
import { Functions } from '#ungil/objects/functions.js';
import { type GcHeap, UncollectedGcHeap } from '#ungil/objects/gcHeap.js';
import { type Guard, MutexGuard, NoGuard, SectionGuard } from '#ungil/objects/guard.js';
import { Hashing } from '#ungil/objects/hash.js';
import { Instances } from '#ungil/objects/instances.js';
import { LifeEnd } from '#ungil/objects/lifeEnd.js';
import { Lists } from '#ungil/objects/lists.js';
import { LockFreeDicts } from '#ungil/objects/lockFreeDicts.js';
import { LockFreeInstances } from '#ungil/objects/lockFreeInstances.js';
import { Methods } from '#ungil/objects/methods.js';
import { Numbers } from '#ungil/objects/numbers.js';
import { Strings } from '#ungil/objects/strings.js';
import { MutexStripes, NoStripes } from '#ungil/objects/stripes.js';
import { Tuples } from '#ungil/objects/tuples.js';
import { WeakDicts } from '#ungil/objects/weakDicts.js';
import type { Weakrefs } from '#ungil/objects/weakrefs.js';
import { AtomicRefCounter } from '#ungil/refcount/atomic.js';
import { BiasedRefCounter } from '#ungil/refcount/biased.js';
import { PlainRefCounter } from '#ungil/refcount/plain.js';
import type { Ref, RefCounter } from '#ungil/refcount/refCounter.js';
import { BareThread } from '../../support/bareThread.mjs';

const POISON = 0x0bad_0bac;

/**
 * An allocator that knows every block: most recently freed first, poisons what it hands out, objects to double and
 * foreign frees, keeps delayed blocks until `processDelayed`, and can be told to fail.
 */
export class CheckedAllocator implements Allocator {
  readonly live = new Map<number, { words: number; tag: HeapTag }>();
  readonly delayed: number[] = [];
  readonly delayedDecrefs: number[] = [];
  counter!: { decref(object: number): void };
  /** Allocations that still succeed. */
  budget = Number.POSITIVE_INFINITY;
  private readonly free4 = new Map<string, number[]>();
  private bump = Control.StaticArenaEnd;

  constructor(private readonly i32: Int32Array) {}

  alloc(words: number, tag: HeapTag): number {
    if (this.budget-- <= 0) throw new MemoryError(words * 4, 'test', 0, 0);
    const size = (words + 3) & ~3;
    const reused = this.free4.get(`${tag}/${size}`)?.pop();
    const address = reused ?? this.bump;
    if (reused === undefined) this.bump += size;
    this.i32.fill(POISON, address + (reused === undefined ? 0 : 4), address + size);
    this.live.set(address, { words: size, tag });
    return address;
  }

  free(address: number, tag: HeapTag): void {
    const block = this.live.get(address);
    if (block === undefined) throw new Error(`free of ${address}, which is not in use`);
    if (block.tag !== tag) throw new Error(`free of ${address} as tag ${tag}, it is ${block.tag}`);
    this.live.delete(address);
    this.i32[address] = 0;
    this.i32.fill(POISON, address + 4, address + block.words);
    const key = `${tag}/${block.words}`;
    const list = this.free4.get(key) ?? [];
    list.push(address);
    this.free4.set(key, list);
  }

  realloc(address: number, words: number, tag: HeapTag): number {
    const old = this.live.get(address)!;
    const moved = this.alloc(words, tag);
    this.i32.copyWithin(moved, address, address + Math.min(words, old.words));
    this.free(address, tag);
    return moved;
  }

  freeDelayed(address: number): void {
    if (!this.live.has(address)) throw new Error(`delayed free of ${address}, which is not in use`);
    this.delayed.push(address);
  }

  /** All threads of a world share this allocator: the last one composed drops the references. */
  decrefDelayed(object: number): void {
    this.delayedDecrefs.push(object);
  }

  releaseDelayed(): void {
    this.processDelayed();
  }

  processDelayed(): void {
    for (const address of this.delayed.splice(0)) this.free(address, HeapTag.Mem);
    for (const object of this.delayedDecrefs.splice(0)) this.counter.decref(object);
  }

  rawAlloc(words: number): number {
    return this.alloc(words, HeapTag.Raw);
  }

  rawFree(address: number): void {
    this.free(address, HeapTag.Raw);
  }

  blockWords(address: number): number {
    return this.live.get(address)!.words;
  }

  visit(): void {
    throw new Error('not used');
  }

  collect(): void {}
  start(): void {}
  abandonDelayed(): void {}
  exit(): void {}
}

export type TestBuild = 'gil' | 'free-threaded' | 'gilectomy';

/** The types of one thread. Several of them over one memory take turns in the test's own thread. */
export class ObjectThread {
  readonly i32: Int32Array;
  readonly id: number;
  readonly bare: BareThread;
  readonly refs: RefCounter;
  readonly strings: Strings;
  readonly hashing: Hashing;
  readonly numbers: Numbers;
  readonly tuples: Tuples;
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly instances: Instances;
  readonly functions: Functions;
  readonly methods: Methods;
  readonly weakrefs: Weakrefs;
  readonly weakDicts: WeakDicts;
  readonly gcHeap: GcHeap;
  readonly context: ObjectContext;
  private readonly freeLists: number;
  private readonly classes: Ref[] = [];

  constructor(
    readonly memory: SharedMemory,
    readonly allocator: CheckedAllocator,
    build: TestBuild,
    slot: number,
  ) {
    this.i32 = memory.i32;
    this.bare = new BareThread(memory, slot);
    this.id = 2 * slot + 1;
    this.freeLists = this.bare.block + ThreadBlock.FreeLists;
    this.refs = this.makeRefs(build);
    const deallocator = new TypeDeallocator(this.i32);
    this.refs.deallocator = deallocator;
    this.allocator.counter = this.refs;
    this.gcHeap = new UncollectedGcHeap(this.allocator, this.bare.block, this.i32);
    this.context = this.makeContext(build);
    this.strings = new Strings(this.context);
    this.hashing = new Hashing(this.context, this.strings);
    this.numbers = new Numbers(this.context);
    this.tuples = new Tuples(this.context);
    this.lists = new Lists(this.context);
    const lockFree = build === 'free-threaded';
    this.dicts = new (lockFree ? LockFreeDicts : Dicts)(this.context, this.hashing, this.strings);
    const stripes = build === 'gil' ? new NoStripes() : new MutexStripes(this.bare.mutex);
    const lifeEnd = new LifeEnd(this.context, this.strings, stripes);
    this.instances = new (lockFree ? LockFreeInstances : Instances)(
      this.context,
      this.strings,
      this.dicts,
      lifeEnd,
    );
    this.weakrefs = lifeEnd.weakrefs;
    this.weakDicts = new WeakDicts(this.context, this.dicts, this.weakrefs);
    this.weakrefs.connect(this.weakDicts);
    this.functions = new Functions(this.context, this.weakrefs);
    this.methods = new Methods(this.context, this.weakrefs);
    const none = { dealloc: () => {} };
    deallocator.connect({
      refs: this.refs,
      gcHeap: this.gcHeap,
      numbers: this.numbers,
      strings: this.strings,
      tuples: this.tuples,
      lists: this.lists,
      dicts: this.dicts,
      instances: this.instances,
      functions: this.functions,
      weakrefs: this.weakrefs,
      weakDicts: this.weakDicts,
      methods: this.methods,
      codes: none,
      records: none,
      generators: none,
      locks: none,
    });
    this.i32[this.bare.block + ThreadBlock.Id] = this.id;
    this.refs.start();
  }

  /** A class that lives until the world's `leaks`. */
  newClass(name: string, attributes: readonly string[], init: Ref, capacity?: number): Ref {
    const type = this.instances.createType(name, attributes, init, capacity);
    this.classes.push(type);
    return type;
  }

  /** Gives back what the thread keeps: classes, and the array of its per-thread counts. */
  release(): void {
    this.drop(...this.classes.splice(0));
    if (!(this.refs instanceof BiasedRefCounter)) return;
    this.refs.perThread.exit();
    this.refs.perThread.start();
  }

  counter(counter: Counter): number {
    return this.bare.counter(counter);
  }

  /** Drops the references. */
  drop(...refs: Ref[]): void {
    for (const ref of refs) this.refs.decref(ref);
  }

  emptyFreeLists(): void {
    closeFreeLists(this.i32, this.freeLists, (block, list) => {
      const tag =
        list === FreeLists.DictKeys ? HeapTag.Mem : list <= FreeLists.Floats ? HeapTag.Object : HeapTag.Gc;
      this.allocator.free(block, tag);
    });
    openFreeLists(this.i32, this.freeLists);
  }

  private makeRefs(build: TestBuild): RefCounter {
    if (build === 'gil') return new PlainRefCounter(this.memory);
    const { i32, id } = this;
    const { block, atomics, mutex } = this.bare;
    const stop = { stopTheWorld: () => {}, startTheWorld: () => {} };
    const thread = { i32, id, block, atomics, mutex, allocator: this.allocator, ...stop };
    return build === 'gilectomy'
      ? new AtomicRefCounter(this.memory, this.bare.atomics)
      : new BiasedRefCounter(this.memory, thread);
  }

  private makeContext(build: TestBuild): ObjectContext {
    const guard: Guard =
      build === 'gil'
        ? new NoGuard()
        : build === 'gilectomy'
          ? new MutexGuard(this.bare.mutex)
          : new SectionGuard(this.bare.sections);
    const { memory, i32, id, refs, allocator, freeLists } = this;
    const { atomics, mutex, block } = this.bare;
    const { gcHeap } = this;
    return { memory, i32, id, refs, allocator, gcHeap, freeLists, atomics, mutex, block, guard };
  }
}

/** A memory with the static objects and `count` threads. */
export class ObjectWorld {
  readonly memory = SharedMemory.create(64 << 20);
  readonly allocator = new CheckedAllocator(this.memory.i32);
  readonly threads: ObjectThread[] = [];

  constructor(build: TestBuild, count = 1) {
    initialiseEmptyKeys(this.memory.i32);
    for (let slot = 0; slot < count; slot++) {
      this.threads.push(new ObjectThread(this.memory, this.allocator, build, slot));
    }
    createBuiltins(this.memory, this.threads[0].refs, (text) => this.threads[0].strings.intern(text));
  }

  /** Blocks in use once queues, free lists and delayed frees are emptied: 0 if nothing leaks. */
  leaks(): number {
    for (const thread of this.threads) thread.refs.mergeQueued();
    for (const thread of this.threads) thread.release();
    const [first] = this.threads;
    first.drop(...first.refs.disablePerThread());
    for (const thread of this.threads) thread.refs.mergeQueued();
    for (const thread of this.threads) thread.emptyFreeLists();
    this.allocator.processDelayed();
    return this.allocator.live.size;
  }
}

export const BUILDS: readonly TestBuild[] = ['gil', 'free-threaded', 'gilectomy'];
