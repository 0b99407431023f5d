import type { Allocator, AllocatorThread } from '../allocators/allocator.js';
import type { HeapStatistics } from '../allocators/statistics/types.js';
import type { GcThread } from '../gc/collector.js';
import { NoCollector } from '../gc/noCollector.js';
import { ObservedCollector } from '../gc/observedCollector.js';
import { initialiseGc } from '../gc/state.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import { Control, Counter, GilWait, ThreadBlock, TypeCache } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { allocStatic } from '../memory/staticArena.js';
import type { Tally } from '../memory/tally.js';
import { BuiltinFunctions } from '../objects/builtinFunctions.js';
import { createBuiltins } from '../objects/builtins.js';
import { Codes } from '../objects/codes.js';
import type { Constants } from '../objects/constants.js';
import type { ObjectContext } from '../objects/context.js';
import { TypeDeallocator } from '../objects/dealloc.js';
import { initialiseEmptyKeys } from '../objects/dictKeys.js';
import type { Dicts } from '../objects/dicts.js';
import type { Finalizers } from '../objects/finalizers.js';
import { Functions } from '../objects/functions.js';
import type { GcHeap } from '../objects/gcHeap.js';
import type { GcSlots, GcWeakrefs } from '../objects/gcSlots.js';
import { Generators } from '../objects/generators.js';
import { Hashing } from '../objects/hash.js';
import type { Instances } from '../objects/instances.js';
import { LifeEnd } from '../objects/lifeEnd.js';
import type { Lists } from '../objects/lists.js';
import { Locks } from '../objects/locks.js';
import { MethodCallers } from '../objects/methodCallers.js';
import { Methods } from '../objects/methods.js';
import { Modules } from '../objects/modules.js';
import { Numbers } from '../objects/numbers.js';
import { Records } from '../objects/records.js';
import { heapStatistics } from '../objects/statistics/heapStatistics.js';
import { Strings } from '../objects/strings.js';
import { Tuples } from '../objects/tuples.js';
import { TypeSlots } from '../objects/typeSlots.js';
import type { Types } from '../objects/types/types.js';
import { WeakDicts } from '../objects/weakDicts.js';
import type { Weakrefs } from '../objects/weakrefs.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import { Barrier } from '../sync/barrier.js';
import type { Mutex } from '../sync/mutex.js';
import { type StopMeasure, StopTheWorld } from '../threads/stopTheWorld.js';
import type { PendingWork, ThreadState } from '../threads/threadState.js';
import { type Build, readsWithoutLocks } from './builds.js';
import type { FunctionHandle, MethodHandle } from './callHandles.js';
import { type Bodies, Calls } from './calls.js';
import {
  composeCollector,
  composeConstants,
  composeContainers,
  composeCounter,
  composeGcHeap,
  composeGuard,
  composeStripes,
  composeTypes,
} from './compose.js';
import { Gc } from './gc.js';
import { GcCallbacks } from './gcCallbacks.js';
import { GeneratorCalls } from './generatorCalls.js';
import { Globals } from './globals.js';
import type { Handle, Value } from './handle.js';
import {
  type DictHandle,
  HandleSpace,
  type ListHandle,
  type LockHandle,
  type TupleHandle,
} from './handles.js';
import { HandleTable } from './handleTable.js';
import { MethodSites } from './methodSites.js';
import { Natives } from './natives.js';
import {
  type ClassHandle,
  type ClassOptions,
  ObjectFactory,
  refOf,
  type WeakDictHandle,
  type WeakrefHandle,
} from './objectHandles.js';
import type { ObjectThread } from './objectThread.js';
import { ThreadFreeLists } from './threadFreeLists.js';
import { ThreadLocals } from './threadLocals.js';
import { ProductionParts, type ThreadParts } from './threadParts.js';
import type { Recorder } from './tracing/recorder.js';
import { UnraisableErrors } from './unraisable.js';

