import { expect } from 'vitest';
import { Control, Header } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { type Build, buildNamed } from '#ungil/runtime/builds.js';
import type { Bodies } from '#ungil/runtime/calls.js';
import { Thread } from '#ungil/runtime/thread.js';
import { ProductionParts, type ThreadParts } from '#ungil/runtime/threadParts.js';

/** Compositions of the free-threaded collector. */
export const FREE_THREADED_BUILDS = [
  'free-threaded',
  'free-threaded:mark-alive=off',
  'free-threaded:biased=off',
  'free-threaded:deferred=off',
  'free-threaded:per-thread=off',
  'free-threaded:immortal=off',
  'free-threaded:thread-heaps=off',
  'free-threaded:qsbr=off',
  'free-threaded:qsbr=off:refcount=side-table',
  'gilectomy',
  'gilectomy:refcount=side-table',
] as const;

/** Several threads of one memory in one JavaScript thread: all but the one that acts are detached. */
export class GcWorld {
  readonly memory = SharedMemory.create(64 << 20);
  readonly build: Build;
  readonly i32 = this.memory.i32;
  /** Attached at first. */
  readonly main: Thread;
  private readonly others: Thread[] = [];

  constructor(
    build: string | Build,
    private readonly parts: ThreadParts = new ProductionParts(),
    bodies: (thread: Thread) => Bodies = () => ({}),
  ) {
    this.build = typeof build === 'string' ? buildNamed(build) : build;
    if (this.build.refcount === 'side-table') reserveSideTable(this.i32);
    this.main = new Thread(this.memory, this.build, 0, parts);
    this.main.start(0, bodies(this.main));
    this.main.initialiseInterpreter();
  }

  /** Another thread, detached. */
  thread(): Thread {
    const thread = new Thread(this.memory, this.build, this.others.length + 1, this.parts);
    this.as(thread, () => {}, true);
    this.others.push(thread);
    return thread;
  }

  /** The thread does something while the main one is detached. */
  as<T>(thread: Thread, body: () => T, starts = false): T {
    this.main.state.detach();
    if (starts) thread.start();
    else thread.state.attach();
    try {
      return body();
    } finally {
      if (thread.state.isAttached()) thread.state.detach();
      this.main.state.attach();
    }
  }

  /** The thread leaves for good. */
  exit(thread: Thread): void {
    this.as(thread, () => thread.exit());
    this.others.splice(this.others.indexOf(thread), 1);
  }

  /** A full collection by the main thread. */
  collect(): number {
    return this.main.collector.collect(2, 'manual');
  }

  owner(object: Ref): number {
    return this.i32[object] & Header.OwnerMask;
  }

  /** A list that holds itself, and nobody else holds it. Its address. */
  garbage(thread: Thread = this.main): Ref {
    const list = thread.lists.create();
    thread.lists.append(list, list);
    thread.refs.decref(list);
    return list;
  }

  /** Nothing is broken. `complete`: every count is explained by what the heap holds. */
  check(complete = false): void {
    expect(checkObjects(this.memory, { refcount: this.build.refcount, complete })).toEqual([]);
  }

  /** The dict becomes the run's globals. Steals the reference. */
  publish(globals: Ref): void {
    this.i32[Control.RunGlobals] = globals;
  }
}
