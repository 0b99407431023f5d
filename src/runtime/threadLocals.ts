import { PythonError } from '../memory/errors.js';
import { BuiltinType, Control, GcBits, ThreadLocalObject } from '../memory/layout.js';
import type { GcHeap } from '../objects/gcHeap.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectThread } from './objectThread.js';

/**
 * threading.local (CPython `Modules/_threadmodule.c`). The object has nothing but a key; each thread has a dict of its
 * own, made when it first asks, in a table of the thread's own: key -> dict. Two lookups in dicts that no other thread
 * knows are all that a read takes; what threads share is the object and its key. The object has deferred counts where the
 * build has them (CPython 3.15).
 *
 * Left out: an object that dies leaves the dicts of other threads than the one that drops it, until those threads leave; CPython
 * takes them out of all. Subclasses, and arguments for their `__init__`. Arguments are borrowed; attached threads only.
 */
export class ThreadLocals {
  /** The thread's table, 0 before the first use; and its place among the thread's roots. */
  private table: Ref = 0;
  private root = -1;

  constructor(
    private readonly t: ObjectThread,
    private readonly gcHeap: GcHeap,
  ) {}

  /** The thread starts: it has no table, whatever became of an earlier run. */
  start(): void {
    this.table = 0;
    this.root = -1;
  }

  /** threading.local(). Throws MemoryError. */
  create(): Ref {
    const { i32: heap, refs, strings } = this.t;
    const key = strings.create(`thread.local.${Atomics.add(heap, Control.NextThreadLocal, 1)}`);
    let local: Ref;
    try {
      local = this.gcHeap.alloc(ThreadLocalObject.Words);
    } catch (error) {
      refs.decref(key);
      throw error;
    }
    refs.init(local, BuiltinType.ThreadLocal, GcBits.Tracked);
    heap[local + ThreadLocalObject.Key] = key;
    heap[local + ThreadLocalObject.Weakrefs] = 0;
    this.gcHeap.track(local);
    refs.enableDeferred(local);
    return local;
  }

  /** local.name, as this thread has set it: a new reference. Throws AttributeError. */
  get(local: Ref, name: Ref): Ref {
    const { dicts, refs } = this.t;
    const dict = this.find(local);
    const value = dict === 0 ? 0 : dicts.get(dict, name);
    if (dict !== 0) refs.decref(dict);
    return value !== 0 ? value : this.missing(name);
  }

  /** local.name = value, for this thread. Throws MemoryError. */
  set(local: Ref, name: Ref, value: Ref): void {
    const { dicts, refs } = this.t;
    const dict = this.dictOf(local);
    try {
      dicts.set(dict, name, value);
    } finally {
      refs.decref(dict);
    }
  }

  /** The object dies: this thread has no use for its dict. */
  forget(local: Ref): void {
    if (this.table !== 0) this.t.dicts.discard(this.table, this.t.i32[local + ThreadLocalObject.Key]);
  }

  /** The thread leaves, or its run ends: its dicts go. Harmless when done already. */
  release(): void {
    const { table } = this;
    if (table === 0) return;
    this.table = 0;
    this.t.roots.remove(this.root);
    this.t.refs.decref(table);
  }

  /** This thread's dict of the local, a new reference; 0 if it has none. */
  private find(local: Ref): Ref {
    if (this.table === 0) return 0;
    return this.t.dicts.get(this.table, this.t.i32[local + ThreadLocalObject.Key]);
  }

  private dictOf(local: Ref): Ref {
    const { dicts, i32, refs } = this.t;
    const known = this.find(local);
    if (known !== 0) return known;
    this.makeTable();
    const dict = dicts.create();
    try {
      dicts.set(this.table, i32[local + ThreadLocalObject.Key], dict);
    } catch (error) {
      refs.decref(dict);
      throw error;
    }
    return dict;
  }

  private makeTable(): void {
    if (this.table !== 0) return;
    const { dicts, refs, roots } = this.t;
    const table = dicts.create();
    try {
      this.root = roots.add(table);
    } catch (error) {
      refs.decref(table);
      throw error;
    }
    this.table = table;
  }

  private missing(name: Ref): never {
    const text = this.t.strings.text(name);
    throw new PythonError('AttributeError', `'_thread._local' object has no attribute '${text}'`);
  }
}
