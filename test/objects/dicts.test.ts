import fc from 'fast-check';
import { loadPyodide, type PyodideInterface } from 'pyodide';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryError, PythonError } from '#ungil/memory/errors.js';
import { Control, DictKeys, DictKeysKind, DictObject, HeapTag } from '#ungil/memory/layout.js';
import { describeKey } from '#ungil/objects/describe.js';
import { grownLog2, log2ForEntries, usableEntries } from '#ungil/objects/dictKeys.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { type KeySpec, keySpec, makeKey, modelKey, pythonKey, strKey } from './support/keys.js';
import { BUILDS, type ObjectThread, ObjectWorld } from './support/objectWorld.js';

type Operation =
  | { readonly name: 'set' | 'setDefault'; readonly key: KeySpec; readonly value: number }
  | { readonly name: 'del' | 'pop' | 'get' | 'getItem' | 'contains'; readonly key: KeySpec }
  | { readonly name: 'clear' | 'copy' | 'updateCopy' };

function operations(key: fc.Arbitrary<KeySpec>, maxLength: number): fc.Arbitrary<Operation[]> {
  const value = fc.integer({ min: -100, max: 100_000 });
  const one = fc.oneof(
    { weight: 12, arbitrary: fc.record({ name: fc.constant('set' as const), key, value }) },
    { weight: 2, arbitrary: fc.record({ name: fc.constant('setDefault' as const), key, value }) },
    {
      weight: 8,
      arbitrary: fc.record({
        name: fc.constantFrom('del', 'pop', 'get', 'getItem', 'contains' as const),
        key,
      }),
    },
    { weight: 1, arbitrary: fc.record({ name: fc.constantFrom('clear', 'copy', 'updateCopy' as const) }) },
  );
  return fc.array(one, { maxLength }) as fc.Arbitrary<Operation[]>;
}

/** What an operation answers, as text: a value, true, false, none, or the name of an error. */
function apply(thread: ObjectThread, state: { dict: Ref; other: Ref }, operation: Operation): string {
  const { dicts, numbers } = thread;
  const show = (value: Ref) => {
    if (value === 0) return 'none';
    const text = String(numbers.value(value));
    thread.drop(value);
    return text;
  };
  if (!('key' in operation)) {
    if (operation.name === 'clear') dicts.clear(state.dict);
    else if (operation.name === 'updateCopy') dicts.update(state.dict, state.other);
    else {
      thread.drop(state.other);
      state.other = dicts.copy(state.dict);
    }
    return '';
  }
  const key = makeKey(thread, operation.key);
  const value = 'value' in operation ? numbers.int(operation.value) : 0;
  try {
    switch (operation.name) {
      case 'set':
        dicts.set(state.dict, key, value);
        return '';
      case 'setDefault':
        return show(dicts.setDefault(state.dict, key, value));
      case 'del':
        dicts.del(state.dict, key);
        return '';
      case 'pop':
        return show(dicts.pop(state.dict, key));
      case 'get':
        return show(dicts.get(state.dict, key));
      case 'getItem':
        return show(dicts.getItem(state.dict, key));
      default:
        return String(dicts.contains(state.dict, key));
    }
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    return error.kind;
  } finally {
    thread.drop(key);
    if (value !== 0) thread.drop(value);
  }
}

/** The same on a Map, with JavaScript's insertion order, which is Python's. */
class Model {
  dict = new Map<string, { first: KeySpec; value: number }>();
  other = new Map<string, { first: KeySpec; value: number }>();

  apply(operation: Operation): string {
    if (!('key' in operation)) {
      if (operation.name === 'clear') this.dict.clear();
      else if (operation.name === 'copy') this.other = new Map(this.dict);
      else for (const entry of this.other.values()) this.set(entry.first, entry.value);
      return '';
    }
    const { name, key } = operation;
    const found = this.dict.get(modelKey(key));
    switch (name) {
      case 'set':
        this.set(key, operation.value);
        return '';
      case 'setDefault':
        if (found === undefined) this.set(key, operation.value);
        return String(found?.value ?? operation.value);
      case 'get':
        return String(found?.value ?? 'none');
      case 'contains':
        return String(found !== undefined);
      case 'getItem':
        return String(found?.value ?? 'KeyError');
      default:
        this.dict.delete(modelKey(key));
        if (found === undefined) return 'KeyError';
        return name === 'pop' ? String(found.value) : '';
    }
  }

  private set(key: KeySpec, value: number): void {
    const found = this.dict.get(modelKey(key));
    this.dict.set(modelKey(key), { first: found?.first ?? key, value });
  }
}

