import type { AtomicOps } from '../memory/atomicOps.js';
import {
  BuiltinType,
  GcBits,
  Header,
  TypeKind,
  TypeObject,
  UserCodeKind,
  WeakrefObject,
} from '../memory/layout.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { GcHeap } from './gcHeap.js';
import type { GcWeakrefs } from './gcSlots.js';
import { type Stripes, stripeOf } from './stripes.js';
import type { UserCode } from './userCode.js';
import type { WeakrefLists } from './weakrefLists.js';

/** Drops the entry of a weak dict whose key or value has died; see weakDicts.ts. */
export interface EntryRemover {
  /** `weakref`: of the entry; `dict`: weakref to the weak dict. Both borrowed. */
  entryDied(weakref: Ref, dict: Ref): void;
}

/**
 * weakref.ref (CPython `Objects/weakrefobject.c`). Objects that can be referred to: instances, functions, classes,
 * bound methods and weak dicts. Attached threads.
 *
 * A weakref that still shows its object, looked at under the object's stripe, says that the object's memory is its own:
 * a dying object clears its weakrefs under the stripe before anything else. Whether the object is alive says a
 * conditional increment, which both object and weakref are prepared for.
 */
export class Weakrefs implements GcWeakrefs {
  protected readonly i32: Int32Array;
  protected readonly refs: RefCounter;
  protected readonly atomics: AtomicOps;
  private readonly gcHeap: GcHeap;
  private entries!: EntryRemover;

  constructor(
    context: ObjectContext,
    private readonly stripes: Stripes,
    protected readonly lists: WeakrefLists,
    private readonly userCode: UserCode,
  ) {
    this.i32 = context.i32;
    this.refs = context.refs;
    this.atomics = context.atomics;
    this.gcHeap = context.gcHeap;
  }

  /** Set once by the composition. */
  connect(entries: EntryRemover): void {
    this.entries = entries;
  }

  /**
   * weakref.ref(object, callback): without a callback (0) the one that the object has already, if it has one. All
   * arguments borrowed; `key`: of a value in a weak dict. Throws TypeError for an object that allows no weak
   * references, MemoryError.
   */
  create(object: Ref, callback: Ref = 0, key: Ref = 0): Ref {
    const head = this.lists.requireHead(object);
    const stripe = stripeOf(object);
    if (callback === 0) {
      const basic = this.takeBasic(head, stripe);
      if (basic !== 0) return basic;
    }
    const weakref = this.allocate(object, callback, key, stripe);
    return callback === 0 ? this.insertBasic(head, weakref, stripe) : this.insert(head, weakref, stripe);
  }

  /** A new reference to the weakref without callback that the object has; 0: it has none, or that one is just dying. */
  basicOf(object: Ref): Ref {
    const head = this.lists.headOf(object);
    return head === 0 ? 0 : this.takeBasic(head, stripeOf(object));
  }

  /** weakref(): a new reference to the object, 0 if it is dead. */
  get(weakref: Ref): Ref {
    if (this.atomics.load(weakref + WeakrefObject.Object) === 0) return 0;
    const heap = this.i32;
    const stripe = heap[weakref + WeakrefObject.Stripe];
    this.stripes.lock(stripe);
    const object = heap[weakref + WeakrefObject.Object];
    const alive = object !== 0 && this.takeObject(object);
    this.stripes.unlock(stripe);
    return alive ? object : 0;
  }

  /** The callback, borrowed from the weakref; 0: none, or it has been called. */
  callbackOf(weakref: Ref): Ref {
    return this.i32[weakref + WeakrefObject.Callback];
  }

  /** weakref.getweakrefcount(object). 0 for objects that allow none. */
  count(object: Ref): number {
    const heap = this.i32;
    const head = this.lists.headOf(object);
    if (head === 0) return 0;
    let count = 0;
    const stripe = stripeOf(object);
    this.stripes.lock(stripe);
    for (let at = heap[head]; at !== 0; at = heap[at + WeakrefObject.Next]) count++;
    this.stripes.unlock(stripe);
    return count;
  }

