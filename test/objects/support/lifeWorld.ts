import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import type { Body } from '#ungil/runtime/calls.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { Thread } from '#ungil/runtime/thread.js';
import { NoMemoryParts } from '../../support/noMemory.js';

/** One build of each scheme of counts, and of biased counts without owners. */
export const SCHEMES = [
  'gil',
  'free-threaded',
  'gilectomy',
  'gilectomy:refcount=side-table',
  'gil:refcount=side-table',
  'free-threaded:biased=off',
  'unsafe',
];

/** Those whose threads run at once. */
export const FREE = SCHEMES.filter((name) => !name.startsWith('gil') || name.startsWith('gilectomy')).filter(
  (name) => name !== 'unsafe',
);

const BODIES = 8;

/**
 * Threads of one build whose Python functions are functions of the test: `func` makes one. All take turns in the
 * test's own thread.
 */
export class LifeWorld {
  readonly memory = SharedMemory.create(48 << 20);
  readonly threads: Thread[] = [];
  /** Of the first thread: allocations can be made to fail. */
  readonly parts = new NoMemoryParts();
  private readonly bodies: Body[] = [];

  constructor(
    readonly build: string,
    count = 1,
  ) {
    const row = buildNamed(build);
    if (row.refcount === 'side-table') reserveSideTable(this.memory.i32);
    for (let slot = 0; slot < count; slot++) {
      const thread = new Thread(this.memory, row, slot, slot === 0 ? this.parts : undefined);
      thread.start(slot, this.table());
      if (slot === 0) thread.initialiseInterpreter();
      this.threads.push(thread);
    }
  }

  get t(): Thread {
    return this.threads[0]!;
  }

  /** A new function. What the body returns must be a new reference; nothing: None. Ordinary counts. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a body without a result is one that returns None
  func(body: (...args: Ref[]) => Ref | void): Ref {
    const index = this.bodies.length;
    if (index === BODIES) throw new Error('too many functions');
    this.bodies.push((...args) => body(...args) || this.t.handles.toRef(null));
    const made = this.t.calls.define(`f${index}`);
    this.t.refs.disableDeferred(made);
    return made;
  }

  /** A class with one attribute, `x`, and room for three. Steals the finaliser. */
  newClass(finalizer: Ref = 0, legacy = false): Ref {
    const type = this.t.instances.createType('C', ['x'], 0, 3);
    if (finalizer !== 0) this.t.instances.setFinalizer(type, finalizer, legacy);
    // From here the class holds its finaliser.
    if (finalizer !== 0) this.t.refs.decref(finalizer);
    return type;
  }

  drop(...refs: Ref[]): void {
    for (const ref of refs) this.t.refs.decref(ref);
  }

  /** What the check of the heap finds. */
  problems(): string[] {
    return checkObjects(this.memory, { refcount: buildNamed(this.build).refcount });
  }

  /** All threads leave: what is left, and what is wrong. Both must be empty. */
  end(): unknown[] {
    const { t } = this;
    for (const thread of this.threads) {
      if (thread.collects) thread.calls.releaseCodes();
      else thread.calls.releaseDefined();
    }
    // A thread that is attached and never polls would keep a collection waiting.
    for (const thread of this.threads.slice(1).reverse()) thread.exit();
    t.collector.collect(2, 'shutdown');
    if (!t.collects) t.releaseUniqueIds();
    // Not earlier: a class that nobody holds waits for the collection with a count of 0.
    const problems = this.problems();
    t.exit();
    if (t.build.lock === 'gil') t.closeFreeLists();
    return [...problems, ...findLeaks(t)];
  }

  private table(): Record<string, Body> {
    const entries = Array.from({ length: BODIES }, (_, index): [string, Body] => [
      `f${index}`,
      (...args) => this.bodies[index]!(...args),
    ]);
    return Object.fromEntries(entries);
  }
}