function entries(thread: ObjectThread, dict: Ref): string[] {
  const { dicts, numbers } = thread;
  const result: string[] = [];
  for (let at = dicts.next(dict, 0); at !== -1; at = dicts.next(dict, at)) {
    const key = describeKey(thread.memory, thread.strings, dicts.lastKey);
    result.push(`${key}: ${numbers.value(dicts.lastValue)}`);
    thread.drop(dicts.lastKey, dicts.lastValue);
  }
  expect(dicts.length(dict)).toBe(result.length);
  return result;
}

/** Length at which a dict moves to a table, and that table's slots. */
const GROWTH = [
  [1, 8],
  [6, 16],
  [11, 32],
  [22, 64],
  [43, 128],
  [86, 256],
  [171, 512],
  [342, 1024],
  [683, 2048],
  [1366, 4096],
  [2731, 8192],
  [5462, 16384],
  [10923, 32768],
  [21846, 65536],
  [43691, 131072],
  [87382, 262144],
];

const log2Of = (thread: ObjectThread, dict: Ref) =>
  thread.i32[thread.i32[dict + DictObject.Keys] + DictKeys.Log2Size];
const kindOf = (thread: ObjectThread, dict: Ref) =>
  thread.i32[thread.i32[dict + DictObject.Keys] + DictKeys.Kind];

