import { describe, expect, it } from 'vitest';
import { RunAborted } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { FREE, LifeWorld, SCHEMES } from './support/lifeWorld.js';

describe.each(SCHEMES)('finalisers, %s', (build) => {
  it('run before callbacks, and those before the values go', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const log: string[] = [];
    const inner = world.newClass(
      world.func(() => {
        log.push('finaliser of the value');
      }),
    );
    const outer = world.newClass(
      world.func((self) => {
        log.push(`finaliser, ${t.refs.count(self!)}`);
      }),
    );
    const callback = world.func(() => {
      log.push('callback');
    });
    const object = t.instances.create(outer);
    const value = t.instances.create(inner);
    t.instances.setSlot(object, 0, value);
    const weakref = t.weakrefs.create(object, callback);
    world.drop(value, object);
    expect(log).toEqual(['finaliser, 1', 'callback', 'finaliser of the value']);
    world.drop(weakref, callback, inner, outer);
    expect(world.end()).toEqual([]);
  });

  it('run once, and may bring their object back with right counts', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    let runs = 0;
    const list = t.lists.create();
    const type = world.newClass(
      world.func((self) => {
        runs++;
        t.lists.append(list, self!);
        t.lists.append(list, self!);
      }),
    );
    const object = t.instances.create(type);
    const weakref = t.weakrefs.create(object);
    world.drop(object);
    expect(t.refs.count(object)).toBe(2);
    expect(t.weakrefs.get(weakref)).toBe(object);
    world.drop(object);
    expect(world.problems()).toEqual([]);
    t.lists.clear(list);
    expect(t.weakrefs.get(weakref)).toBe(0);
    expect(runs).toBe(1);
    world.drop(list, weakref, type);
    expect(world.end()).toEqual([]);
  });

  it('that throw are reported, and the object goes', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass(
      world.func(() => {
        throw new TypeError('no');
      }),
    );
    world.drop(t.instances.create(type), type);
    expect(t.unraisable.texts()).toEqual([
      expect.stringMatching(/^thread 0: exception ignored in the finaliser of C 0x\w+: TypeError: no$/),
    ]);
    expect(world.end()).toEqual([]);
  });

  it('are no place to survive the end of the run', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass(
      world.func(() => {
        throw new RunAborted('interrupt');
      }),
    );
    const object = t.instances.create(type);
    expect(() => world.drop(object)).toThrow(RunAborted);
    expect(t.unraisable.texts()).toEqual([]);
  });

  it('may make weak references, which are cleared with the object', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const made: Ref[] = [];
    let called = 0;
    const callback = world.func(() => {
      called++;
    });
    const type = world.newClass(
      world.func((self) => {
        made.push(t.weakrefs.create(self!), t.weakrefs.create(self!, callback));
      }),
    );
    world.drop(t.instances.create(type));
    expect(made.map((weakref) => t.weakrefs.get(weakref))).toEqual([0, 0]);
    expect(called).toBe(1);
    world.drop(...made, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('of the legacy kind run each time, behind the callbacks', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const log: string[] = [];
    let kept = 0;
    const made: Ref[] = [];
    const callback = world.func(() => {
      log.push('callback');
    });
    const type = world.newClass(
      world.func((self) => {
        log.push('legacy');
        made.push(t.weakrefs.create(self!, callback));
        if (log.length > 2) return;
        t.refs.incref(self!);
        kept = self!;
      }),
      true,
    );
    const object = t.instances.create(type);
    const weakref = t.weakrefs.create(object, callback);
    world.drop(object);
    expect(log).toEqual(['callback', 'legacy']);
    expect(t.refs.count(kept)).toBe(1);
    expect(world.problems()).toEqual([]);
    world.drop(kept);
    // The weakref of the first time is called; that of the second time is cleared and nobody told.
    expect(log).toEqual(['callback', 'legacy', 'callback', 'legacy']);
    expect(made.map((ref) => t.weakrefs.get(ref))).toEqual([0, 0]);
    world.drop(weakref, ...made, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('and callbacks of a chain of 30,000 objects use no stack, and find what waits dead', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const refs: Ref[] = [];
    let finalized = 0;
    let called = 0;
    let alive = 0;
    const callback = world.func(() => {
      called++;
    });
    const type = world.newClass(
      world.func((self) => {
        finalized++;
        // What the chain holds is not dead yet; what waits in the trashcan is.
        const next = finalized < refs.length ? t.weakrefs.get(refs[refs.length - 1 - finalized]!) : 0;
        if (next !== 0) alive++;
        if (next !== 0) t.refs.decref(next);
        t.refs.decref(t.tuples.create([self!, t.handles.toRef(null)]));
        t.poll();
      }),
    );
    let chain = 0;
    for (let i = 0; i < 30_000; i++) {
      const object = t.instances.create(type);
      if (chain !== 0) t.instances.setSlot(object, 0, chain);
      if (chain !== 0) world.drop(chain);
      refs.push(t.weakrefs.create(object, callback));
      chain = object;
    }
    world.drop(chain);
    expect([finalized, called]).toEqual([30_000, 30_000]);
    expect(alive).toBe(29_999);
    for (const ref of refs) world.drop(ref);
    world.drop(callback, type);
    expect(world.end()).toEqual([]);
  });

  it('of objects that wait in the trashcan may bring them back', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const kept: Ref[] = [];
    const refs: Ref[] = [];
    let seen = 0;
    const type = world.newClass(
      world.func((self) => {
        for (const ref of refs.splice(0)) {
          const object = t.weakrefs.get(ref);
          if (object !== 0) {
            seen++;
            t.refs.decref(object);
          }
          t.refs.decref(ref);
        }
        t.refs.incref(self!);
        kept.push(self!);
      }),
    );
    // Deep enough for the innermost to wait, and with others that wait beside it.
    let chain = t.lists.create();
    for (let i = 0; i < 3; i++) {
      const object = t.instances.create(type);
      refs.push(t.weakrefs.create(object));
      t.lists.append(chain, object);
      world.drop(object);
    }
    for (let i = 0; i < 199; i++) {
      const list = t.lists.create();
      t.lists.append(list, chain);
      world.drop(chain);
      chain = list;
    }
    world.drop(chain);
    expect(kept.length).toBe(3);
    // The first to run sees itself only: the others are dead, and wait.
    expect(seen).toBeLessThanOrEqual(1);
    expect(kept.map((object) => t.refs.count(object))).toEqual([1, 1, 1]);
    expect(world.problems()).toEqual([]);
    world.drop(...kept, type);
    expect(world.end()).toEqual([]);
  });
});

