import { PythonError } from '../../memory/errors.js';
import { Control, HeapTag } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';

/** Words of the collectors' soak that all threads use, in the scratch area. */
export const enum SoakWords {
  /** Cells that hold a graph each. */
  Cells = Control.Scratch,
  CellCount = 64,
  /** Address of the table of tokens, a block of the mem domain. */
  Table = Cells + CellCount,
  /** Serial number of the next token. */
  Next,
  Finalised,
  Resurrected,
  Called,
  /** Collections of earlier rounds. */
  CollectionsBefore,
  End,
}

/** What has happened to a token: bits of its word in the table. */
export const enum TokenState {
  Made = 1,
  /** It can be reached from what the program keeps: neither finaliser nor callback may run. */
  Anchored = 2,
  Finalised = 4,
  /** The callback of its watcher has run. */
  Called = 8,
}

/** Tokens of a round; when they are used up the round ends. */
const CAPACITY = 1 << 19;
/** Serial numbers are ints in the heap, and no small ones. */
const FIRST_INT = 1_000_000;
/** Lists that hold themselves, made by a finaliser. */
const FINALISER_GARBAGE = 10;

/** What finalisers do besides, chosen by the serial number. */
const enum Deed {
  Throw,
  ComeBack,
  ComeBackWithGraph,
  Allocate,
  Collect,
  RefersWeakly,
  Count = 12,
}

/**
 * Instances with a finaliser and a serial number, and a table that all threads write of what has happened to each. One
 * instance of this class a thread.
 */
export class Tokens {
  /** The first thing that was wrong. */
  wrong: string | null = null;
  /** Lists that finalisers bring their objects back into: tokens, and graphs. */
  lost: Ref = 0;
  pool: Ref = 0;
  private readonly heap: Int32Array;

  constructor(private readonly t: Thread) {
    this.heap = t.i32;
  }

  /** Before the threads of a round start. */
  open(): void {
    const { heap } = this;
    heap.fill(0, SoakWords.Cells, SoakWords.End);
    const table = this.t.allocator.alloc(CAPACITY, HeapTag.Mem);
    heap.fill(0, table, table + CAPACITY);
    heap[SoakWords.Table] = table;
  }

  /** No token is left. Null, or the first token with something missing. */
  close(): string | null {
    const { heap } = this;
    const table = heap[SoakWords.Table];
    const count = Math.min(heap[SoakWords.Next], CAPACITY);
    let missing: string | null = null;
    for (let serial = 0; serial < count && missing === null; serial++) {
      const state = heap[table + serial];
      if ((state & TokenState.Finalised) === 0)
        missing = `token ${serial} was never finalised, state ${state}`;
    }
    heap[SoakWords.Table] = 0;
    this.t.allocator.free(table, HeapTag.Mem);
    return missing;
  }

  /** The serial number of a new token, which is anchored; -1: there are no more. */
  next(): number {
    const serial = Atomics.add(this.heap, SoakWords.Next, 1);
    if (serial >= CAPACITY) return -1;
    Atomics.store(this.heap, this.wordOf(serial), TokenState.Made | TokenState.Anchored);
    return serial;
  }

  /** From now on the token may go. By whoever has it to itself, before it lets go. */
  release(serial: number): void {
    Atomics.and(this.heap, this.wordOf(serial), ~TokenState.Anchored);
  }

  state(serial: number): number {
    return Atomics.load(this.heap, this.wordOf(serial));
  }

  /** A new int for a serial number. */
  intOf(serial: number): Ref {
    return this.t.numbers.int(FIRST_INT + serial);
  }

  /** The serial number in an int; steals the reference. */
  takeSerial(int: Ref): number {
    const value = this.t.numbers.value(int);
    this.t.refs.decref(int);
    return value - FIRST_INT;
  }

  /** The serial number of an instance that has one. */
  serialOf(object: Ref): number {
    return this.takeSerial(this.t.instances.getAttr(object, this.t.strings.intern('serial')));
  }

  complain(text: string): void {
    this.wrong ??= text;
  }

  // --- Functions of the program ---

  finalize(token: Ref): Ref {
    const serial = this.serialOf(token);
    const before = Atomics.or(this.heap, this.wordOf(serial), TokenState.Finalised);
    if ((before & TokenState.Made) === 0) this.complain(`token ${serial} was finalised and never made`);
    if ((before & TokenState.Finalised) !== 0) this.complain(`token ${serial} was finalised twice`);
    if ((before & TokenState.Anchored) !== 0) this.complain(`token ${serial} was finalised and is alive`);
    Atomics.add(this.heap, SoakWords.Finalised, 1);
    this.act(token, serial % Deed.Count);
    return this.none();
  }

  /** `watcher` has the serial number of the object that the weakref referred to. */
  called(watcher: Ref, weakref: Ref): Ref {
    const serial = this.serialOf(watcher);
    const before = Atomics.or(this.heap, this.wordOf(serial), TokenState.Called);
    if ((before & TokenState.Called) !== 0) this.complain(`token ${serial}: the callback was called twice`);
    if ((before & TokenState.Anchored) !== 0) this.complain(`token ${serial}: called back and is alive`);
    const object = this.t.weakrefs.get(weakref);
    if (object !== 0) this.complain(`token ${serial}: called back, and the weakref still shows it`);
    Atomics.add(this.heap, SoakWords.Called, 1);
    return this.none();
  }

  none(): Ref {
    this.t.refs.incref(Control.None);
    return Control.None;
  }

  // --- Steps ---

  private act(token: Ref, deed: number): void {
    const { t } = this;
    switch (deed) {
      case Deed.Throw:
        throw new PythonError('ValueError', 'a finaliser of the soak');
      case Deed.ComeBack:
        this.comeBack(this.lost, token);
        return;
      case Deed.ComeBackWithGraph:
        this.comeBackWithGraph(token);
        return;
      case Deed.Allocate:
        this.makeGarbage();
        return;
      case Deed.Collect:
        t.gc.raw.collect();
        return;
      case Deed.RefersWeakly:
        t.refs.decref(t.weakrefs.create(token));
        return;
    }
  }

  private comeBack(list: Ref, object: Ref): void {
    Atomics.add(this.heap, SoakWords.Resurrected, 1);
    this.t.lists.append(list, object);
  }

  /** Tokens in a cycle know the list that they are in. */
  private comeBackWithGraph(token: Ref): void {
    const { t } = this;
    let root: Ref = 0;
    try {
      root = t.instances.getAttr(token, t.strings.intern('root'));
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
    }
    this.comeBack(root === 0 ? this.lost : this.pool, root === 0 ? token : root);
    if (root !== 0) t.refs.decref(root);
  }

  private makeGarbage(): void {
    const { t } = this;
    for (let i = 0; i < FINALISER_GARBAGE; i++) {
      const list = t.lists.create();
      t.lists.append(list, list);
      t.refs.decref(list);
    }
    t.poll();
  }

  private wordOf(serial: number): number {
    return Atomics.load(this.heap, SoakWords.Table) + serial;
  }
}
