import type { AtomicOps } from '../memory/atomicOps.js';
import { PythonError } from '../memory/errors.js';
import { BuiltinType, CodeObject, GcBits, GeneratorObject, GeneratorState } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { Weakrefs } from './weakrefs.js';

/**
 * generator (CPython `Objects/genobject.c`): a frame that outlives its call. The frame's locals are words of the generator;
 * its body is a function that goes on where `Resume` says, keeps in the locals what it needs later, and returns at a yield.
 *
 * Whoever resumes it takes it by an exchange of its state (CPython 3.15 `gi_frame_state`), so that of two threads one gets
 * ValueError. The code object, which all generators of one `def` share, is counted per thread where the build does that. Left
 * out: send, throw, close and `yield from`; a generator that is dropped before its end runs no `finally`.
 */
export class Generators {
  private readonly i32: Int32Array;
  private readonly atomics: AtomicOps;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly weakrefs: Weakrefs,
  ) {
    this.i32 = context.i32;
    this.atomics = context.atomics;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** Suspended at its start. `body`: number of the body; `code`: borrowed. Throws MemoryError. */
  create(body: number, code: Ref, locals: number): Ref {
    const heap = this.i32;
    const generator = this.gcHeap.alloc(GeneratorObject.Locals + locals);
    this.refs.init(generator, BuiltinType.Generator, GcBits.Tracked);
    this.refs.increfUnique(code, heap[code + CodeObject.UniqueId]);
    heap[generator + GeneratorObject.Body] = body;
    heap[generator + GeneratorObject.State] = GeneratorState.Suspended;
    heap[generator + GeneratorObject.Code] = code;
    heap[generator + GeneratorObject.Weakrefs] = 0;
    heap[generator + GeneratorObject.Resume] = 0;
    heap[generator + GeneratorObject.LocalCount] = locals;
    for (let local = 0; local < locals; local++) heap[generator + GeneratorObject.Locals + local] = 0;
    this.gcHeap.track(generator);
    return generator;
  }

  /** Takes the generator to run it. False: it has finished. Throws ValueError while anybody runs it. */
  enter(generator: Ref): boolean {
    const word = generator + GeneratorObject.State;
    const state = this.atomics.compareExchange(word, GeneratorState.Suspended, GeneratorState.Executing);
    if (state === GeneratorState.Executing)
      throw new PythonError('ValueError', 'generator already executing');
    return state === GeneratorState.Suspended;
  }

  /** It waits behind a yield. */
  suspend(generator: Ref): void {
    this.atomics.store(generator + GeneratorObject.State, GeneratorState.Suspended);
  }

  /** It has returned or thrown: its locals go. */
  finish(generator: Ref): void {
    this.dropLocals(generator);
    this.atomics.store(generator + GeneratorObject.State, GeneratorState.Finished);
  }

  // --- For its body ---

  /** A local, borrowed. */
  local(generator: Ref, index: number): Ref {
    return this.i32[generator + GeneratorObject.Locals + index];
  }

  /** Steals the value; the old one is dropped. */
  setLocal(generator: Ref, index: number, value: Ref): void {
    const word = generator + GeneratorObject.Locals + index;
    const old = this.i32[word];
    this.i32[word] = value;
    if (old !== 0) this.refs.decref(old);
  }

  /** Where it goes on; 0 at first. */
  resumeAt(generator: Ref): number {
    return this.i32[generator + GeneratorObject.Resume];
  }

  setResume(generator: Ref, place: number): void {
    this.i32[generator + GeneratorObject.Resume] = place;
  }

  /**
   * tp_clear, of one that is in unreachable garbage. Whoever was led to it by a weak reference that a finaliser has made may be
   * running it: its locals are in use then, and go when it has ended or dies.
   */
  clear(generator: Ref): void {
    const word = generator + GeneratorObject.State;
    const state = this.atomics.compareExchange(word, GeneratorState.Suspended, GeneratorState.Executing);
    if (state === GeneratorState.Suspended) this.finish(generator);
  }

  /** The last reference is gone. */
  dealloc(generator: Ref): void {
    this.gcHeap.untrack(generator);
    this.weakrefs.clearDead(generator);
    this.dropLocals(generator);
    const code = this.i32[generator + GeneratorObject.Code];
    this.refs.decrefUnique(code, this.i32[code + CodeObject.UniqueId]);
    this.gcHeap.free(generator);
  }

  private dropLocals(generator: Ref): void {
    const count = this.i32[generator + GeneratorObject.LocalCount];
    for (let local = 0; local < count; local++) this.setLocal(generator, local, 0);
  }
}
