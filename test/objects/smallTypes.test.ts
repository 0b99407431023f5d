import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { BuiltinType, CodeFlags, Control, Header } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { FREE, LifeWorld, SCHEMES } from './support/lifeWorld.js';

/** One object of each type; all references are the caller's. */
function oneOfEach(world: LifeWorld): Ref[] {
  const made: Ref[] = [];
  const { codes, constants, functions, generators, methodCallers, natives, strings, threadLocals, tuples } =
    world.t;
  const keep = (object: Ref): Ref => {
    made.push(object);
    return object;
  };
  try {
    keep(natives.importModule('math'));
    keep(world.t.builtinFunctions.createDescriptor(0, 'append', BuiltinType.List));
    keep(methodCallers.create('f'));
    const local = keep(threadLocals.create());
    threadLocals.set(local, strings.intern('x'), Control.None);
    const list = keep(tuples.create([keep(constants.float(1.5))]));
    const code = keep(codes.create(0, strings.intern('g'), 0, list, CodeFlags.Nested));
    keep(functions.create(code, 0));
    const generator = keep(generators.create(0, code, 2));
    world.t.refs.incref(list);
    generators.setLocal(generator, 0, list);
  } catch (error) {
    world.drop(...made);
    throw error;
  }
  return made;
}

/** What has deferred counts and no collector waits for its end. */
function finish(world: LifeWorld): unknown[] {
  world.t.threadLocals.release();
  return world.end();
}

describe.each(SCHEMES)('modules, C functions, generators and the like, %s', (build) => {
  it('are consistent, and go when the last reference does', () => {
    const world = new LifeWorld(build);
    const made = oneOfEach(world);
    expect(world.problems()).toEqual([]);
    const types = made.map((object) => world.t.i32[object + Header.Type]);
    expect(new Set(types).size).toBe(9);
    // Those that nobody keeps for the run.
    for (const object of made) if (!world.t.collects) world.t.refs.disableDeferred(object);
    world.drop(...made);
    expect(world.problems()).toEqual([]);
    expect(finish(world)).toEqual([]);
  });

  it('leave nothing, whichever allocation fails', () => {
    const world = new LifeWorld(build);
    let failed = 0;
    for (let number = 1; ; number++) {
      world.parts.arm(number, number);
      try {
        const made = oneOfEach(world);
        world.parts.arm(0, -1);
        for (const object of made) if (!world.t.collects) world.t.refs.disableDeferred(object);
        world.drop(...made);
        break;
      } catch (error) {
        if (!(error instanceof MemoryError)) throw error;
        failed++;
      }
      world.parts.arm(0, -1);
      world.t.threadLocals.release();
      expect(world.problems()).toEqual([]);
    }
    expect(failed).toBeGreaterThan(8);
    expect(finish(world)).toEqual([]);
  });

  it('can be referred to weakly where CPython’s can', () => {
    const world = new LifeWorld(build);
    const {
      builtinFunctions,
      generators,
      codes,
      methodCallers,
      modules,
      refs,
      strings,
      threadLocals,
      weakrefs,
    } = world.t;
    const code = codes.create(0, strings.intern('g'), 0);
    const objects = [
      modules.create('m'),
      builtinFunctions.create(0, 'f', 0),
      generators.create(0, code, 0),
      threadLocals.create(),
    ];
    const weak = objects.map((object) => weakrefs.create(object));
    for (const object of objects) refs.disableDeferred(object);
    world.drop(...objects);
    for (const weakref of weak) expect(weakrefs.get(weakref)).toBe(0);
    const caller = methodCallers.create('f');
    expect(() => weakrefs.create(caller)).toThrow(
      "cannot create weak reference to 'operator.methodcaller' object",
    );
    world.drop(...weak, caller, code);
    expect(world.end()).toEqual([]);
  });
});

describe('constants', () => {
  it('are one object for a value without the GIL, and as many as are made with it', () => {
    for (const [build, same] of [
      ['free-threaded', true],
      ['gil', false],
    ] as const) {
      const world = new LifeWorld(build);
      const { constants, refs } = world.t;
      const all = [0, 1].map(() => {
        const items = [constants.float(2.5), constants.int(1000), constants.string('two words')];
        return [...items, constants.tuple(items)];
      });
      for (const [index, one] of all[0]!.entries()) {
        expect(one === all[1]![index]).toBe(same);
        expect(refs.isImmortal(one)).toBe(same);
      }
      if (same) {
        expect(constants.float(-0)).not.toBe(constants.float(0));
        const stranger = world.t.lists.create();
        expect(() => constants.tuple([stranger])).toThrow('must be a constant itself');
        world.drop(stranger);
      }
      world.drop(...all.flat());
      expect(world.end()).toEqual([]);
    }
  });
});