/**
 * A thread of the runtime, as a program sees it: the raw level. References are numbers whose counts the program
 * owns: methods of the types borrow their arguments unless they say "steals", and return new references. The
 * level of scoped handles is `handles.ts`.
 *
 * One composition a worker: every field holds the same class for the worker's whole life, so that call sites
 * stay monomorphic.
 */
export class Thread implements ObjectThread, PendingWork, GcThread {
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  /** Place in the table of threads; the worker's for its life. */
  readonly slot: number;
  /** Number of the thread in the current run, from 0. */
  index = 0;
  readonly id: number;
  readonly block: number;
  readonly state: ThreadState;
  readonly mutex: Mutex;
  readonly allocator: Allocator;
  readonly gcHeap: GcHeap;
  readonly refs: RefCounter;
  readonly numbers: Numbers;
  readonly strings: Strings;
  readonly hashing: Hashing;
  readonly tuples: Tuples;
  readonly codes: Codes;
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly functions: Functions;
  readonly locks: Locks;
  readonly instances: Instances;
  readonly types: Types;
  readonly constants: Constants;
  readonly modules: Modules;
  readonly builtinFunctions: BuiltinFunctions;
  readonly generators: Generators;
  readonly methodCallers: MethodCallers;
  readonly records: Records;
  readonly threadLocals: ThreadLocals;
  readonly methods: Methods;
  readonly weakrefs: Weakrefs;
  readonly weakDicts: WeakDicts;
  readonly finalizers: Finalizers;
  readonly gcSlots: GcSlots;
  readonly gcWeakrefs: GcWeakrefs;
  readonly collector: ObservedCollector;
  readonly collects: boolean;
  /** The gc module. */
  readonly gc: Gc;
  /** Errors that nobody could catch. */
  readonly unraisable: UnraisableErrors;
  /** What the thread does, with its times; in builds that record it. */
  readonly recorder: Recorder | null;
  /** How long the last `stopTheWorld` has waited for whom. */
  readonly lastStop: StopMeasure;
  readonly roots: HandleTable;
  readonly calls: Calls;
  readonly globals: Globals;
  readonly natives: Natives;
  readonly methodSites: MethodSites;
  readonly generatorCalls: GeneratorCalls;
  readonly handles: HandleSpace;
  /** Counted builds: what this thread has done on its fast paths since it was made; else null. */
  readonly tally: Tally | null;
  private readonly objects: ObjectFactory;
  private readonly world: StopTheWorld;
  private readonly runBarrier: Barrier;
  private readonly freeLists: ThreadFreeLists;
  private readonly memos = new Map<unknown, unknown>();