describe.each(BUILDS)('Dicts, %s', (build) => {
  it.each([
    ['mixed keys', keySpec],
    ['str keys', strKey()],
  ])('does what a Map does: %s', (_, key) => {
    const world = new ObjectWorld(build);
    const thread = world.threads[0];
    fc.assert(
      fc.property(operations(key, 120), (program) => {
        const state = { dict: thread.dicts.create(), other: thread.dicts.create() };
        const model = new Model();
        for (const operation of program) expect(apply(thread, state, operation)).toBe(model.apply(operation));
        const expected = (map: Model['dict']) =>
          [...map.values()].map(({ first, value }) => `${pythonKey(first)}: ${value}`);
        expect(entries(thread, state.dict)).toEqual(expected(model.dict));
        expect(entries(thread, state.other)).toEqual(expected(model.other));
        thread.drop(state.dict, state.other);
        expect(world.leaks()).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('grows when two thirds are used, to three times the live entries', () => {
    const { threads } = new ObjectWorld(build);
    const { dicts, numbers } = threads[0];
    const dict = dicts.create();
    expect(threads[0].i32[dict + DictObject.Keys]).toBe(Control.EmptyKeys);
    const steps: [number, number][] = [];
    let log2 = 0;
    for (let i = 0; i < 100_000; i++) {
      const key = numbers.int(i);
      dicts.set(dict, key, key);
      threads[0].drop(key);
      if (log2Of(threads[0], dict) !== log2) {
        log2 = log2Of(threads[0], dict);
        steps.push([i + 1, 1 << log2]);
      }
    }
    expect(steps).toEqual(GROWTH);
    for (let i = 0; i < 100_000; i += 997) {
      const key = numbers.int(i);
      const value = dicts.get(dict, key);
      expect(numbers.value(value)).toBe(i);
      threads[0].drop(key, value);
    }
    threads[0].drop(dict);
  });

  it('moves to a table of the same size when most entries were deleted', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { dicts, numbers } = thread;
    const dict = dicts.create();
    for (let i = 0; i < 1000; i++) {
      dicts.set(dict, numbers.int(i % 200), Control.None);
      dicts.del(dict, numbers.int(i % 200));
    }
    expect(log2Of(thread, dict)).toBe(3);
    expect(dicts.length(dict)).toBe(0);
    thread.drop(dict);
    expect(world.leaks()).toBe(0);
  });

  it('has a table of str keys until another key comes, and again after clear', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { dicts, strings } = thread;
    const dict = dicts.create();
    const names = ['a', 'b', 'c'].map((name) => strings.create(name));
    for (const name of names) dicts.set(dict, name, Control.None);
    expect(kindOf(thread, dict)).toBe(DictKeysKind.Unicode);
    expect(dicts.contains(dict, Control.None)).toBe(false);
    dicts.set(dict, Control.None, Control.True);
    expect(kindOf(thread, dict)).toBe(DictKeysKind.General);
    expect(names.map((name) => dicts.contains(dict, name))).toEqual([true, true, true]);
    const copied = dicts.copy(dict);
    expect(kindOf(thread, copied)).toBe(DictKeysKind.General);
    dicts.clear(dict);
    expect(dicts.length(dict)).toBe(0);
    dicts.set(dict, names[0], Control.None);
    expect(kindOf(thread, dict)).toBe(DictKeysKind.Unicode);
    dicts.update(dict, copied);
    expect(kindOf(thread, dict)).toBe(DictKeysKind.General);
    expect(dicts.length(dict)).toBe(4);
    thread.drop(dict, copied, ...names);
    expect(world.leaks()).toBe(0);
  });

  it('names the missing key and refuses what cannot be hashed', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { dicts, strings, lists } = thread;
    const dict = dicts.create();
    const name = strings.create('nobody');
    expect(() => dicts.getItem(dict, name)).toThrow("'nobody'");
    expect(() => dicts.del(dict, Control.None)).toThrow('None');
    expect(() => dicts.pop(dict, name)).toThrow(PythonError);
    const list = lists.create();
    for (const act of [
      () => dicts.set(dict, list, Control.None),
      () => dicts.get(dict, list),
      () => dicts.contains(dict, dict),
    ]) {
      expect(act).toThrow(/unhashable/);
    }
    dicts.set(dict, name, Control.None);
    expect(dicts.length(dict)).toBe(1);
    thread.drop(list, name, dict);
    expect(world.leaks()).toBe(0);
  });

  it('is as it was after a MemoryError, and its lock is free', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { allocator } = world;
    const { dicts, numbers } = thread;
    const dict = dicts.create();
    const other = dicts.create();
    const keys = Array.from({ length: 40 }, (_, i) => numbers.int(1000 + i));
    for (let i = 0; i < 5; i++) dicts.set(dict, keys[i], keys[i]);
    for (let i = 3; i < 30; i++) dicts.set(other, keys[i], Control.True);
    const before = entries(thread, dict);
    const blocks = allocator.live.size;
    // update asks for two blocks, copy too.
    for (const [act, limit] of [
      [() => dicts.set(dict, keys[9], keys[9]), 1],
      [() => thread.drop(dicts.setDefault(dict, keys[9], keys[9])), 1],
      [() => dicts.update(dict, other), 2],
      [() => thread.drop(dicts.copy(dict)), 2],
    ] as const) {
      for (let budget = 0; budget < limit; budget++) {
        thread.emptyFreeLists();
        allocator.budget = budget;
        expect(act).toThrow(MemoryError);
        allocator.budget = Number.POSITIVE_INFINITY;
        thread.emptyFreeLists();
        allocator.processDelayed();
        expect(entries(thread, dict)).toEqual(before);
        expect(allocator.live.size).toBe(blocks);
        expect(thread.bare.mutex.isLocked((dict << 2) + 2)).toBe(false);
      }
    }
    expect(keys.map((key) => thread.refs.count(key))).toEqual(keys.map((_, i) => counted(i)));
    thread.drop(dict, other, ...keys);
    expect(world.leaks()).toBe(0);
  });

  it('holds one reference to each key and value', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { dicts, strings, refs } = thread;
    const key = strings.create('key');
    const same = strings.create('key');
    const [a, b] = [strings.create('a'), strings.create('b')];
    const counts = () => [key, same, a, b].map((object) => refs.count(object));
    const dict = dicts.create();
    dicts.set(dict, key, a);
    expect(counts()).toEqual([2, 1, 2, 1]);
    dicts.set(dict, same, b);
    expect(counts()).toEqual([2, 1, 1, 2]);
    const twin = dicts.copy(dict);
    expect(counts()).toEqual([3, 1, 1, 3]);
    dicts.set(twin, key, a);
    dicts.update(dict, twin);
    expect(counts()).toEqual([3, 1, 3, 1]);
    dicts.update(dict, dict);
    thread.drop(twin, dicts.setDefault(dict, key, b), dicts.get(dict, same), dicts.getItem(dict, key));
    expect(counts()).toEqual([2, 1, 2, 1]);
    const popped = dicts.pop(dict, same);
    expect(popped).toBe(a);
    expect(counts()).toEqual([1, 1, 2, 1]);
    dicts.set(dict, key, dict);
    dicts.clear(dict);
    expect(refs.count(dict)).toBe(1);
    thread.drop(popped, dict, key, same, a, b);
    expect(world.leaks()).toBe(0);
  });

  it('tells caches where a value is', () => {
    const [thread] = new ObjectWorld(build).threads;
    const { dicts, strings, i32 } = thread;
    const dict = dicts.create();
    const [a, b] = [strings.intern('a'), strings.intern('b')];
    expect(dicts.valueSlot(dict, a)).toBe(0);
    dicts.set(dict, a, Control.True);
    const slot = dicts.valueSlot(dict, a);
    expect([i32[slot - 1], i32[slot]]).toEqual([a, Control.True]);
    dicts.set(dict, b, Control.None);
    dicts.set(dict, a, Control.False);
    expect(i32[slot]).toBe(Control.False);
    dicts.del(dict, a);
    expect([i32[slot - 1], i32[slot]]).toEqual([0, 0]);
  });

  it('keeps up to 80 dead dicts and small tables for re-use', () => {
    const world = new ObjectWorld(build);
    const [thread] = world.threads;
    const { dicts, strings } = thread;
    const name = strings.intern('x');
    const make = () => {
      const dict = dicts.create();
      dicts.set(dict, name, Control.None);
      return dict;
    };
    thread.drop(...Array.from({ length: 100 }, make));
    const tags = [...world.allocator.live.values()].map(({ tag }) => tag);
    expect(tags.filter((tag) => tag === HeapTag.Gc).length).toBe(80);
    expect(tags.filter((tag) => tag === HeapTag.Mem).length).toBe(80);
    world.allocator.budget = 0;
    const again = Array.from({ length: 80 }, make);
    expect(() => dicts.create()).toThrow(MemoryError);
    world.allocator.budget = Number.POSITIVE_INFINITY;
    thread.drop(...again);
    expect(world.leaks()).toBe(0);
  });
});

