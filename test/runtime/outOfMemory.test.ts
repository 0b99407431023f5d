import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkHeap } from '#ungil/objects/check/checkHeap.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import type { Bodies } from '#ungil/runtime/calls.js';
import type { TupleHandle } from '#ungil/runtime/handles.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { Thread } from '#ungil/runtime/thread.js';
import { NoMemoryParts } from '../support/noMemory.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

/** Allocations that are made to fail, each in an execution of its own. */
const ALLOCATIONS = 1000;

/** Of the program, so that it makes more allocations than that. */
const ROUNDS = 3;

/** Bodies of functions borrow their arguments and return new references. */
function bodies(t: Thread): Bodies {
  const same = (ref: Ref): Ref => {
    t.refs.incref(ref);
    return ref;
  };
  return {
    same: (one: Ref) => same(one),
    pair: (first: Ref, second: Ref) => t.tuples.create([first, second]),
  };
}

/**
 * Something of everything: what a program can do at the level of handles and at the raw level, about as many
 * allocations as are made to fail. Returns a digest of all that it computed.
 */
function program(t: Thread): string {
  return t.scope(() => {
    const seen: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      handles(t, seen);
      containers(t, seen);
      numbersAndStrings(t, seen);
      instances(t, seen);
    }
    return JSON.stringify(seen);
  });
}

function handles(t: Thread, seen: unknown[]): void {
  const list = t.list([1000, 2.5, 'three', null, true]);
  const dict = t.dict([
    ['one', 1001],
    [2000, 'two'],
    [t.tuple(1, 'x', 3000), list],
  ]);
  for (let i = 0; i < 40; i++) {
    list.append(5000 + i);
    dict.set(`key${i}`, i * 1000);
  }
  const other = t.list(['a', 'b', t.list([t.float(1)])]);
  list.extend(other);
  list.set(0, t.tuple('nested', t.dict([['k', t.tuple()]])));
  seen.push(list.length, dict.size, dict.get('key7') as number, list.get(3) as null, list.pop() !== null);
  for (let i = 0; i < 20; i++) dict.delete(`key${i}`);
  list.set(-1, 'last');
  const same = t.function('same');
  const pair = t.function('pair');
  seen.push(same.call(123_456), (pair.call('first', 7.25) as TupleHandle).length);
  const lock = t.lock();
  seen.push(lock.with(() => dict.size));
  list.clear();
}

/** Raw references, given back whatever happens. */
function holding<T>(t: Thread, body: (keep: (ref: Ref) => Ref) => T): T {
  const kept: Ref[] = [];
  const keep = (ref: Ref): Ref => {
    kept.push(ref);
    return ref;
  };
  try {
    return body(keep);
  } finally {
    for (const ref of kept.reverse()) t.refs.decref(ref);
  }
}

function containers(t: Thread, seen: unknown[]): void {
  const { dicts, lists, tuples, numbers } = t;
  holding(t, (keep) => {
    const dict = keep(dicts.create());
    const list = keep(lists.create());
    lists.reserve(list, 10);
    for (let i = 0; i < 100; i++) {
      const number = keep(numbers.int(10_000 + i));
      lists.append(list, number);
      dicts.set(dict, number, keep(tuples.create([number, number])));
    }
    const copy = keep(dicts.copy(dict));
    dicts.update(copy, dict);
    keep(dicts.setDefault(copy, keep(numbers.float(0.5)), list));
    keep(dicts.pop(copy, keep(numbers.int(10_003))));
    lists.extend(list, list);
    seen.push(dicts.length(copy), lists.length(list), t.refs.count(list));
    dicts.clear(copy);
  });
}

function numbersAndStrings(t: Thread, seen: unknown[]): void {
  const { numbers, strings } = t;
  holding(t, (keep) => {
    let text = keep(strings.create('a'));
    let sum = keep(numbers.int(100_000));
    for (let i = 0; i < 60; i++) {
      text = keep(strings.concat(text, keep(strings.create('\u00e9\u4e2d\u{1f600}'.slice(0, i % 5)))));
      sum = keep(numbers.addInt(sum, keep(numbers.multiplyInt(sum, keep(numbers.int(3))))));
      sum = keep(numbers.moduloInt(sum, keep(numbers.int(1_000_003))));
    }
    const float = keep(numbers.multiplyFloat(keep(numbers.float(1.5)), keep(numbers.float(3))));
    seen.push(strings.length(text), strings.text(keep(strings.at(text, 5))));
    seen.push(numbers.value(sum), numbers.value(float));
    t.strings.intern('interned in the middle');
  });
}

