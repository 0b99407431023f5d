import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { NoMemoryParts } from '../support/noMemory.js';
import { GcWorld } from './support/gcWorld.js';

const BUILDS = ['gil', 'free-threaded', 'free-threaded:biased=off', 'gilectomy'];

/** Garbage of every kind that has something to clear; another thread can read all of it without a lock. */
function garbage(world: GcWorld, events: string[]): void {
  const t = world.main;
  const { instances, lists, dicts, refs, strings, weakDicts, weakrefs, calls, methods, tuples, numbers } = t;
  const name = (text: string): Ref => strings.intern(text);
  const type = instances.createType('Node', ['next', 'other', 'third'], 0);
  const finalizer = calls.define('del');
  const callback = calls.define('gone');
  instances.setFinalizer(type, finalizer);
  const one = instances.create(type);
  const two = instances.create(type);
  const list = lists.create();
  const dict = dicts.create();
  const method = methods.create(callback, one);
  const tuple = tuples.create([one, list]);
  const keys = weakDicts.createWithWeakKeys();
  const weakref = weakrefs.create(two, callback);
  const number = numbers.float(1.5);
  weakDicts.set(keys, two, one);
  lists.append(list, dict);
  for (let i = 0; i < 100; i++) lists.append(list, tuple);
  for (const [key, value] of [
    ['one', one],
    ['two', two],
    ['list', list],
    ['method', method],
    ['keys', keys],
    ['weakref', weakref],
  ] as const) {
    dicts.set(dict, name(key), value);
  }
  dicts.set(dict, number, list);
  instances.setAttr(one, name('next'), two);
  instances.setAttr(two, name('next'), list);
  refs.decref(instances.dictOf(two));
  for (const object of [
    type,
    finalizer,
    callback,
    one,
    two,
    list,
    dict,
    method,
    tuple,
    keys,
    weakref,
    number,
  ])
    refs.decref(object);
  events.length = 0;
}

describe.each(BUILDS)('without memory, whatever is asked for, a collection in build %s', (build) => {
  it.each(['the raw domain', 'the others'])(
    'leaves nothing behind that the next one does not find: %s',
    (domain) => {
      const parts = new NoMemoryParts();
      const events: string[] = [];
      const world = new GcWorld(build, parts, () => ({
        del: () => {
          events.push('del');
          return Control.None;
        },
        gone: () => Control.None,
      }));
      const t = world.main;
      let failures = 0;
      for (let number = 1; ; number++) {
        garbage(world, events);
        t.calls.releaseCodes();
        if (domain === 'the raw domain') parts.armRaw(number, number);
        else parts.arm(number, number);
        let failed = false;
        try {
          world.collect();
        } catch (error) {
          expect(error).toBeInstanceOf(MemoryError);
          failed = true;
        }
        const asked = domain === 'the raw domain' ? parts.rawCount : parts.count;
        parts.arm(0, -1);
        parts.armRaw(0, -1);
        if (failed) failures++;
        world.check();
        world.collect();
        world.collect();
        expect(events).toEqual(['del', 'del']);
        expect(t.collector.objects(null)).toEqual([]);
        world.check(true);
        if (asked < number) break;
      }
      // Under the GIL a collection needs no memory, and objects of the other domains none does.
      expect(failures > 0).toBe(domain === 'the raw domain' && build !== 'gil');
    },
  );
});
