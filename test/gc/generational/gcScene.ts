import type { GcThread } from '#ungil/gc/collector.js';
import { DebugGenerationalCollector } from '#ungil/gc/generational/debugGenerational.js';
import { Control, GcState, GcStats } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import { Referents } from '#ungil/objects/referents.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed, withDebug } from '#ungil/runtime/builds.js';
import { DebugParts } from '#ungil/runtime/debugParts.js';
import { Thread } from '#ungil/runtime/thread.js';
import { MIB } from '../../allocators/support.js';

/** Builds with a generational collector. */
export const GENERATIONAL = [
  'gil',
  'gil:refcount=side-table',
  'gil:immortal=off',
  'gil:refcount=biased',
] as const;

/** A thread of a debug build, and a collector of its own that takes what a test replaces. */
export class GcScene {
  readonly memory = SharedMemory.create(32 * MIB);
  readonly heap = this.memory.i32;
  readonly t: Thread;
  readonly collector: DebugGenerationalCollector;
  readonly lines: string[] = [];
  private readonly build;

  /** `replaced`: properties of the thread that the collector sees instead. */
  constructor(name = 'gil', replaced: (t: Thread) => Partial<GcThread> = () => ({})) {
    this.build = withDebug(buildNamed(name), true);
    if (this.build.refcount === 'side-table') reserveSideTable(this.heap);
    this.t = new Thread(this.memory, this.build, 0, new DebugParts());
    this.t.start();
    this.t.initialiseInterpreter();
    const seen = Object.create(this.t, Object.getOwnPropertyDescriptors(replaced(this.t))) as GcThread;
    this.collector = new DebugGenerationalCollector(seen, (line) => this.lines.push(line));
  }

  collect(generation = 2): number {
    const found = this.collector.collect(generation, 'manual');
    this.sound();
    return found;
  }

  /** Nothing is wrong with heap, counts and lists. */
  sound(): void {
    const problems = checkObjects(this.memory, { refcount: this.build.refcount });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Tracked objects of a generation, null: of all. */
  tracked(generation: number | null = null): Set<Ref> {
    const objects = this.collector.objects(generation);
    for (const object of objects) this.t.refs.decref(object);
    return new Set(objects);
  }

  /** A list of these, which are borrowed. */
  list(...items: Ref[]): Ref {
    const list = this.t.lists.create();
    for (const item of items) this.t.lists.append(list, item);
    return list;
  }

  /** A list that holds itself and these, and that nobody holds. */
  cycle(...items: Ref[]): Ref {
    const list = this.list(...items);
    this.t.lists.append(list, list);
    this.drop(list);
    return list;
  }

  dict(key: string, value: Ref): Ref {
    const dict = this.t.dicts.create();
    this.t.dicts.set(dict, this.t.strings.intern(key), value);
    return dict;
  }

  drop(...objects: Ref[]): void {
    for (const object of objects) this.t.refs.decref(object);
  }

  /** A class that stays. */
  newClass(...attributes: string[]): Ref {
    return this.t.instances.createType('Thing', attributes, 0);
  }

  state(word: GcState): number {
    return this.heap[Control.Gc + word]!;
  }
  setState(word: GcState, value: number): void {
    this.heap[Control.Gc + word] = value;
  }
  counts(): number[] {
    return [0, 1, 2].map((generation) => this.state(GcState.Counts + generation));
  }
  stats(generation: number, row: GcStats): number {
    return this.state(GcState.Stats + generation * GcStats.Words + row);
  }

  /** What an object refers to, as every collector sees it. */
  referents(object: Ref): Ref[] {
    const referents = new Referents(this.heap);
    const found: Ref[] = [];
    const count = referents.of(object);
    for (let span = 0; span < count; span++) {
      const [start, end, step] = referents.spans.slice(3 * span, 3 * span + 3) as unknown as number[];
      for (let word = start!; word < end!; word += step!) {
        if (this.heap[word] !== 0) found.push(this.heap[word]!);
      }
    }
    return found;
  }
}