  /** weakref.getweakrefs(object): new references, in the list's order, without those that are just dying. */
  list(object: Ref): Ref[] {
    const heap = this.i32;
    const weakrefs: Ref[] = [];
    const head = this.lists.headOf(object);
    if (head === 0) return weakrefs;
    const stripe = stripeOf(object);
    this.stripes.lock(stripe);
    for (let at = heap[head]; at !== 0; at = heap[at + WeakrefObject.Next]) {
      if (this.takeWeakref(at)) weakrefs.push(at);
    }
    this.stripes.unlock(stripe);
    return weakrefs;
  }

  /** The last reference to the weakref is gone: its callback never runs. */
  dealloc(weakref: Ref): void {
    this.gcHeap.untrack(weakref);
    this.clear(weakref);
    this.gcHeap.free(weakref);
  }

  /** tp_clear: forgets object, callback and key. */
  clear(weakref: Ref): void {
    const heap = this.i32;
    const stripe = heap[weakref + WeakrefObject.Stripe];
    this.stripes.lock(stripe);
    this.lists.detach(weakref);
    this.stripes.unlock(stripe);
    const callback = heap[weakref + WeakrefObject.Callback];
    const key = heap[weakref + WeakrefObject.Key];
    heap[weakref + WeakrefObject.Callback] = 0;
    heap[weakref + WeakrefObject.Key] = 0;
    if (callback !== 0) this.refs.decref(callback);
    if (key !== 0) this.refs.decref(key);
  }

  // --- Death of what is referred to ---

  /**
   * The object is being destroyed and is untracked: clears all weak references to it, and calls what is to be called,
   * newest first (CPython `PyObject_ClearWeakRefs`). A weakref that dies at this moment is not called.
   */
  clearDead(object: Ref): void {
    const head = this.lists.headOf(object);
    if (!this.hasList(head)) return;
    let called = this.detachAll(head, stripeOf(object));
    const heap = this.i32;
    while (called !== 0) {
      const weakref = called;
      called = heap[weakref + WeakrefObject.Next];
      heap[weakref + WeakrefObject.Next] = 0;
      this.runCallback(weakref);
      this.refs.decref(weakref);
    }
  }

  /**
   * As `clearDead` for weakrefs that a finaliser has made when the object's others were gone: nobody is told, for what
   * a callback would rely on is half destroyed (CPython `_PyWeakref_ClearWeakRefsNoCallbacks`).
   */
  clearSilently(object: Ref): void {
    const heap = this.i32;
    const head = this.lists.headOf(object);
    if (!this.hasList(head)) return;
    const stripe = stripeOf(object);
    this.stripes.lock(stripe);
    while (heap[head] !== 0) this.lists.detach(heap[head]);
    this.stripes.unlock(stripe);
  }

  // --- GcWeakrefs ---

  clearForGc(object: Ref, isUnreachable: (object: Ref) => boolean, push: (weakref: Ref) => void): void {
    const heap = this.i32;
    if (heap[heap[object + Header.Type] + TypeObject.Kind] === TypeKind.Weakref) this.lists.detach(object);
    const head = this.lists.headOf(object);
    if (head === 0) return;
    for (let weakref = heap[head]; weakref !== 0; weakref = heap[head]) {
      this.lists.detach(weakref);
      if (heap[weakref + WeakrefObject.Callback] === 0 || isUnreachable(weakref)) continue;
      if (this.isAlive(weakref)) push(weakref);
    }
  }

  /** At most once for a weakref, which the caller keeps alive. */
  runCallback(weakref: Ref): void {
    const heap = this.i32;
    const callback = heap[weakref + WeakrefObject.Callback];
    if (callback === 0) return;
    heap[weakref + WeakrefObject.Callback] = 0;
    if (heap[callback + Header.Type] === BuiltinType.Weakref) this.entries.entryDied(weakref, callback);
    else this.userCode.run(callback, weakref, UserCodeKind.WeakrefCallback, callback);
    this.refs.decref(callback);
  }

  // --- Steps ---

