import { BuiltinType, GcBits, ModuleObject } from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Dicts } from './dicts.js';
import type { GcHeap } from './gcHeap.js';
import type { Strings } from './strings.js';

/**
 * module: a name and a dict (CPython `Objects/moduleobject.c`). Free-threaded: modules have deferred counts and their
 * dicts are counted per thread, so that `module.f` writes no word that threads share (gh-128164).
 */
export class Modules {
  private readonly i32: Int32Array;
  private readonly refs: RefCounter;
  private readonly gcHeap: GcHeap;

  constructor(
    context: ObjectContext,
    private readonly strings: Strings,
    private readonly dicts: Dicts,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.gcHeap = context.gcHeap;
  }

  /** An empty module. Throws MemoryError. */
  create(name: string): Ref {
    const heap = this.i32;
    const interned = this.strings.intern(name);
    const dict = this.dicts.create();
    let module: Ref;
    try {
      module = this.gcHeap.alloc(ModuleObject.Words);
    } catch (error) {
      this.refs.decref(dict);
      throw error;
    }
    this.refs.init(module, BuiltinType.Module, GcBits.Tracked);
    heap[module + ModuleObject.Dict] = dict;
    heap[module + ModuleObject.Name] = interned;
    heap[module + ModuleObject.Weakrefs] = 0;
    this.gcHeap.track(module);
    this.dicts.enablePerThread(dict);
    this.refs.enableDeferred(module);
    return module;
  }

  /** module.__dict__, borrowed from the module. */
  dictOf(module: Ref): Ref {
    return this.i32[module + ModuleObject.Dict];
  }
}