  /**
   * Composes the thread of this slot; touches no shared state yet but what `start` will use. `parts` makes what
   * it stands on; the explorer's model threads bring their own.
   */
  constructor(
    readonly memory: SharedMemory,
    readonly build: Build,
    slot: number,
    parts: ThreadParts = new ProductionParts(),
  ) {
    const gil = build.lock === 'gil';
    this.i32 = memory.i32;
    this.atomics = parts.makeAtomics(memory);
    this.state = parts.makeState(memory, this.atomics, slot, gil);
    this.slot = slot;
    this.id = this.state.id;
    this.block = this.state.block;
    this.mutex = this.state.mutex;
    this.allocator = parts.makeAllocator(build, this.allocatorThread());
    const deallocator = new TypeDeallocator(this.i32);
    this.refs = parts.makeRefCounter?.(build, memory, this) ?? composeCounter(build, memory, this);
    this.refs.deallocator = parts.makeDeallocator?.(this.refs, deallocator, this) ?? deallocator;
    this.allocator.counter = this.refs;
    this.gcHeap = composeGcHeap(build, this.allocator, this.block, this.i32);
    this.freeLists = new ThreadFreeLists(this);
    const context = this.makeContext();
    this.numbers = new Numbers(context);
    this.strings = new Strings(context);
    const hashing = new Hashing(context, this.strings);
    this.hashing = hashing;
    this.tuples = new Tuples(context);
    this.codes = new Codes(context);
    this.locks = new Locks(context);
    const lifeEnd = new LifeEnd(context, this.strings, composeStripes(build, this.state));
    this.weakrefs = lifeEnd.weakrefs;
    this.finalizers = lifeEnd.finalizers;
    this.functions = new Functions(context, this.weakrefs);
    this.methods = new Methods(context, this.weakrefs);
    const containers =
      parts.makeContainers?.(build, context, hashing, this.strings, lifeEnd) ??
      composeContainers(build, context, hashing, this.strings, lifeEnd);
    this.lists = containers.lists;
    this.dicts = containers.dicts;
    this.instances = containers.instances;
    this.weakDicts = new WeakDicts(context, this.dicts, this.weakrefs);
    this.weakrefs.connect(this.weakDicts);
    const { methods } = this;
    this.types = composeTypes(build, context, this.dicts, this.strings);
    this.instances.classes = {
      lookup: (type, name) => this.types.lookup(type, name),
      bind: (func, self) => methods.create(func, self),
    };
    this.constants = composeConstants(build, context, this);
    this.modules = new Modules(context, this.strings, this.dicts);
    this.builtinFunctions = new BuiltinFunctions(context, this.strings);
    this.generators = new Generators(context, this.weakrefs);
    this.methodCallers = new MethodCallers(context, this.strings);
    this.records = new Records(context, this.weakrefs);
    deallocator.connect(this);
    this.gcSlots = new TypeSlots(this);
    this.gcWeakrefs = this.weakrefs;
    this.state.pending = this;
    this.world = parts.makeWorld?.(this.state) ?? new StopTheWorld(this.state);
    this.lastStop = this.world.waited;
    this.runBarrier = new Barrier(this.state);
    const collector = parts.makeCollector?.(build, this) ?? composeCollector(build, this);
    this.collects = !(collector instanceof NoCollector);
    this.roots = new HandleTable(this.i32, this.allocator, this.block);
    this.calls = new Calls(this);
    this.globals = new Globals(this);
    this.natives = new Natives(this, this.calls);
    this.methodSites = new MethodSites(this, this.calls, this.natives);
    this.generatorCalls = new GeneratorCalls(this, this.calls);
    this.threadLocals = new ThreadLocals(this, this.gcHeap);
    this.handles = new HandleSpace(this);
    this.objects = new ObjectFactory(this);
    this.unraisable = new UnraisableErrors(this);
    lifeEnd.userCode.connect(parts.makeCaller?.(this.calls) ?? this.calls, this.unraisable);
    this.collector = new ObservedCollector(this.i32, collector, new GcCallbacks(this));
    this.gc = new Gc(this);
    this.recorder = parts.recorder ?? null;
    parts.connect?.(this.strings);
    this.tally = parts.tally ?? null;
  }

  /** The safepoint of loop back-edges: see ThreadState.poll. */
  poll(): void {
    this.state.poll();
  }

  // --- The level of scoped handles: see handles.ts ---

  /** Runs the body; every handle made in it is released at its end. */
  scope<T>(body: () => T): T {
    return this.handles.run(body);
  }

  /** A new list of these values. */
  list(values: readonly Value[] = []): ListHandle {
    const list = this.handles.adopt(this.lists.create()) as ListHandle;
    for (const value of values) list.append(value);
    return list;
  }