/** References to keys[i] in the test above: the test's own, those of dict (key and value), other's key. */
function counted(i: number): number {
  return 1 + (i < 5 ? 2 : 0) + (i >= 3 && i < 30 ? 1 : 0);
}

describe('table sizes', () => {
  it("are CPython's", () => {
    expect([3, 4, 5, 6, 7, 8, 16].map(usableEntries)).toEqual([5, 10, 21, 42, 85, 170, 43690]);
    expect([0, 1, 2, 3, 5, 10, 21, 42, 85].map(grownLog2)).toEqual([3, 3, 3, 4, 4, 5, 6, 7, 8]);
    for (let n = 1; n < 5000; n++) {
      const log2 = log2ForEntries(n);
      expect(usableEntries(log2)).toBeGreaterThanOrEqual(n);
      if (log2 > 3) expect(usableEntries(log2 - 1)).toBeLessThan(n);
    }
  });
});

describe('Dicts beside CPython', () => {
  let python: PyodideInterface;

  beforeAll(async () => {
    python = await loadPyodide();
  });
  it('grows at the same lengths', () => {
    const lengths = python.runPython(`
import json, sys
d, size, lengths = {}, 0, []
for i in range(100_000):
    d[i] = i
    if sys.getsizeof(d) != size:
        size = sys.getsizeof(d)
        lengths.append(i + 1)
json.dumps(lengths)`) as string;
    expect(JSON.parse(lengths)).toEqual(GROWTH.map(([length]) => length));
  });

  it('answers the same, in the same order', () => {
    const programs = fc.sample(operations(keySpec, 150), { numRuns: 40, seed: 20261121 });
    const source = programs.map((program, index) => pythonProgram(program, index)).join('\n');
    const answers = JSON.parse(
      python.runPython(`import json\nresults = []\n${source}\njson.dumps(results)`) as string,
    ) as string[][];
    for (const build of BUILDS) {
      const world = new ObjectWorld(build);
      const thread = world.threads[0];
      for (let i = 0; i < programs.length; i++) {
        const state = { dict: thread.dicts.create(), other: thread.dicts.create() };
        const mine = programs[i].map((operation) => apply(thread, state, operation));
        mine.push(`{${entries(thread, state.dict).join(', ')}}`);
        expect(mine).toEqual(answers[i]);
        thread.drop(state.dict, state.other);
      }
      expect(world.leaks()).toBe(0);
    }
  });
});

function pythonProgram(program: readonly Operation[], index: number): string {
  const lines = [`def program${index}():`, '  d, other, out = {}, {}, []'];
  for (const operation of program) lines.push(...pythonLines(operation).map((line) => `  ${line}`));
  lines.push('  out.append(repr(d))', '  return out', `results.append(program${index}())`);
  return lines.join('\n');
}

function pythonLines(operation: Operation): string[] {
  const answer = (expression: string) => [
    'try:',
    `  out.append(str(${expression}))`,
    'except KeyError: out.append("KeyError")',
  ];
  if (!('key' in operation)) {
    const act = { clear: 'd.clear()', copy: 'other = d.copy()', updateCopy: 'd.update(other)' }[
      operation.name
    ];
    return [act, "out.append('')"];
  }
  const key = pythonKey(operation.key);
  switch (operation.name) {
    case 'set':
      return [`d[${key}] = ${operation.value}`, "out.append('')"];
    case 'setDefault':
      return answer(`d.setdefault(${key}, ${operation.value})`);
    case 'del':
      return ['try:', `  del d[${key}]`, "  out.append('')", 'except KeyError: out.append("KeyError")'];
    case 'pop':
      return answer(`d.pop(${key})`);
    case 'get':
      return answer(`d.get(${key}, 'none')`);
    case 'getItem':
      return answer(`d[${key}]`);
    default:
      return answer(`'true' if ${key} in d else 'false'`);
  }
}