describe.each(FREE)('finalisers of several threads, %s', (build) => {
  it('run in the thread that drops the last reference, with counts that it can leave to others', () => {
    const world = new LifeWorld(build, 2);
    const [owner, other] = world.threads as [Thread, Thread];
    let kept = 0;
    const type = world.newClass(
      world.func((self) => {
        // Whoever runs this: the object is handed to the other thread.
        other.refs.incref(self!);
        kept = self!;
      }),
    );
    const object = owner.instances.create(type);
    other.refs.incref(object);
    owner.refs.decref(object);
    other.refs.decref(object);
    owner.poll();
    expect(kept).toBe(object);
    expect(owner.refs.count(object)).toBe(1);
    expect(world.problems()).toEqual([]);
    other.refs.decref(object);
    owner.poll();
    world.drop(type);
    expect(world.end()).toEqual([]);
  });

  it('run when a thread exits with objects in its queue', () => {
    const world = new LifeWorld(build, 2);
    const [first, second] = world.threads as [Thread, Thread];
    let runs = 0;
    const type = world.newClass(
      world.func(() => {
        runs++;
      }),
    );
    const object = second.instances.create(type);
    first.refs.decref(object);
    world.drop(type);
    expect(world.end()).toEqual([]);
    expect(runs).toBe(1);
    expect(first.unraisable.texts()).toEqual([]);
    expect(second.unraisable.texts()).toEqual([]);
  });
});

describe.each(['gil', 'free-threaded', 'gilectomy'])('collections, %s', (build) => {
  /** An instance that refers to itself. */
  const cycle = (t: Thread, type: Ref): Ref => {
    const object = t.instances.create(type);
    t.instances.setSlot(object, 0, object);
    return object;
  };

  it('run callbacks of weakrefs that live, then finalisers, once', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const log: string[] = [];
    const callback = world.func((weakref) => {
      log.push(`callback ${t.weakrefs.get(weakref!)}`);
    });
    let kept = 0;
    const type = world.newClass(
      world.func((self) => {
        log.push('finaliser');
        t.refs.incref(self!);
        kept = self!;
      }),
    );
    const object = cycle(t, type);
    const weakref = t.weakrefs.create(object, callback);
    world.drop(object);
    expect(t.collector.collect(2, 'manual')).toBe(0);
    expect(log).toEqual(['callback 0', 'finaliser']);
    expect(t.weakrefs.get(weakref)).toBe(0);
    world.drop(kept);
    expect(t.collector.collect(2, 'manual')).toBe(1);
    expect(log.length).toBe(2);
    world.drop(weakref, callback, type);
    expect(world.end()).toEqual([]);
  });

  it('do not call weakrefs that are garbage too', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    let called = 0;
    const callback = world.func(() => {
      called++;
    });
    const type = world.newClass();
    const object = cycle(t, type);
    const weakref = t.weakrefs.create(object, callback);
    t.instances.setSlot(object, 1, weakref);
    world.drop(weakref, object);
    expect(t.collector.collect(2, 'manual')).toBe(2);
    expect(called).toBe(0);
    world.drop(callback, type);
    expect(world.end()).toEqual([]);
  });

  it('drop entries of weak dicts whose keys or values they find', () => {
    const world = new LifeWorld(build);
    const { t } = world;
    const type = world.newClass();
    const [keys, values] = [t.weakDicts.createWithWeakKeys(), t.weakDicts.createWithWeakValues()];
    const object = cycle(t, type);
    t.weakDicts.set(keys, object, Control.None);
    t.weakDicts.set(values, Control.None, object);
    world.drop(object);
    expect([t.weakDicts.length(keys), t.weakDicts.length(values)]).toEqual([1, 1]);
    // CPython's default build counts the weakrefs that die with their callback.
    expect(t.collector.collect(2, 'manual')).toBe(build === 'gil' ? 3 : 1);
    expect([t.weakDicts.length(keys), t.weakDicts.length(values)]).toEqual([0, 0]);
    world.drop(keys, values, type);
    expect(world.end()).toEqual([]);
  });
});