  /** A new dict of these entries. */
  dict(entries: Iterable<readonly [Value, Value]> = []): DictHandle {
    const dict = this.handles.adopt(this.dicts.create()) as DictHandle;
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  tuple(...values: Value[]): TupleHandle {
    const items = this.handles.toRefs(values);
    try {
      return this.handles.adopt(this.tuples.create(items)) as TupleHandle;
    } finally {
      for (const item of items) this.refs.decref(item);
    }
  }

  /** A float even where the value is whole. */
  float(value: number): Handle {
    return this.handles.adopt(this.numbers.float(value));
  }

  lock(): LockHandle {
    return this.handles.adopt(this.locks.create()) as LockHandle;
  }

  /** The function of this name in the program's `functions`. */
  function(name: string): FunctionHandle {
    return this.handles.adopt(this.calls.define(name)) as FunctionHandle;
  }

  /**
   * A new class. `attributes`: names that its instances have room for, set or not; without any, 30 of whatever name. The
   * functions of `options` get their arguments as raw references; `t.handles.borrow(ref)` makes a handle of one.
   */
  class(name: string, attributes: readonly string[] = [], options: ClassOptions = {}): ClassHandle {
    return this.objects.class(name, attributes, options);
  }

  /** function bound to its first argument. */
  method(func: FunctionHandle, self: Handle): MethodHandle {
    return this.handles.adopt(this.methods.create(refOf(func), refOf(self))) as MethodHandle;
  }

  /**
   * weakref.ref(object, callback), of an instance, class, function, bound method or weak dict. `callback` gets the
   * weakref when the object has died, if the weakref is alive then; what it throws is reported with the run. Throws
   * TypeError for other objects.
   */
  weakref(object: Handle, callback?: FunctionHandle): WeakrefHandle {
    return this.objects.weakref(object, callback);
  }

  /** weakref.getweakrefs(object). */
  getWeakrefs(object: Handle): WeakrefHandle[] {
    return this.objects.weakrefs(object);
  }

  /** A new dict whose keys are held weakly. */
  weakKeyDict(): WeakDictHandle {
    return this.handles.adopt(this.weakDicts.createWithWeakKeys()) as WeakDictHandle;
  }

  /** A new dict whose values are held weakly. */
  weakValueDict(): WeakDictHandle {
    return this.handles.adopt(this.weakDicts.createWithWeakValues()) as WeakDictHandle;
  }

  /** Meets the run's other threads; detached while it waits. Throws RunAborted. */
  barrier(): void {
    this.state.atSafepoint(1);
    this.runBarrier.wait(Control.RunBarrier, this.i32[Control.RunThreads]);
    this.state.atSafepoint(0);
  }

  /**
   * Suspends every other thread of the interpreter, or of all interpreters; nothing but `startTheWorld` and reads may
   * follow.
   */
  stopTheWorld(global = false): void {
    this.world.stop(global);
  }

  startTheWorld(): void {
    this.world.start();
  }

  /** What the whole memory is used for (CPython's `sys._debugmallocstats`), the world stopped meanwhile. */
  debugMallocStats(): HeapStatistics {
    this.stopTheWorld();
    try {
      return heapStatistics(this.memory);
    } finally {
      this.startTheWorld();
    }
  }

  // --- Life of the thread, in CPython's order but for one step (`PyThreadState_New`, `PyThreadState_Clear`) ---

  /** Binds and attaches, as thread `index` of a run. `bodies`: the program's functions. */
  start(index = 0, bodies: Bodies = {}): void {
    this.index = index;
    this.unraisable.clear();
    this.collector.journal.clear();
    this.i32[this.block + ThreadBlock.Index] = index;
    this.i32[this.block + ThreadBlock.UserCode] = 0;
    this.state.bind();
    this.state.attach();
    this.state.atSafepoint(0);
    this.allocator.start();
    this.refs.start();
    if (this.build.lock !== 'gil') this.openFreeLists();
    this.calls.start(bodies);
    this.threadLocals.start();
  }

  /**
   * Leaves for good: free lists are emptied, what waits for a grace period is handed over, per-thread counts are
   * merged, the merge queue is drained and left, the heaps are handed over, then the thread detaches.
   */
  exit(): void {
    this.threadLocals.release();
    this.roots.exit();
    if (this.build.lock !== 'gil') this.closeFreeLists();
    this.leaveSharedStructures();
    this.state.detachFinally();
    this.state.unbind();
  }

  /**
   * CPython leaves the table of merge queues first, and drops delayed references of its own objects afterwards: then
   * another thread may merge such an object at the same time, and the decrement is lost (litmus D29).
   */
  protected leaveSharedStructures(): void {
    this.allocator.abandonDelayed();
    // Online again: destructors and finalisers of what is merged read what others may free.
    this.state.qsbr.attach();
    this.refs.exit();
    // Not earlier: what dies above may have finalisers, which are called.
    this.calls.exit();
    this.gcHeap.exit();
    this.allocator.exit();
  }

  /**
   * End of a run, by one of its threads when all have called `calls.releaseDefined`: classes, code and globals are
   * counted per thread no more, and those that nobody refers to are freed. In builds without a collector.
   */
  releaseUniqueIds(): void {
    if (Atomics.load(this.i32, Control.UniqueIdCapacity) === 0) return;
    this.stopTheWorld();
    const objects = this.refs.disablePerThread();
    this.startTheWorld();
    for (const object of objects) this.refs.decref(object);
  }

  /** Gives the blocks of the free lists back. Also: the interpreter's, when the last thread has exited. */
  closeFreeLists(): void {
    this.freeLists.close();
  }

  /** Opens the free lists, the interpreter's also after a leak check. */
  openFreeLists(): void {
    this.freeLists.open();
  }

  /** Empties this thread's free lists, and they stay open. Any time, attached. */
  clearOwnFreeLists(): void {
    this.freeLists.empty();
  }

  /** As `clearOwnFreeLists` for every thread. In a stopped world, or under the GIL. */
  clearFreeLists(): void {
    this.freeLists.emptyAll();
  }

  /** Makes the interpreter's static objects. Once for each memory, attached, before any other thread starts. */
  initialiseInterpreter(): void {
    initialiseGc(this.i32, this.build.collector === 'generational');
    if (this.build.lock === 'gil') this.openFreeLists();
    initialiseEmptyKeys(this.i32);
    createBuiltins(this.memory, this.refs, (text) => this.strings.intern(text));
    this.i32[Control.TypeCache] = allocStatic(this.i32, TypeCache.Words);
  }

  /** What `make` returned when it was first called with this key in this worker. */
  memo<T>(key: unknown, make: () => T): T {
    if (!this.memos.has(key)) this.memos.set(key, make());
    return this.memos.get(key) as T;
  }

  /** What this thread has counted since it started, by `Counter`. */
  counters(): number[] {
    const start = this.block + ThreadBlock.Counters;
    return Array.from({ length: Counter.Count }, (_, index) => this.i32[start + index]);
  }

  /** How long this thread has waited for the GIL since it started, by `GilWait`. */
  gilWaits(): number[] {
    const start = this.block + ThreadBlock.GilWaits;
    return Array.from({ length: GilWait.Words }, (_, index) => this.i32[start + index]);
  }

  // --- PendingWork ---

  mergeQueued(): void {
    this.refs.mergeQueued();
  }

  processDelayed(): void {
    this.allocator.processDelayed();
  }

  collectIfDue(): void {
    this.collector.collectIfDue();
  }

  addGarbage(object: Ref): void {
    this.lists.append(this.gc.raw.garbage(), object);
  }

  publishStack(): void {
    this.calls.publishStack();
  }

  helpPause(): void {
    this.collector.helpPause();
  }

  dropCaches(): void {
    this.globals.dropCaches();
  }

  // --- Composition ---

  private allocatorThread(): AllocatorThread {
    const { memory, i32, atomics, block } = this;
    // Where nobody reads without a lock, an emptied page can be used again at once.
    const qsbr = readsWithoutLocks(this.build) ? this.state.qsbr : null;
    return { memory, i32, atomics, block, qsbr };
  }

  private makeContext(): ObjectContext {
    return {
      memory: this.memory,
      i32: this.i32,
      atomics: this.atomics,
      refs: this.refs,
      allocator: this.allocator,
      gcHeap: this.gcHeap,
      guard: composeGuard(this.build, this.state),
      mutex: this.state.mutex,
      block: this.block,
      id: this.id,
      freeLists: this.freeLists.address,
    };
  }
}