function instances(t: Thread, seen: unknown[]): void {
  holding(t, (keep) => {
    const type = keep(t.instances.createType('Point', ['x', 'y'], 0));
    const x = t.strings.intern('x');
    for (let i = 0; i < 50; i++) {
      const point = keep(t.instances.create(type));
      t.instances.setAttr(point, x, keep(t.numbers.int(70_000 + i)));
      t.instances.setAttr(point, t.strings.intern('y'), point === 0 ? 0 : keep(t.tuples.create([type])));
      const value = t.instances.getAttr(point, x);
      if (i === 49) seen.push(t.numbers.value(value));
      t.refs.decref(value);
    }
  });
}

/** A thread that is alone with its memory, and whose allocations can be made to fail. */
class World {
  readonly parts = new NoMemoryParts();
  readonly memory = SharedMemory.create(16 << 20);
  readonly thread: Thread;

  constructor(private readonly build: string) {
    this.thread = new Thread(this.memory, buildNamed(build), 0, this.parts);
    this.thread.start();
    this.thread.initialiseInterpreter();
    this.thread.exit();
  }

  /** Runs the program with these allocations failing; the error, or the program's digest. */
  run(first: number, last = first): string | Error {
    const { thread, parts } = this;
    thread.start(0, bodies(thread));
    parts.arm(first, last);
    let outcome: string | Error;
    try {
      outcome = program(thread);
    } catch (error) {
      outcome = error as Error;
    }
    parts.arm(0, -1);
    expect(checkHeap(this.memory)).toEqual([]);
    thread.poll();
    thread.calls.releaseCodes();
    thread.collector.collect(2, 'shutdown');
    if (this.build.startsWith('gil') && !this.build.startsWith('gilectomy')) thread.closeFreeLists();
    thread.exit();
    return outcome;
  }

  /** What is alive although nothing should be; `whole`: also what is wrong with the heap and its objects. */
  leaks(whole = true): unknown {
    const leaks: unknown[] = [...findLeaks(this.thread)];
    const { refcount } = this.thread.build;
    if (whole) leaks.push(...checkObjects(this.memory, { refcount, complete: true }));
    if (this.build.startsWith('gil') && !this.build.startsWith('gilectomy')) this.thread.openFreeLists();
    return leaks;
  }
}

describe.each(SAFE_BUILDS)('out of memory in build %s', (build) => {
  it(`each of the first ${ALLOCATIONS} allocations may fail`, { timeout: 60_000 }, () => {
    const world = new World(build);
    const whole = world.run(0, -1);
    expect(whole).toBeTypeOf('string');
    world.parts.arm(0, -1);
    expect(world.leaks()).toEqual([]);
    const failures: string[] = [];
    let failed = 0;
    for (let n = 1; n <= ALLOCATIONS; n++) {
      const outcome = world.run(n);
      if (outcome instanceof MemoryError) failed++;
      else if (outcome !== whole)
        failures.push(`allocation ${n}: ${outcome instanceof Error ? outcome.stack : outcome}`);
      const leaks = JSON.stringify(world.leaks(n % 20 === 0));
      if (leaks !== '[]') failures.push(`allocation ${n}: leaks ${leaks}; ${(outcome as Error).stack}`);
      if (failures.length > 3) break;
    }
    expect(failures).toEqual([]);
    // Every one of them reached the program, which has more, but for those of the arrays of per-thread counts.
    expect(ALLOCATIONS - failed).toBeLessThanOrEqual(build === 'free-threaded' ? 4 : 0);
    expect(world.run(0, -1)).toBe(whole);
    expect(world.memory.i32[Control.SegmentsUsed]).toBeLessThanOrEqual(3);
  });

  it('all allocations from one on may fail', { timeout: 60_000 }, () => {
    const world = new World(build);
    const whole = world.run(0, -1);
    for (let n = 1; n <= ALLOCATIONS; n += 7) {
      expect(world.run(n, Number.POSITIVE_INFINITY), `from ${n} on`).toBeInstanceOf(MemoryError);
      expect(world.leaks(), `from ${n} on`).toEqual([]);
    }
    expect(world.run(0, -1)).toBe(whole);
  });
});
