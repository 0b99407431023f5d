import { expect } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { BuiltinType, Control, Header, TypeKind, TypeObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { type Graph, graphOf, type Node, reachable } from './referenceCollector.mjs';

/** Variables of each thread. */
export const VARIABLES = 6;
export const THREADS = 3;

export type Kind =
  | 'list'
  | 'dict'
  | 'tuple'
  | 'instance'
  | 'finalized'
  | 'resurrecting'
  | 'function'
  | 'class'
  | 'method'
  | 'weakref'
  | 'called';

/** What a random program does; `thread` does it, `a` and `b` are variables of all threads, numbered through. */
export type Step =
  | {
      readonly do: 'make';
      readonly thread: number;
      readonly kind: Kind;
      readonly a: number;
      readonly b: number;
    }
  | { readonly do: 'link' | 'copy'; readonly thread: number; readonly a: number; readonly b: number }
  | {
      readonly do: 'drop' | 'empty' | 'dict' | 'collect' | 'frame';
      readonly thread: number;
      readonly a: number;
    }
  | { readonly do: 'forget' | 'poll'; readonly thread: number };

/** One collection: what was there before it, and what has happened in it. */
interface Collection {
  readonly graph: Graph;
  readonly alive: ReadonlySet<Ref>;
  readonly finalized: Ref[];
  readonly resurrected: Ref[];
  readonly called: Ref[];
}

/**
 * A runtime of several threads that take turns in one JavaScript thread, with variables that hold references, and after
 * each collection a look at what is left: exactly what `reachable` says, each finaliser once, weak references right.
 */
export class GraphWorld {
  private readonly memory = SharedMemory.create(32 << 20);
  private readonly threads: Thread[];
  private readonly variables = new Array<Ref>(THREADS * VARIABLES).fill(0);
  /** What finalisers have brought back. */
  private readonly saved: Ref[] = [];
  /** Objects that are there from the start, and classes and functions of the test's own. */
  private readonly kept: Ref[] = [];
  private readonly base: ReadonlySet<Ref>;
  private readonly classes: Record<'instance' | 'finalized' | 'resurrecting', Ref>;
  private readonly callback: Ref;
  /** Objects with a finaliser that has run, until they are gone. */
  private readonly done = new Set<Ref>();
  private collection: Collection | null = null;
  private inFrame: (() => void) | null = null;
  /** Collections that were looked at. */
  collections = 0;

  constructor(private readonly buildName: string) {
    const build = buildNamed(buildName);
    if (build.refcount === 'side-table') reserveSideTable(this.memory.i32);
    this.threads = Array.from({ length: THREADS }, (_, slot) => new Thread(this.memory, build, slot));
    const [t] = this.threads as [Thread];
    const bodies = {
      finalize: (self: Ref) => this.finalizer(self, false),
      resurrect: (self: Ref) => this.finalizer(self, true),
      called: (weakref: Ref) => this.weakrefCalled(weakref),
      frame: (_argument: Ref) => this.frameBody(),
      none: () => Control.None,
    };
    t.start(0, bodies);
    t.initialiseInterpreter();
    t.state.detach();
    for (const other of this.threads.slice(1)) {
      other.start(other.slot, bodies);
      other.state.detach();
    }
    t.state.attach();
    t.gc.disable();
    this.classes = {
      instance: this.keep(t.instances.createType('Plain', [], 0, 4)),
      finalized: this.keep(t.instances.createType('Finalized', [], 0, 4)),
      resurrecting: this.keep(t.instances.createType('Resurrecting', [], 0, 4)),
    };
    t.instances.setFinalizer(this.classes.finalized, this.keep(t.calls.define('finalize')));
    t.instances.setFinalizer(this.classes.resurrecting, this.keep(t.calls.define('resurrect')));
    this.callback = this.keep(t.calls.define('called'));
    this.keep(t.calls.define('frame'));
    this.keep(t.calls.define('none'));
    t.state.detach();
    this.base = new Set(graphOf(this.memory).keys());
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.step(step);
    for (const thread of [0, 1]) this.step({ do: 'collect', thread, a: 0 });
    this.end();
  }

  // --- Steps ---

  private step(step: Step): void {
    const t = this.threads[step.thread % THREADS]!;
    t.state.attach();
    try {
      this.perform(t, step);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
    if (t.state.isAttached()) t.state.detach();
    if (step.do === 'collect' || step.do === 'frame') this.look();
  }

  private perform(t: Thread, step: Step): void {
    switch (step.do) {
      case 'make':
        this.set(t, step.a, this.make(t, step.kind, this.variables[step.a]!, this.variables[step.b]!));
        return;
      case 'link':
        this.link(t, this.variables[step.a]!, this.variables[step.b]!);
        return;
      case 'copy': {
        const ref = this.variables[step.b]!;
        if (ref !== 0) t.refs.incref(ref);
        this.set(t, step.a, ref);
        return;
      }
      case 'drop':
        this.set(t, step.a, 0);
        return;
      case 'empty':
        this.empty(t, this.variables[step.a]!);
        return;
      case 'dict': {
        const ref = this.variables[step.a]!;
        if (this.kindOf(ref) === TypeKind.Instance) t.refs.decref(t.instances.dictOf(ref));
        return;
      }
      case 'collect':
        this.collect(t, []);
        return;
      case 'frame':
        this.collectInFrame(t, step.a);
        return;
      case 'forget':
        for (const ref of this.saved.splice(0)) t.refs.decref(ref);
        return;
      case 'poll':
        t.poll();
        return;
    }
  }

  private make(t: Thread, kind: Kind, first: Ref, second: Ref): Ref {
    const given = [first, second].filter((ref) => ref !== 0);
    switch (kind) {
      case 'list':
        return t.lists.create();
      case 'dict':
        return t.dicts.create();
      case 'tuple':
        return t.tuples.create(given);
      case 'function':
        return this.kindOf(first) === TypeKind.Dict ? t.calls.define('none', first) : t.calls.define('none');
      case 'class':
        return t.instances.createType('Made', [], this.kindOf(first) === TypeKind.Function ? first : 0, 4);
      case 'method':
        return given.length === 0 ? 0 : t.methods.create(this.callback, given[0]!);
      case 'weakref':
      case 'called': {
        const target = [second, first].find((ref) => this.allowsWeakrefs(ref)) ?? 0;
        if (target === 0) return 0;
        return t.weakrefs.create(target, kind === 'called' ? this.callback : 0);
      }
      default: {
        const ofClass = this.kindOf(first) === TypeKind.Type && kind === 'instance';
        const object = t.instances.create(ofClass ? first : this.classes[kind]);
        this.done.delete(object);
        return object;
      }
    }
  }

  /** `to` holds `item` from now on, where it can hold anything. */
  private link(t: Thread, to: Ref, item: Ref): void {
    if (to === 0 || item === 0) return;
    switch (this.kindOf(to)) {
      case TypeKind.List:
        t.lists.append(to, item);
        return;
      case TypeKind.Dict: {
        const key = t.numbers.int(1000 + t.dicts.length(to));
        t.dicts.set(to, key, item);
        t.refs.decref(key);
        return;
      }
      case TypeKind.Instance:
        t.instances.setAttr(to, t.strings.intern(`a${item & 2}`), item);
    }
  }

  private empty(t: Thread, object: Ref): void {
    if (object === 0) return;
    const kind = this.kindOf(object);
    if (kind === TypeKind.List) t.lists.clear(object);
    if (kind === TypeKind.Dict) t.dicts.clear(object);
  }

  /** Steals the reference. */
  private set(t: Thread, variable: number, ref: Ref): void {
    const old = this.variables[variable]!;
    this.variables[variable] = ref;
    if (old !== 0) t.refs.decref(old);
  }

  // --- Collections ---

  /** `stack`: what is on a shadow stack besides. Thread `t` is attached, all others are detached. */
  private collect(t: Thread, stack: readonly Ref[]): void {
    const graph = graphOf(this.memory);
    // Threads keep the code of the program's functions.
    const codes = [...graph].filter(([, { type }]) => type === BuiltinType.Code).map(([code]) => code);
    const alive = reachable(graph, [...this.roots(), ...stack, ...codes]);
    this.collection = { graph, alive, finalized: [], resurrected: [], called: [] };
    t.gc.raw.collect();
  }

  /** A function that only the stack of its own call holds, and its argument, are there for the collection. */
  private collectInFrame(t: Thread, variable: number): void {
    const argument = this.variables[variable]!;
    if (argument === 0) {
      this.collect(t, []);
      return;
    }
    const func = t.calls.define('frame');
    this.inFrame = () => this.collect(t, [func, argument]);
    t.calls.open(func);
    t.refs.decref(func);
    this.variables[variable] = 0;
    t.refs.decref(t.calls.call1(func, argument));
  }

  private frameBody(): Ref {
    const { inFrame } = this;
    this.inFrame = null;
    inFrame?.();
    // The frame and all that only it holds go when this has returned.
    this.lookAt(graphOf(this.memory));
    return Control.None;
  }

  /** The world at rest behind a collection. */
  private look(): void {
    if (this.collection !== null) this.lookAt(graphOf(this.memory));
    const problems = checkObjects(this.memory, { refcount: buildNamed(this.buildName).refcount });
    expect(problems).toEqual([]);
  }

  private lookAt(after: Graph): void {
    const { collection } = this;
    if (collection === null) return;
    this.collection = null;
    this.collections++;
    const { graph, alive } = collection;
    const back = reachable(graph, collection.resurrected);
    const expected = new Set([...alive, ...back].filter((object) => graph.get(object)!.tracked));
    this.checkKept(graph, after, expected, alive);
    const left = [...after].filter(([object, node]) => node.tracked && !this.base.has(object));
    const wrong = left.filter(([object]) => !expected.has(object) && !this.base.has(object));
    expect(wrong.map(([object]) => this.describe(graph, object))).toEqual([]);
    this.checkCallbacks(collection);
    for (const object of this.done) if (!after.has(object)) this.done.delete(object);
  }

  /** INV-8.3: nothing that can be reached is gone, or holds anything else than before. */
  private checkKept(graph: Graph, after: Graph, expected: ReadonlySet<Ref>, alive: ReadonlySet<Ref>): void {
    for (const object of expected) {
      const before = graph.get(object)!;
      const now = after.get(object);
      // A tuple of nothing but untracked tuples is untracked, too (CPython `_PyTuple_MaybeUntrack`).
      const isHeld = (ref: Ref): boolean =>
        before.type === BuiltinType.Tuple ? after.get(ref)?.tracked === true : graph.has(ref);
      if (now === undefined || (!now.tracked && before.refs.some(isHeld))) {
        throw new Error(`${this.describe(graph, object)} is gone, and can be reached`);
      }
      if (!now.tracked) continue;
      // A callback that has been called is dropped; that of a weak reference which was garbage itself never is called.
      const called = alive.has(object) && this.isDue(before, alive);
      const refs = called ? [] : before.refs;
      expect([now.type, now.refs], this.describe(graph, object)).toEqual([before.type, refs]);
      if (before.target === undefined) continue;
      const target = before.target;
      const kept = target === 0 || alive.has(target) || !graph.has(target);
      expect(now.target, `target of ${this.describe(graph, object)}`).toBe(kept ? target : 0);
    }
  }

  /** A weak reference that lives is called once if its object does not, and no other one. */
  private checkCallbacks({ graph, alive, called }: Collection): void {
    const due = [...graph].filter(([object, node]) => alive.has(object) && this.isDue(node, alive));
    expect(called.sort()).toEqual(due.map(([object]) => object).sort());
  }

  private isDue({ target, refs }: Node, alive: ReadonlySet<Ref>): boolean {
    return target !== undefined && target !== 0 && refs.length > 0 && !alive.has(target);
  }

  // --- Functions ---

  private finalizer(self: Ref, resurrects: boolean): Ref {
    const t = this.running();
    expect(this.done.has(self), `the finaliser of ${self} runs again`).toBe(false);
    this.done.add(self);
    const { collection } = this;
    if (collection !== null) {
      expect(collection.alive.has(self), `${self} can be reached, and is finalised`).toBe(false);
      collection.finalized.push(self);
    }
    if (resurrects) {
      t.refs.incref(self);
      this.saved.push(self);
      collection?.resurrected.push(self);
    }
    return Control.None;
  }

  private weakrefCalled(weakref: Ref): Ref {
    this.collection?.called.push(weakref);
    return Control.None;
  }

  private running(): Thread {
    return this.threads.find(({ state }) => state.isAttached())!;
  }

  // --- End ---

  /** Everything is dropped, collected, and gone. */
  private end(): void {
    const [t] = this.threads as [Thread];
    t.state.attach();
    for (let round = 0; round < 3; round++) {
      for (const ref of [...this.variables, ...this.saved.splice(0)]) if (ref !== 0) t.refs.decref(ref);
      this.variables.fill(0);
      t.state.detach();
      for (const other of this.threads) {
        other.state.attach();
        other.poll();
        other.state.detach();
      }
      this.step({ do: 'collect', thread: 0, a: 0 });
      t.state.attach();
    }
    t.state.detach();
    const left = [...graphOf(this.memory)].filter(
      ([object, { tracked, type }]) => tracked && type !== BuiltinType.Code && !this.base.has(object),
    );
    expect(left).toEqual([]);
  }

  private roots(): Ref[] {
    return [...this.variables, ...this.saved, ...this.kept, ...this.base].filter((ref) => ref !== 0);
  }

  private keep(ref: Ref): Ref {
    this.kept.push(ref);
    return ref;
  }

  private kindOf(object: Ref): TypeKind | 0 {
    const heap = this.memory.i32;
    return object === 0 ? 0 : (heap[heap[object + Header.Type]! + TypeObject.Kind] as TypeKind);
  }

  private allowsWeakrefs(object: Ref): boolean {
    const kind = this.kindOf(object);
    return kind === TypeKind.Instance || kind === TypeKind.Function || kind === TypeKind.Type;
  }

  private describe(graph: Graph, object: Ref): string {
    const node = graph.get(object);
    if (node === undefined) return `${object}, made meanwhile,`;
    const kind = node.type === 0 ? '?' : this.memory.i32[node.type + TypeObject.Kind];
    return `${object} (kind ${kind}, refers to ${node.refs.join(', ')})`;
  }
}
