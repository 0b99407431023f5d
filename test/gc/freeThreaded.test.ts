import { describe, expect, it } from 'vitest';
import { Control, FreeLists, GcBits, GcState, ThreadBlock } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { readsWithoutLocks } from '#ungil/runtime/builds.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { FREE_THREADED_BUILDS, GcWorld } from './support/gcWorld.js';

const GC = Control.Gc;

describe.each(FREE_THREADED_BUILDS)('collections in build %s', (build) => {
  it('free lists that hold themselves, and nothing else', () => {
    const world = new GcWorld(build);
    const { lists, refs } = world.main;
    const kept = lists.create();
    for (let i = 0; i < 1000; i++) {
      const list = lists.create();
      lists.append(list, list);
      if (i % 2 === 0) lists.append(kept, list);
      refs.decref(list);
    }
    expect(world.collect()).toBe(500);
    expect(world.collect()).toBe(0);
    expect(lists.length(kept)).toBe(500);
    world.check();
    refs.decref(kept);
    expect(world.collect()).toBe(500);
    world.check(true);
  });

  it('keep what an object outside of cycles is the last to hold', () => {
    const world = new GcWorld(build);
    const { lists, dicts, tuples, strings, refs } = world.main;
    // held -> dict -> tuple -> list -> dict
    const held = lists.create();
    const dict = dicts.create();
    const inner = lists.create();
    const tuple = tuples.create([inner, dict]);
    const key = strings.create('key');
    dicts.set(dict, key, tuple);
    lists.append(inner, dict);
    lists.append(held, dict);
    for (const object of [dict, inner, tuple, key]) refs.decref(object);
    expect(world.collect()).toBe(0);
    // Nothing was found: there is no second pause.
    expect(world.main.collector.last?.pause2).toBe(0);
    world.check();
    lists.clear(held);
    expect(world.collect()).toBe(3);
    refs.decref(held);
    world.check(true);
  });

  it('find classes, instances and their attributes', () => {
    const world = new GcWorld(build);
    const { instances, strings, refs } = world.main;
    const type = instances.createType('Node', ['next'], 0);
    const next = strings.intern('next');
    for (let i = 0; i < 100; i++) {
      const [one, two] = [instances.create(type), instances.create(type)];
      instances.setAttr(one, next, two);
      instances.setAttr(two, next, one);
      refs.decref(one);
      refs.decref(two);
    }
    expect(world.collect()).toBe(200);
    refs.decref(type);
    // Deferred: only a collection frees it. (A type's count is ordinary elsewhere.)
    world.collect();
    world.check(true);
  });

  it('merge what other threads have queued (D20)', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const [list, float] = world.as(other, () => [other.lists.create(), other.numbers.float(0.5)]);
    world.main.refs.decref(list);
    world.main.refs.decref(float);
    world.collect();
    expect(world.i32[other.block + ThreadBlock.BrcQueue]).toBe(0);
    world.check(true);
  });

  it('free a tuple of plain values whose last reference was queued', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const { numbers, refs } = world.main;
    const number = numbers.float(1.5);
    const tuple = world.as(other, () => other.tuples.create([number]));
    refs.decref(tuple);
    world.collect();
    // Untracked instead, it would be nobody's for ever.
    expect(refs.count(number)).toBe(1);
    refs.decref(number);
    world.check(true);
  });

  it('free a frozen object whose last reference was queued, which no collection would find', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const { numbers, refs, collector } = world.main;
    const number = numbers.float(1.5);
    const list = world.as(other, () => {
      const made = other.lists.create();
      other.lists.append(made, number);
      return made;
    });
    collector.freeze();
    refs.decref(list);
    world.collect();
    // What is left in the end has been queued for the thread that made the list.
    world.as(other, () => other.poll());
    expect(refs.count(number)).toBe(1);
    refs.decref(number);
    collector.unfreeze();
    world.check(true);
  });

  const queues = !/biased=off|side-table|gilectomy/.test(build);
  it.runIf(queues)('merge what a thread is just merging, whose finaliser has started them', () => {
    const counts: number[] = [];
    let number: Ref = 0;
    const world = new GcWorld(build, undefined, (thread) => ({
      collect: () => {
        thread.collector.collect(2, 'manual');
        counts.push(thread.refs.count(number));
        return Control.None;
      },
    }));
    const other = world.thread();
    const { numbers, refs, lists, instances, calls } = world.main;
    const type = instances.createType('Collecting', [], 0);
    const finalizer = calls.define('collect');
    instances.setFinalizer(type, finalizer);
    number = numbers.float(1.5);
    const list = lists.create();
    lists.append(list, number);
    const object = instances.create(type);
    world.as(other, () => {
      for (const queued of [list, object]) other.refs.decref(queued);
    });
    world.main.poll();
    expect(counts).toEqual([1]);
    for (const held of [number, type, finalizer]) refs.decref(held);
    calls.releaseCodes();
    world.collect();
    world.check(true);
  });

  it('empty the free lists of all threads, whether they find anything or not', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const lists = (thread: Thread): number =>
      world.i32[thread.block + ThreadBlock.FreeLists + FreeLists.Lists];
    const fill = (thread: Thread): void => {
      thread.refs.decref(thread.lists.create());
      expect(lists(thread)).not.toBe(0);
    };
    for (const finds of [0, 1]) {
      if (finds > 0) world.garbage();
      fill(world.main);
      world.as(other, () => fill(other));
      expect(world.collect()).toBe(finds);
      expect(lists(other)).toBe(0);
    }
    world.check(true);
  });

  it('begin only if they are still due, where nobody asked for them', () => {
    const world = new GcWorld(build);
    world.garbage();
    world.i32[GC + GcState.Counts] = 0;
    expect(world.main.collector.collect(0, 'heap')).toBe(0);
    expect(world.main.collector.last).toBe(null);
    expect(world.collect()).toBe(1);
  });

  it('end all deferral at shutdown: who drops an object later frees it', () => {
    const world = new GcWorld(build, undefined, () => ({ nothing: () => Control.None }));
    const { instances, refs, calls, collector } = world.main;
    const type = instances.createType('Node', [], 0);
    const object = instances.create(type);
    const callee = calls.define('nothing');
    collector.collect(2, 'shutdown');
    calls.releaseCodes();
    for (const held of [callee, object, type]) refs.decref(held);
    expect(collector.objects(null)).toEqual([]);
    world.check(true);
  });

  it('release what other threads have delayed, and run no destructor in the pause', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const [list, delayed] = world.as(other, () => {
      const inner = other.lists.create();
      const outer = other.lists.create();
      for (let i = 0; i < 100; i++) other.lists.append(outer, inner);
      other.refs.decref(inner);
      other.allocator.decrefDelayed(outer);
      return [outer, other.i32[other.block + ThreadBlock.DelayedHead]];
    });
    expect(delayed !== 0).toBe(readsWithoutLocks(world.build));
    world.collect();
    expect(world.i32[other.block + ThreadBlock.DelayedHead]).toBe(0);
    // The reference was dropped by a thread that does not own the list: it may be for the owner to see.
    world.as(other, () => other.poll());
    world.check(true);
    expect(list).toBeGreaterThan(0);
  });

  it('free cycles through objects of several threads', () => {
    const world = new GcWorld(build);
    const other = world.thread();
    const theirs = world.as(other, () => other.lists.create());
    const { lists, refs } = world.main;
    const mine = lists.create();
    lists.append(mine, theirs);
    lists.append(theirs, mine);
    refs.decref(mine);
    expect(world.collect()).toBe(0);
    world.as(other, () => other.refs.decref(theirs));
    expect(world.collect()).toBe(2);
    world.check(true);
  });

  it('count more references than an owner has room for', () => {
    const world = new GcWorld(build);
    const { lists, refs } = world.main;
    const held = lists.create();
    const loop = lists.create();
    lists.append(loop, loop);
    for (let i = 0; i < 70_000; i++) lists.append(loop, loop);
    for (let i = 0; i < 70_000; i++) lists.append(held, loop);
    refs.decref(loop);
    expect(world.collect()).toBe(0);
    lists.clear(held);
    expect(world.collect()).toBe(1);
    refs.decref(held);
    world.check(true);
  });

  it('track tuples no more that can be in no cycle', () => {
    const world = new GcWorld(build);
    const { tuples, numbers, lists, refs } = world.main;
    const number = numbers.float(1.5);
    const flat = tuples.create([number, number]);
    const nested = tuples.create([flat, flat]);
    const list = lists.create();
    const open = tuples.create([flat, list]);
    for (const object of [number, list]) refs.decref(object);
    world.collect();
    world.collect();
    const isTracked = (object: Ref): boolean => ((world.i32[object] >>> 24) & GcBits.Tracked) !== 0;
    expect([flat, nested, open].map(isTracked)).toEqual([false, false, true]);
    expect(world.i32[GC + GcState.LongLivedTotal]).toBe(4);
    for (const object of [flat, nested, open]) refs.decref(object);
    world.check(true);
  });

  it('leave frozen objects alone', () => {
    const world = new GcWorld(build);
    const { collector } = world.main;
    for (let i = 0; i < 5; i++) world.garbage();
    expect(collector.freezeCount()).toBe(0);
    collector.freeze();
    expect(collector.freezeCount()).toBe(5);
    const loose = world.garbage();
    const found = collector.objects(null);
    expect(found).toEqual([loose]);
    world.main.refs.decref(loose);
    expect(world.collect()).toBe(1);
    expect(world.i32[GC + GcState.LongLivedTotal]).toBe(5);
    collector.unfreeze();
    expect(collector.freezeCount()).toBe(0);
    expect(world.collect()).toBe(5);
    world.check(true);
  });

  it('tell who refers to an object', () => {
    const world = new GcWorld(build);
    const { lists, dicts, strings, refs, collector } = world.main;
    const target = lists.create();
    const [list, dict, name] = [lists.create(), dicts.create(), strings.intern('name')];
    lists.append(list, target);
    dicts.set(dict, name, target);
    const referrers = collector.referrers([target]);
    expect([...referrers].sort()).toEqual([list, dict].sort());
    for (const object of [...referrers, target, list, dict]) refs.decref(object);
    world.check(true);
  });

  it('give memory back', () => {
    const world = new GcWorld(build);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 2000; i++) world.garbage();
      expect(world.collect()).toBe(2000);
    }
    // All of it at once would be 40,000 lists and as many arrays.
    expect(world.i32[Control.SegmentsPeak]).toBeLessThanOrEqual(8);
    world.check(true);
  });

  it('do nothing while another one runs', () => {
    const world = new GcWorld(build);
    world.garbage();
    world.i32[GC + GcState.Collecting] = 1;
    expect(world.collect()).toBe(0);
    world.i32[GC + GcState.Collecting] = 0;
    expect(world.collect()).toBe(1);
  });
});

