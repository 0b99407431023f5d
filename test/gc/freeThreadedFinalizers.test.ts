import { describe, expect, it } from 'vitest';
import { Control, GcBits, GcDebug, GcState, Header, SharedState, TypeObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { GcWorld } from './support/gcWorld.js';

const BUILDS = [
  'free-threaded',
  'free-threaded:mark-alive=off',
  'gilectomy',
  'gilectomy:refcount=side-table',
];

/** A class `Node` with attributes `next` and `other`, whose `__del__` calls `del`; functions that note their calls. */
class Nodes {
  readonly events: string[] = [];
  readonly world: GcWorld;
  readonly t: Thread;
  readonly type: Ref;
  del: (object: Ref) => void = () => {};
  attach: () => void = () => {};
  private readonly names = new Map<Ref, string>();

  constructor(build: string, legacy = false) {
    this.world = new GcWorld(build, undefined, (thread) => ({
      del: (object: Ref) => {
        this.events.push(`del ${this.names.get(object)}`);
        this.del(object);
        return Control.None;
      },
      attach: (_weakref: Ref) => {
        this.events.push('attach');
        this.attach();
        return Control.None;
      },
      gone: (_weakref: Ref) => {
        thread.poll();
        this.events.push('callback');
        return Control.None;
      },
    }));
    this.t = this.world.main;
    const { instances, calls, refs } = this.t;
    this.type = instances.createType('Node', ['next', 'other'], 0);
    const finalizer = calls.define('del');
    instances.setFinalizer(this.type, finalizer, legacy);
    refs.decref(finalizer);
  }

  make(name: string): Ref {
    const object = this.t.instances.create(this.type);
    this.names.set(object, name);
    return object;
  }

  link(from: Ref, attribute: 'next' | 'other', to: Ref): void {
    this.t.instances.setAttr(from, this.t.strings.intern(attribute), to);
  }

  /** Two that hold each other. One reference to each. */
  pair(one: string, two: string): [Ref, Ref] {
    const made: [Ref, Ref] = [this.make(one), this.make(two)];
    this.link(made[0], 'next', made[1]);
    this.link(made[1], 'next', made[0]);
    return made;
  }

  drop(...objects: Ref[]): void {
    for (const object of objects) this.t.refs.decref(object);
  }

  /** Nothing is left but what the type is made of. */
  end(): void {
    this.drop(this.type);
    this.t.calls.releaseCodes();
    this.world.collect();
    this.world.collect();
    this.world.check(true);
  }
}

describe.each(BUILDS)('finalisers in build %s', (build) => {
  it('run once for each object, behind callbacks and in front of all clearing (INV-8.4)', () => {
    const nodes = new Nodes(build);
    const { weakrefs, calls, instances, strings, refs } = nodes.t;
    const [one, two] = nodes.pair('one', 'two');
    const callback = calls.define('gone');
    const weakref = weakrefs.create(one, callback);
    // In the cycle itself: its callback never runs.
    const inner = weakrefs.create(two, callback);
    nodes.link(one, 'other', inner);
    nodes.drop(inner, callback);
    nodes.del = (object) => {
      const next = instances.getAttr(object, strings.intern('next'));
      expect([one, two]).toContain(next);
      refs.decref(next);
      expect(weakrefs.get(weakref)).toBe(0);
    };
    nodes.drop(one, two);
    expect(nodes.world.collect()).toBe(3);
    expect(nodes.events[0]).toBe('callback');
    expect(nodes.events.slice(1).sort()).toEqual(['del one', 'del two']);
    nodes.drop(weakref);
    nodes.end();
  });

  it('may bring an object back, with all that it leads to', () => {
    const nodes = new Nodes(build);
    const { instances, strings, refs } = nodes.t;
    const [one, two] = nodes.pair('one', 'two');
    const [three, four] = nodes.pair('three', 'four');
    nodes.link(two, 'other', three);
    const [five, six] = nodes.pair('five', 'six');
    let kept: Ref = 0;
    nodes.del = (object) => {
      if (object !== one) return;
      refs.incref(object);
      kept = object;
    };
    nodes.drop(one, two, three, four, five, six);
    expect(nodes.world.collect()).toBe(2);
    expect(nodes.events).toHaveLength(6);
    expect(nodes.t.collector.last?.resurrected).toBe(4);
    nodes.world.check();
    expect(kept).toBe(one);
    expect(nodes.world.collect()).toBe(0);
    const next = instances.getAttr(one, strings.intern('next'));
    const other = instances.getAttr(next, strings.intern('other'));
    expect([next, other]).toEqual([two, three]);
    nodes.drop(next, other, kept);
    expect(nodes.world.collect()).toBe(4);
    expect(nodes.events).toHaveLength(6);
    nodes.end();
  });

  it('may start a collection, which does nothing, and make garbage, which goes next', () => {
    const nodes = new Nodes(build);
    const found: number[] = [];
    nodes.del = () => {
      found.push(nodes.world.collect());
      nodes.world.garbage();
    };
    nodes.drop(...nodes.pair('one', 'two'));
    expect(nodes.world.collect()).toBe(2);
    expect(found).toEqual([0, 0]);
    expect(nodes.world.collect()).toBe(2);
    nodes.end();
  });

  it('may make weak references to what goes all the same (gh-91636)', () => {
    const nodes = new Nodes(build);
    const { weakrefs } = nodes.t;
    const made: Ref[] = [];
    nodes.del = (object) => made.push(weakrefs.create(object));
    nodes.drop(...nodes.pair('one', 'two'));
    expect(nodes.world.collect()).toBe(2);
    expect(made.map((weakref) => weakrefs.get(weakref))).toEqual([0, 0]);
    nodes.drop(...made);
    nodes.end();
  });

  it('and the dict of an instance is gone with it, unless a thread may be reading its address', () => {
    const nodes = new Nodes(build);
    const { weakrefs, instances, refs, calls } = nodes.t;
    const other = nodes.world.thread();
    const one = nodes.make('one');
    const dict = instances.dictOf(one);
    refs.decref(dict);
    nodes.link(one, 'next', one);
    const isTracked = () => (nodes.world.i32[dict] & (GcBits.Tracked << 24)) !== 0;
    // Another thread is led to the object by a weak reference that the finaliser has made.
    const callback = calls.define('attach');
    let weakref: Ref = 0;
    nodes.del = () => {
      weakref = weakrefs.create(one, callback);
    };
    nodes.attach = () => other.state.attach();
    nodes.drop(one);
    expect(nodes.world.collect()).toBe(2);
    expect(nodes.events).toEqual(['del one', 'attach']);
    const readsFreely = build.startsWith('free-threaded');
    expect(isTracked()).toBe(readsFreely);
    other.state.detach();
    nodes.drop(weakref, callback);
    nodes.t.allocator.processDelayed();
    expect(isTracked()).toBe(false);
    nodes.end();
  });

  it('and who is led to a class meanwhile finds no attribute that is gone', () => {
    const nodes = new Nodes(build);
    const { calls, instances, refs, strings, tuples, types, weakrefs } = nodes.t;
    const [f, me] = [strings.intern('f'), strings.intern('me')];
    const one = nodes.make('one');
    // Their dicts, and those in pages in front of theirs: the collector goes by address, and clears the dicts first.
    const dicts = Array.from({ length: 8 }, () => nodes.t.dicts.create());
    const others = Array.from({ length: 1000 }, () => instances.createType('Other', [], 0));
    nodes.drop(...dicts);
    const classes = Array.from({ length: 8 }, (_, i) => instances.createType(`C${i}`, [], 0));
    const values = classes.map(() => tuples.create([Control.None]));
    for (const [i, type] of classes.entries()) {
      types.setAttr(type, me, i === 0 ? one : classes[i - 1]!);
      types.setAttr(type, f, values[i]!);
      // It is in the cache, where there is one.
      refs.decref(types.lookup(type, f));
    }
    nodes.link(one, 'next', classes[7]!);
    const callback = calls.define('attach');
    const made: Ref[] = [];
    nodes.del = () => {
      made.push(weakrefs.create(one, callback), ...classes.map((type) => weakrefs.create(type)));
    };
    const stale: string[] = [];
    nodes.attach = () => {
      for (const [i, weakref] of made.slice(1).entries()) {
        const type = weakrefs.get(weakref);
        if (type === Control.None) continue;
        const dict = nodes.world.i32[type + TypeObject.Dict]!;
        const inDict = dict === 0 ? 0 : nodes.t.dicts.get(dict, f);
        const found = types.lookup(type, f);
        if (found !== inDict) stale.push(`C${i}: ${found} in place of ${inDict}`);
        for (const ref of [type, found, inDict]) if (ref !== 0) refs.decref(ref);
      }
    };
    nodes.drop(one, ...classes);
    expect(nodes.world.collect()).toBeGreaterThan(0);
    expect(nodes.events).toEqual(['del one', 'attach']);
    expect(stale).toEqual([]);
    nodes.drop(...made, ...values, ...others, callback);
    nodes.t.allocator.processDelayed();
    nodes.end();
  });

  it('of the old kind keep what they can reach, and are shown in gc.garbage', () => {
    const nodes = new Nodes(build, true);
    const { lists, gc } = nodes.t;
    const [one, two] = nodes.pair('one', 'two');
    const list = lists.create();
    lists.append(list, list);
    nodes.link(two, 'other', list);
    nodes.drop(one, two, list);
    const loose = nodes.world.garbage();
    expect(loose).toBeGreaterThan(0);
    expect(nodes.world.collect()).toBe(4);
    expect(nodes.t.collector.last).toMatchObject({ collected: 4, uncollectable: 3 });
    expect(nodes.events).toEqual([]);
    const garbage = gc.raw.garbage();
    const shown = [lists.get(garbage, 0), lists.get(garbage, 1)];
    expect(shown.sort()).toEqual([one, two].sort());
    expect(lists.length(garbage)).toBe(2);
    // Held by gc.garbage, hence garbage no more.
    expect(nodes.world.collect()).toBe(0);
    nodes.t.instances.setFinalizer(nodes.type, 0);
    nodes.drop(...shown);
    gc.raw.dropLists();
    // And the finaliser, where functions have deferred counts.
    expect(nodes.world.collect()).toBe(build.startsWith('free-threaded') ? 4 : 3);
    nodes.end();
  });

  it.each(['first', 'last'])('run no callback of a weak reference that is garbage too, found %s', (found) => {
    const nodes = new Nodes(build);
    const { weakrefs, calls, methods, lists } = nodes.t;
    const callback = calls.define('gone');
    const cycle = lists.create();
    lists.append(cycle, cycle);
    // A method and a weak reference: in pages of their own, which are gone through in the order of their making.
    const old = nodes.make('old');
    const early = found === 'first' ? weakrefs.create(old) : 0;
    const method = methods.create(callback, cycle);
    const weakref = weakrefs.create(method, callback);
    lists.append(cycle, weakref);
    lists.append(cycle, method);
    nodes.drop(weakref, method, cycle, old);
    if (early !== 0) nodes.drop(early);
    nodes.events.length = 0;
    expect(nodes.world.collect()).toBe(3);
    expect(nodes.events).toEqual([]);
    nodes.drop(callback);
    nodes.end();
  });

  it('leave all of the garbage in gc.garbage under DEBUG_SAVEALL', () => {
    const nodes = new Nodes(build);
    const { lists, gc } = nodes.t;
    nodes.world.i32[Control.Gc + GcState.Debug] = GcDebug.SaveAll;
    const list = nodes.world.garbage();
    expect(nodes.world.collect()).toBe(1);
    nodes.world.i32[Control.Gc + GcState.Debug] = 0;
    const item = lists.get(gc.raw.garbage(), 0);
    expect(item).toBe(list);
    // An object like any other, also in the eyes of the next collection.
    const seen = nodes.t.collector.objects(null);
    expect(seen).toContain(list);
    nodes.drop(item, ...seen);
    const owner = nodes.world.owner(list);
    expect(nodes.world.collect()).toBe(0);
    expect([nodes.world.owner(list), nodes.t.refs.count(list)]).toEqual([owner, 2]);
    gc.raw.dropLists();
    expect(nodes.world.collect()).toBe(1);
    nodes.end();
  });
});

describe('resurrection', () => {
  it('leaves objects that nobody owns', () => {
    const nodes = new Nodes('free-threaded');
    const [one, two] = nodes.pair('one', 'two');
    nodes.del = (object) => {
      if (object === one) nodes.t.refs.incref(object);
    };
    nodes.drop(one, two);
    nodes.world.collect();
    const state = nodes.world.i32[one + Header.Shared] & SharedState.Mask;
    expect([nodes.world.owner(one), state]).toEqual([0, SharedState.Merged]);
    expect(nodes.t.refs.count(one)).toBe(2);
    nodes.drop(one);
    expect(nodes.world.collect()).toBe(2);
    nodes.end();
  });

  it('of an object that was made immortal keeps it for ever', () => {
    const nodes = new Nodes('free-threaded');
    const [one, two] = nodes.pair('one', 'two');
    nodes.del = (object) => {
      if (object === one) nodes.t.refs.immortalize(object);
    };
    nodes.drop(one, two);
    expect(nodes.world.collect()).toBe(0);
    expect(nodes.world.collect()).toBe(0);
    expect(nodes.t.refs.isImmortal(one)).toBe(true);
    nodes.world.check();
  });
});
