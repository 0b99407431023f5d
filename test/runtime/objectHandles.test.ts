import { describe, expect, it } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import type { Handle } from '#ungil/runtime/handle.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { InstanceHandle } from '#ungil/runtime/objectHandles.js';
import { Thread } from '#ungil/runtime/thread.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

/** A thread with functions that say in `log` when they are called. */
function withThread(build: string, body: (t: Thread, log: unknown[]) => void): Thread {
  const log: unknown[] = [];
  const t: Thread = new Thread(SharedMemory.create(48 << 20), buildNamed(build), 0);
  t.start(0, {
    init: (self, value) => {
      t.scope(() => (t.handles.borrow(self!) as InstanceHandle).set('value', t.numbers.value(value!)));
      return Control.None;
    },
    del: (self) => {
      t.scope(() => log.push(['del', (t.handles.borrow(self!) as InstanceHandle).get('value')]));
      return Control.None;
    },
    nothing: (self) => {
      log.push(['nothing', self !== 0]);
      return undefined;
    },
    died: () => {
      log.push('died');
      return Control.None;
    },
    add: (self, value) => {
      t.refs.incref(value!);
      log.push(t.handles.borrow(self!) instanceof InstanceHandle);
      return value!;
    },
  });
  t.initialiseInterpreter();
  t.scope(() => body(t, log));
  if (t.collects) t.calls.releaseCodes();
  else t.calls.releaseDefined();
  t.collector.collect(2, 'shutdown');
  if (!t.collects) t.releaseUniqueIds();
  t.exit();
  if (t.build.lock === 'gil') t.closeFreeLists();
  expect(findLeaks(t)).toEqual([]);
  return t;
}

describe.each(SAFE_BUILDS)('handles in build %s', (build) => {
  it('make classes, instances, methods and weak references', () => {
    const t = withThread(build, (t, log) => {
      const point = t.class('Point', ['value'], { init: t.function('init'), finalizer: t.function('del') });
      expect(point.name).toBe('Point');
      const object = point.create(3);
      expect(object.get('value')).toBe(3);
      object.set('value', 'text');
      expect(() => object.get('other')).toThrow("'Point' object has no attribute 'other'");
      const weak = t.weakref(object);
      const called = t.weakref(object, t.function('died'));
      expect(weak.equals(called)).toBe(true);
      expect(t.getWeakrefs(object).length).toBe(2);
      const method = t.method(t.function('add'), object);
      expect(method.call(7)).toBe(7);
      expect(log).toEqual([true]);
      expect((method.self as Handle).ref).toBe(object.ref);
      expect(() => method.call(1, 2)).toThrow('at most one argument');
      t.scope(() => expect(weak.get()?.ref).toBe(object.ref));
    });
    expect(t.unraisable.texts()).toEqual([]);
  });

  it('finalise instances when their scope ends, and tell weak references', () => {
    withThread(build, (t, log) => {
      const point = t.class('Point', ['value'], { init: t.function('init'), finalizer: t.function('del') });
      const [keys, values] = [t.weakKeyDict(), t.weakValueDict()];
      const weak = t.scope(() => {
        const object = point.create(5);
        const called = t.weakref(object, t.function('died'));
        t.refs.incref(called.ref);
        keys.set(object, 'of the key');
        values.set('name', object);
        expect(keys.get(object)).toBe('of the key');
        expect(values.has('name')).toBe(true);
        expect(values.entries().map(([key]) => key)).toEqual(['name']);
        expect(() => keys.set(1, 2)).toThrow("cannot create weak reference to 'int' object");
        return called.ref;
      });
      expect(log).toEqual([['del', 5], 'died']);
      expect([keys.size, values.size, values.get('name')]).toEqual([0, 0, undefined]);
      expect(t.weakrefs.get(weak)).toBe(0);
      t.refs.decref(weak);
      expect(() => t.weakref(t.list())).toThrow("cannot create weak reference to 'list' object");
    });
  });

  it('call functions that return nothing', () => {
    const t = withThread(build, (t, log) => {
      const nothing = t.function('nothing');
      expect(nothing.call(1)).toBeNull();
      expect(t.method(nothing, t.list()).call()).toBeNull();
      const point = t.class('Point', [], { init: nothing, finalizer: nothing });
      const object = point.create();
      t.weakref(object, nothing);
      object.release();
      t.gc.callbacks.append(nothing);
      t.gc.collect();
      t.gc.raw.dropLists();
      // By name, bound, as initialiser, finaliser, weakref callback, and around the collection.
      expect(log.length).toBe(7);
    });
    expect(t.unraisable.texts()).toEqual([]);
  });

  it('refuse what is no handle, or cannot be called', () => {
    withThread(build, (t) => {
      const wanted = 'what is to be called must come from t.function or t.method';
      const call = (() => undefined) as never;
      expect(() => t.class('Point', [], { finalizer: call })).toThrow(wanted);
      expect(() => t.class('Point', [], { init: t.list() as never })).toThrow(wanted);
      const object = t.class('Point').create();
      expect(() => t.weakref(object, call)).toThrow(wanted);
      expect(() => t.weakref(5 as never)).toThrow('a handle is wanted here, not a number');
    });
  });
});