describe('handles', () => {
  it('are roots; free places in their table are none', () => {
    const world = new GcWorld('free-threaded');
    world.main.scope(() => {
      // The numbers of free places would be addresses of the control block.
      world.main.scope(() => {
        for (let i = 0; i < 100; i++) world.main.list();
      });
      const kept = Array.from({ length: 3 }, () => world.main.list());
      kept[1].append(world.main.list());
      expect(world.collect()).toBe(0);
      expect(world.main.collector.last).toMatchObject({ markedAlive: 4, candidates: 0 });
    });
    world.check(true);
  });
});

/** Functions of a program that the test fills in. */
type Body = (thread: Thread) => void;

function calling(build: string): { world: GcWorld; run: (body: Body) => void } {
  let inside: Body = () => {};
  const world = new GcWorld(build, undefined, (thread) => ({
    body: () => {
      inside(thread);
      return Control.None;
    },
    take: (_argument: Ref) => {
      inside(thread);
      return Control.None;
    },
  }));
  return {
    world,
    run: (body) => {
      inside = body;
    },
  };
}

describe('references on stacks', () => {
  it.each(['free-threaded', 'free-threaded:mark-alive=off'])(
    'keep a deferred function alive while it runs (PIT-8.1), in build %s',
    (build) => {
      const { world, run } = calling(build);
      const { calls, refs } = world.main;
      const callee = calls.open(calls.define('body'));
      // The call has a stack reference, which is not counted; nobody has another one.
      refs.decref(callee);
      let inside = -1;
      run(() => {
        inside = world.collect();
        expect(refs.isDeferred(callee)).toBe(true);
      });
      calls.call0(callee);
      expect(inside).toBe(0);
      expect(world.collect()).toBe(1);
      world.check();
    },
  );

  it.each(['free-threaded', 'free-threaded:mark-alive=off'])(
    'keep a borrowed argument, in build %s',
    (build) => {
      const { world, run } = calling(build);
      const { calls, lists, refs } = world.main;
      const list = lists.create();
      lists.append(list, list);
      const callee = calls.define('take');
      let inside = -1;
      run(() => {
        // What lent it is gone, which no program does: the stack alone keeps it.
        refs.decref(list);
        inside = world.collect();
      });
      calls.call1(calls.open(callee), calls.lend(list));
      expect(inside).toBe(0);
      expect(world.collect()).toBe(1);
      refs.decref(callee);
      world.collect();
      world.check();
    },
  );

  it('count for threads that are suspended', () => {
    const { world } = calling('free-threaded:mark-alive=off');
    const other = world.thread();
    const list = world.as(other, () => {
      const made = other.lists.create();
      other.lists.append(made, made);
      return made;
    });
    const stack = world.i32[other.block + ThreadBlock.StackBase];
    world.i32[stack] = list | 1;
    world.i32[other.block + ThreadBlock.StackTop] = stack + 1;
    world.main.refs.decref(list);
    expect(world.collect()).toBe(0);
    world.i32[other.block + ThreadBlock.StackTop] = stack;
    expect(world.collect()).toBe(1);
    world.check(true);
  });
});

