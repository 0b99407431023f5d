/**
 * What the workers of the collector's suite run: thread 0 measures, the others run a loop, so that they are there to be
 * stopped and to mark. As a function of the thread, so that V8 sees what workers see.
 */
import { Control, GcState } from '../../src/memory/layout.js';
import type { Ref } from '../../src/refcount/refCounter.js';
import type { Program } from '../../src/runtime/program.js';
import type { Thread } from '../../src/runtime/thread.js';
import { type CycleKind, createClass, KindMaker, type LiveKind } from '../../src/workloads/gc/kinds.js';
import { setAutomatic } from '../../src/workloads/gc/tally.js';
import { RangeLoop } from '../../src/workloads/loop.js';
import { Random } from './random.js';

/** `chain`: instances that refer to the next one; `held`: lists in a list. Either in the order of allocation or not. */
export type Order = 'chain' | 'chain shuffled' | 'held' | 'held shuffled';

export type CollectorCase =
  /** A collection with live objects: full with each number of markers in turn, or of the youngest generation. */
  | {
      readonly kind: 'live';
      readonly of: LiveKind | Order;
      readonly objects: number;
      readonly markers: readonly number[];
    }
  | { readonly kind: 'young'; readonly objects: number }
  /** A collection that finds so many objects. */
  | { readonly kind: 'garbage'; readonly of: CycleKind; readonly objects: number }
  /** Making a list of lists, with automatic collections and without, in turn. */
  | { readonly kind: 'build'; readonly objects: number };

export interface CaseArgs {
  readonly one: CollectorCase;
  readonly samples: number;
}

/** Milliseconds: of `live` by number of markers, of `build` with collections and without, else alone. */
export type CaseTimes = readonly (readonly number[])[];

/** Before the first sample: at least one of each, and so long that V8 has compiled what they use. */
const WARMUP_MS = 100;
const YOUNG_COLLECTIONS = 1000;
const BUSY_ROUNDS = 1000;
/** Set by thread 0 when it is done. */
const DONE = Control.Scratch;

export default function cases(t: Thread): Program {
  const { collector, lists, refs, state } = t;
  const maker = new KindMaker(t);
  /** Of this run: borrowed. */
  let live: Ref = 0;
  const loop = new RangeLoop(t);

  function timed(body: () => void): number {
    const start = performance.now();
    body();
    return performance.now() - start;
  }

  function collect(generation: number, expected: number): number {
    let found = 0;
    const elapsed = timed(() => {
      found = collector.collect(generation, 'manual');
    });
    if (found !== expected) throw new Error(`a collection found ${found} objects, not ${expected}`);
    return elapsed;
  }

  function collectWith(markers: number): number {
    Atomics.store(t.i32, Control.Gc + GcState.Markers, markers);
    const elapsed = collect(2, 0);
    // So that who waits is not kept waiting by the next collection.
    state.poll();
    return elapsed;
  }

  function youngOnes(): number {
    const elapsed = timed(() => {
      for (let i = 0; i < YOUNG_COLLECTIONS; i++) collector.collect(0, 'manual');
    });
    return elapsed / YOUNG_COLLECTIONS;
  }

  function garbage(of: CycleKind, objects: number): number {
    let made = 0;
    while (made < objects) made += maker.garbage(of);
    return collect(2, objects);
  }

  /** As `[[] for _ in range(n)]`, the new list in `live`: in CPython it is on a frame, where marking begins, too. */
  function build(objects: number, automatic: boolean): number {
    setAutomatic(t, automatic);
    const target = lists.create();
    lists.append(live, target);
    const elapsed = timed(() => buildInto(target, objects));
    setAutomatic(t, false);
    const length = lists.length(target);
    refs.decref(target);
    lists.clear(live);
    collector.collect(2, 'manual');
    if (length !== objects) throw new Error(`${length} lists were made, not ${objects}`);
    return elapsed;
  }

  function buildInto(target: Ref, objects: number): void {
    for (let done = 0; done < objects; done += BUSY_ROUNDS) buildSome(target, BUSY_ROUNDS);
  }

  function buildSome(target: Ref, count: number): void {
    for (let i = 0; i < count; i++) {
      const variable = loop.variable(i);
      const list = lists.create();
      lists.append(target, list);
      refs.decref(list);
      loop.end(variable);
    }
  }

  function variants(one: CollectorCase): readonly (() => number)[] {
    switch (one.kind) {
      case 'live':
        return one.markers.map((markers) => () => collectWith(markers));
      case 'young':
        return [youngOnes];
      case 'garbage':
        return [() => garbage(one.of, one.objects)];
      case 'build':
        return [() => build(one.objects, true), () => build(one.objects, false)];
    }
  }

  function measure({ one, samples }: CaseArgs): CaseTimes {
    const bodies = variants(one);
    const times = bodies.map((): number[] => []);
    const warm = performance.now() + WARMUP_MS;
    do {
      for (const body of bodies) body();
    } while (performance.now() < warm);
    for (let sample = 0; sample < samples; sample++) {
      bodies.forEach((body, index) => {
        times[index].push(body());
      });
    }
    return times;
  }

  function fill(target: Ref, one: CollectorCase): void {
    if (one.kind === 'young') maker.fill(target, 'lists', one.objects);
    if (one.kind !== 'live') return;
    const { of, objects } = one;
    if (of === 'chain' || of === 'chain shuffled') fillChain(target, objects, of === 'chain shuffled');
    else if (of === 'held' || of === 'held shuffled') fillHeld(target, objects, of === 'held shuffled');
    else maker.fill(target, of, objects);
  }

  function placesOf(objects: number, shuffled: boolean): Int32Array {
    const places = Int32Array.from({ length: objects }, (_, index) => index);
    if (shuffled) new Random().shuffle(places);
    return places;
  }

  /** The references are the list's from here. */
  function fillHeld(target: Ref, objects: number, shuffled: boolean): void {
    const made = Int32Array.from({ length: objects }, () => lists.create());
    for (const place of placesOf(objects, shuffled)) {
      lists.append(target, made[place]);
      refs.decref(made[place]);
    }
  }

  function fillChain(target: Ref, objects: number, shuffled: boolean): void {
    const made = Int32Array.from({ length: objects }, () => maker.live('instances'));
    const places = placesOf(objects, shuffled);
    lists.append(target, made[places[0]]);
    for (let i = 1; i < objects; i++) t.instances.setSlot(made[places[i - 1]], 0, made[places[i]]);
    for (const object of made) refs.decref(object);
  }

  return {
    level: 'raw',
    setup(_: Thread, { one }: CaseArgs) {
      setAutomatic(t, false);
      Atomics.store(t.i32, DONE, 0);
      const type = createClass(t);
      maker.start(type);
      const target = lists.create();
      fill(target, one);
      return { live: target, type } as Record<string, number>;
    },
    run(_: Thread, shared: Record<string, Ref>, args: CaseArgs): CaseTimes | null {
      maker.start(shared.type);
      live = shared.live;
      if (t.index === 0) {
        const times = measure(args);
        Atomics.store(t.i32, DONE, 1);
        return times;
      }
      while (Atomics.load(t.i32, DONE) === 0) {
        for (let i = 0; i < BUSY_ROUNDS; i++) loop.end(loop.variable(i));
      }
      return null;
    },
    teardown(_: Thread, shared: Record<string, Ref>, { one }: CaseArgs): number {
      const length = lists.length(shared.live);
      lists.clear(shared.live);
      Atomics.store(t.i32, Control.Gc + GcState.Markers, 1);
      setAutomatic(t, true);
      return one.kind === 'garbage' ? 0 : length;
    },
  };
}
