import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { GcWorld } from './support/gcWorld.js';

const BUILDS = [
  'gil',
  'gil:refcount=side-table',
  'free-threaded',
  'free-threaded:biased=off',
  'gilectomy',
  'gilectomy:refcount=side-table',
];

/** So many containers within each other that what is in the innermost one waits in the trashcan. */
const DEPTH = 199;

/** `inner` in that many lists, with a reference to the outermost one; takes the reference to `inner`. */
function wrapped(t: Thread, inner: Ref, depth: number): Ref {
  let object = inner;
  for (let i = 0; i < depth; i++) {
    const list = t.lists.create();
    t.lists.append(list, object);
    t.refs.decref(object);
    object = list;
  }
  return object;
}

describe.each(BUILDS)('a collection while objects wait in the trashcan, in build %s', (build) => {
  it('does not call the callback of a weak reference that waits there', () => {
    let called = 0;
    let found = -1;
    const world = new GcWorld(build, undefined, (thread) => ({
      collect: () => {
        found = thread.collector.collect(2, 'manual');
        return Control.None;
      },
      gone: () => {
        called++;
        return Control.None;
      },
    }));
    const t = world.main;
    const { instances, calls, lists, refs, weakrefs, strings } = t;
    const type = instances.createType('Node', ['next'], 0);
    const collecting = instances.createType('Collecting', ['next'], 0);
    const finalizer = calls.define('collect');
    instances.setFinalizer(collecting, finalizer);
    const callback = calls.define('gone');
    // Garbage, and a weak reference to it that goes to the trashcan with its neighbours.
    const cyclic = instances.create(type);
    instances.setAttr(cyclic, strings.intern('next'), cyclic);
    const weakref = weakrefs.create(cyclic, callback);
    refs.decref(cyclic);
    const after = lists.create();
    const innermost = lists.create();
    lists.append(innermost, after);
    lists.append(innermost, weakref);
    lists.append(innermost, after);
    refs.decref(after);
    refs.decref(weakref);
    const wrappedOne = wrapped(t, innermost, 2);
    const collector = instances.create(collecting);
    const both = lists.create();
    lists.append(both, collector);
    lists.append(both, wrappedOne);
    refs.decref(collector);
    refs.decref(wrappedOne);
    const outermost = wrapped(t, both, DEPTH - 3);
    refs.decref(outermost);
    expect(found).toBe(1);
    expect(called).toBe(0);
    world.check();
    for (const object of [type, collecting, finalizer, callback]) refs.decref(object);
    calls.releaseCodes();
    world.collect();
    world.collect();
    world.check(true);
    expect(world.main.collector.objects(null)).toEqual([]);
  });

  it('gives nobody an object that waits there, whose weak reference a finaliser has made', () => {
    const got: Ref[] = [];
    const made: Ref[] = [];
    let waiting: Ref = 0;
    let neighbours: Ref[] = [];
    const world = new GcWorld(build, undefined, (thread) => ({
      make: () => {
        made.push(thread.weakrefs.create(waiting));
        for (const neighbour of neighbours) made.push(thread.weakrefs.create(neighbour, callback));
        return Control.None;
      },
      look: () => {
        const one = thread.weakrefs.get(made[0]);
        if (one !== 0) thread.refs.decref(one);
        got.push(one);
        return Control.None;
      },
    }));
    const t = world.main;
    const { instances, calls, refs, weakrefs, strings, tuples } = t;
    const callback = calls.define('look');
    const type = instances.createType('Node', ['next', 'other'], 0);
    const finalized = instances.createType('Finalized', ['next', 'other'], 0);
    const finalizer = calls.define('make');
    instances.setFinalizer(finalized, finalizer);
    waiting = instances.create(type);
    neighbours = [instances.create(type), instances.create(type)];
    // Behind them: they are cleared before it, and go when it is.
    const root = instances.create(finalized);
    for (const object of [waiting, ...neighbours]) instances.setAttr(object, strings.intern('other'), root);
    const tuple = (...items: Ref[]): Ref => {
      const object = tuples.create(items);
      for (const item of items) refs.decref(item);
      return object;
    };
    let chain = tuple(neighbours[0], tuple(tuple(tuple(waiting))), neighbours[1]);
    for (let depth = 0; depth < DEPTH - 3; depth++) chain = tuple(chain);
    instances.setAttr(root, strings.intern('next'), chain);
    refs.decref(chain);
    refs.decref(root);
    expect(world.collect()).toBe(4 + 4 + DEPTH - 3);
    // Its first neighbour goes before it, the second one while it waits.
    expect(got).toEqual([waiting, 0]);
    for (const weakref of made) {
      expect(weakrefs.get(weakref)).toBe(0);
      refs.decref(weakref);
    }
    world.check();
    for (const object of [type, finalized, finalizer, callback]) refs.decref(object);
    calls.releaseCodes();
    world.collect();
    world.collect();
    world.check(true);
    expect(world.main.collector.objects(null)).toEqual([]);
  });

  it('finds what a finaliser has brought back from there', () => {
    const world = new GcWorld(build, undefined, (thread) => ({
      keep: (object: Ref) => {
        thread.instances.setAttr(object, thread.strings.intern('next'), object);
        return Control.None;
      },
    }));
    const t = world.main;
    const { instances, calls, refs } = t;
    const type = instances.createType('Kept', ['next'], 0);
    const finalizer = calls.define('keep');
    instances.setFinalizer(type, finalizer);
    const object = instances.create(type);
    refs.decref(wrapped(t, object, DEPTH + 1));
    expect(world.collect()).toBe(1);
    for (const held of [type, finalizer]) refs.decref(held);
    calls.releaseCodes();
    world.collect();
    expect(world.main.collector.objects(null)).toEqual([]);
    world.check(true);
  });
});