describe('owners (D22)', () => {
  it('are restored', () => {
    const world = new GcWorld('free-threaded:mark-alive=off');
    const other = world.thread();
    const theirs = world.as(other, () => other.lists.create());
    const mine = world.main.lists.create();
    world.collect();
    expect([world.owner(mine), world.owner(theirs)]).toEqual([world.main.id, other.id]);
    world.check();
  });

  it('have left: what they made becomes merged, with the same count', () => {
    const world = new GcWorld('free-threaded:mark-alive=off');
    const other = world.thread();
    const theirs = world.as(other, () => other.lists.create());
    world.exit(other);
    expect(world.owner(theirs)).toBe(other.id);
    world.collect();
    expect(world.owner(theirs)).toBe(0);
    world.check();
    expect(world.main.refs.count(theirs)).toBe(1);
    world.main.refs.decref(theirs);
    world.check(true);
  });

  it('are those of the segment that another thread has taken over', () => {
    const world = new GcWorld('free-threaded:mark-alive=off');
    const other = world.thread();
    const theirs = world.as(other, () => other.lists.create());
    world.exit(other);
    world.main.allocator.collect(true);
    world.collect();
    expect(world.owner(theirs)).toBe(world.main.id);
    expect(world.main.refs.count(theirs)).toBe(1);
    world.main.refs.decref(theirs);
    world.check(true);
  });

  it("are noted where heaps are nobody's", () => {
    const world = new GcWorld('free-threaded:mark-alive=off:thread-heaps=off');
    const other = world.thread();
    const theirs = world.as(other, () => other.lists.create());
    const mine = world.main.lists.create();
    world.collect();
    expect([world.owner(mine), world.owner(theirs)]).toEqual([world.main.id, other.id]);
    world.exit(other);
    world.collect();
    expect([world.owner(mine), world.owner(theirs)]).toEqual([world.main.id, 0]);
    world.check();
  });
});