  /**
   * Not so for a weakref in the trashcan, which is in its object's list until its turn comes: it has no references, its
   * counts hold a link, and another reference would have it destroyed twice. Live ones are tracked, but for immortals.
   */
  private isAlive(weakref: Ref): boolean {
    return (this.i32[weakref] & (GcBits.Tracked << 24)) !== 0 || this.refs.isImmortal(weakref);
  }

  private allocate(object: Ref, callback: Ref, key: Ref, stripe: number): Ref {
    const heap = this.i32;
    const weakref = this.gcHeap.alloc(WeakrefObject.Words);
    this.refs.init(weakref, BuiltinType.Weakref, GcBits.Tracked);
    heap[weakref + WeakrefObject.Object] = object;
    heap[weakref + WeakrefObject.Callback] = callback;
    heap[weakref + WeakrefObject.Key] = key;
    heap[weakref + WeakrefObject.Hash] = 0;
    heap[weakref + WeakrefObject.Next] = 0;
    heap[weakref + WeakrefObject.Previous] = 0;
    heap[weakref + WeakrefObject.Stripe] = stripe;
    if (callback !== 0) this.refs.incref(callback);
    if (key !== 0) this.refs.incref(key);
    this.gcHeap.track(weakref);
    return weakref;
  }

  protected insert(head: number, weakref: Ref, stripe: number): Ref {
    this.prepare(weakref);
    this.stripes.lock(stripe);
    this.lists.insert(head, weakref);
    this.stripes.unlock(stripe);
    return weakref;
  }

  /** Unless another thread has been faster. */
  protected insertBasic(head: number, weakref: Ref, stripe: number): Ref {
    this.prepare(weakref);
    this.stripes.lock(stripe);
    const basic = this.lists.basic(head);
    const other = basic !== 0 && this.takeWeakref(basic) ? basic : 0;
    if (other === 0) this.lists.insert(head, weakref);
    this.stripes.unlock(stripe);
    if (other === 0) return weakref;
    this.i32[weakref + WeakrefObject.Object] = 0;
    this.refs.decref(weakref);
    return other;
  }

  /** From here others may look for both, and try to get a reference. */
  protected prepare(weakref: Ref): void {
    this.refs.setMaybeWeakref(this.i32[weakref + WeakrefObject.Object]);
    this.refs.setMaybeWeakref(weakref);
  }

  /** A new reference to the object's weakref without callback, 0 if it has none. */
  protected takeBasic(head: number, stripe: number): Ref {
    if (this.atomics.load(head) === 0) return 0;
    this.stripes.lock(stripe);
    const basic = this.lists.basic(head);
    const taken = basic !== 0 && this.takeWeakref(basic);
    this.stripes.unlock(stripe);
    return taken ? basic : 0;
  }

  /** Under the stripe: the object may be dying, and waiting for the stripe. */
  protected takeObject(object: Ref): boolean {
    return this.refs.tryIncref(object);
  }

  /** Under the stripe: the weakref in the list may be dying, and waiting for the stripe (gh-151223). */
  protected takeWeakref(weakref: Ref): boolean {
    return this.refs.tryIncref(weakref);
  }

  /**
   * Declared racy read: no weakref is added any more, for nobody has a reference to the object; the last one may just
   * be going, and then either answer will do: who takes it out is done with the object behind that store.
   */
  private hasList(head: number): boolean {
    return head !== 0 && this.i32[head] !== 0;
  }

  /** The weakrefs to be called, each with a reference, linked by `Next`, which nobody else uses any more. */
  private detachAll(head: number, stripe: number): Ref {
    const heap = this.i32;
    let first = 0;
    let last = 0;
    this.stripes.lock(stripe);
    for (let weakref = heap[head]; weakref !== 0; weakref = heap[head]) {
      this.lists.detach(weakref);
      if (heap[weakref + WeakrefObject.Callback] === 0 || !this.takeWeakref(weakref)) continue;
      if (last === 0) first = weakref;
      else heap[last + WeakrefObject.Next] = weakref;
      last = weakref;
    }
    this.stripes.unlock(stripe);
    return first;
  }
}
