import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { GcWorld } from './support/gcWorld.js';

const SITE = 0;

/** A new object that is not deferred, at the address where a function has been. */
function inPlaceOf(t: Thread, address: Ref): Ref {
  const { tuples, refs } = t;
  const others: Ref[] = [];
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < 600; i++) {
      const tuple = tuples.create(Array.from({ length }, () => Control.None));
      if (tuple === address) {
        for (const other of others) refs.decref(other);
        return tuple;
      }
      others.push(tuple);
    }
  }
  throw new Error('no tuple got there');
}

/** Whose cache: of the thread that collects, or of one that stands still meanwhile. */
describe.each(['the collecting thread', 'another thread'])('a cached global of %s', (whose) => {
  it('is looked at again when a collection has freed a deferred object: another may be in its place', () => {
    const world = new GcWorld('free-threaded', undefined, () => ({ nothing: () => Control.None }));
    const t = world.main;
    const other = world.thread();
    const loads = <T>(body: (thread: Thread) => T): T =>
      whose === 'another thread' ? world.as(other, () => body(other)) : body(t);
    const { dicts, strings, calls, refs } = t;
    const name = strings.intern('f');
    const globals = dicts.create();
    const callee = calls.define('nothing');
    dicts.set(globals, name, callee);
    refs.decref(callee);
    loads((thread) => thread.globals.bind(SITE, globals, 'f'));
    for (let i = 0; i < 3; i++) {
      expect(loads((thread) => thread.globals.load(SITE))).toBe(callee);
    }
    // Not counted: the site knows the function, and that only a collection frees it.
    expect(refs.count(callee)).toBe(1);
    dicts.set(globals, name, Control.None);
    expect(world.collect()).toBe(1);
    const tuple = inPlaceOf(t, callee);
    dicts.set(globals, name, tuple);
    refs.decref(tuple);
    expect(loads((thread) => thread.globals.load(SITE))).toBe(tuple);
    expect(refs.count(tuple)).toBe(2);
    loads((thread) => {
      thread.calls.close(tuple);
      thread.globals.unbind();
    });
    refs.decref(globals);
    calls.releaseCodes();
    world.collect();
    world.check(true);
  });
});