describe('generators', () => {
  it.each(['gil', 'free-threaded'])(
    'in %s, run from yield to yield, one thread at a time, and end once',
    (build) => {
      const world = new LifeWorld(build);
      const { generators, generatorCalls, codes, strings, numbers } = world.t;
      let inner: unknown;
      const func = world.func((generator) => {
        const place = generators.resumeAt(generator!);
        if (place === 1) {
          try {
            generatorCalls.next(generator!);
          } catch (error) {
            inner = error;
          }
        }
        if (place === 3) throw new Error('the body fails');
        generators.setResume(generator!, place + 1);
        return numbers.int(100 + place);
      });
      const code = codes.create(0, strings.intern('g'), 0);
      const generator = generators.create(0, code, 0);
      const values = [1, 2, 3].map(() => {
        const value = generatorCalls.next(generator);
        const number = numbers.value(value);
        world.drop(value);
        return number;
      });
      expect(values).toEqual([100, 101, 102]);
      expect(String(inner)).toContain('generator already executing');
      expect(() => generatorCalls.next(generator)).toThrow('the body fails');
      expect(generatorCalls.next(generator)).toBe(0);
      world.drop(generator, code, func);
      expect(world.end()).toEqual([]);
    },
  );

  it('keep their locals while they run, whoever clears them', () => {
    for (const build of ['gil', 'free-threaded']) {
      const world = new LifeWorld(build);
      const { generators, codes, strings, lists } = world.t;
      const code = codes.create(0, strings.intern('g'), 0);
      const generator = generators.create(0, code, 1);
      const local = lists.create();
      generators.setLocal(generator, 0, local);
      expect(generators.enter(generator)).toBe(true);
      generators.clear(generator);
      expect(generators.local(generator, 0)).toBe(local);
      generators.suspend(generator);
      generators.clear(generator);
      expect(generators.local(generator, 0)).toBe(0);
      expect(generators.enter(generator)).toBe(false);
      world.drop(generator, code);
      expect(world.end()).toEqual([]);
    }
  });

  it('that hold themselves are collected', () => {
    for (const build of ['gil', 'free-threaded', 'gilectomy']) {
      const world = new LifeWorld(build);
      const { generators, codes, refs, strings } = world.t;
      const code = codes.create(0, strings.intern('g'), 0);
      const generator = generators.create(0, code, 1);
      refs.incref(generator);
      generators.setLocal(generator, 0, generator);
      const weak = world.t.weakrefs.create(generator);
      world.drop(generator, code);
      world.t.collector.collect(2, 'manual');
      expect(world.t.weakrefs.get(weak)).toBe(0);
      world.drop(weak);
      expect(world.end()).toEqual([]);
    }
  });
});

describe('thread locals', () => {
  it.each(FREE)('in %s, show each thread what it has set itself', (build) => {
    const world = new LifeWorld(build, 2);
    const [one, other] = world.threads as [LifeWorld['t'], LifeWorld['t']];
    const local = one.threadLocals.create();
    const second = one.threadLocals.create();
    const x = one.strings.intern('x');
    one.threadLocals.set(local, x, Control.True);
    one.threadLocals.set(second, x, Control.False);
    const missing = "'_thread._local' object has no attribute 'x'";
    expect(() => other.threadLocals.get(local, x)).toThrow(missing);
    other.threadLocals.set(local, x, Control.None);
    expect([one.threadLocals.get(local, x), other.threadLocals.get(local, x)]).toEqual([
      Control.True,
      Control.None,
    ]);
    world.drop(Control.True, Control.None);
    for (const t of world.threads) t.threadLocals.release();
    expect(() => one.threadLocals.get(local, x)).toThrow(missing);
    for (const object of [local, second]) {
      one.refs.disableDeferred(object);
      world.drop(object);
    }
    expect(world.end()).toEqual([]);
  });
});

describe('list.pop(index)', () => {
  it.each(FREE)('in %s, closes the gap, for the owner and for others', (build) => {
    const world = new LifeWorld(build, 2);
    const [one, other] = world.threads as [LifeWorld['t'], LifeWorld['t']];
    const list = one.lists.create();
    const model = Array.from({ length: 20 }, (_, index) => index);
    for (const item of model) one.lists.append(list, one.numbers.fromInteger(item));
    for (const [t, index] of [
      [one, 0],
      [other, 5],
      [one, -1],
      [other, -3],
      [other, 0],
      [one, 7],
    ] as const) {
      expect(t.numbers.value(t.lists.popAt(list, index))).toBe(model.splice(index, 1)[0]);
      const now = model.map((_, at) => t.numbers.value(t.lists.get(list, at)));
      expect(now).toEqual(model);
    }
    expect(() => one.lists.popAt(list, 14)).toThrow('out of range');
    world.drop(list);
    expect(world.end()).toEqual([]);
  });
});
