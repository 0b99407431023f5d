import { describe, expect, it } from 'vitest';
import { Program, Refusal } from '#ungil/explore/rewrite/program.js';
import { drive, type Exported, load, TestHooks } from './support/rewriting.js';

const GENERATOR = '[object Generator]';
const kindOf = (value: unknown) => Object.prototype.toString.call(value);

describe('colouring', () => {
  it('leaves pure functions plain, and finds the others through imports, aliases and names', async () => {
    const { exports } = await load({
      'main.js': `import { touch as t, pure } from './a.js'; export { pure };
        export const sum = (a, b) => pure(a) + b;
        export function direct(T) { return Atomics.load(T, 0); }
        export const alias = t; export function through(T) { return alias(T); }
        export const byName = (o) => o.poke();
        export const list = () => { const got = []; got.push(1); got.push(2); return got.length; };
        export const strange = (s) => s.fromOutside();
        class P { poke() { return Atomics.load(new Int32Array(1), 0); } }`,
      'a.js': 'export function touch(T) { return T[1]; } export function pure(x) { return x % 257; }',
    });
    const view = new Int32Array(4);
    expect(exports.pure(258)).toBe(1);
    expect(exports.sum(258, 1)).toBe(2);
    expect(exports.list()).toBe(2);
    for (const name of ['direct', 'through']) expect(kindOf(exports[name](view))).toBe(GENERATOR);
    expect(drive(exports.byName({ poke: () => 7 }))).toBe(7);
    expect(drive(exports.strange({ fromOutside: () => 8 }))).toBe(8);
  });

  it('waits for suspended functions of native modules that are named', async () => {
    const modules = {
      'main.js': `import { poll } from './native.js'; export const run = () => poll() + 1;`,
      'native.js': 'export function* poll() { yield; return 4; }',
    };
    const { exports } = await load(modules, new TestHooks(true), ['poll']);
    expect(drive(exports.run())).toBe(5);
  });
});

describe('hooks', () => {
  it('get the arguments of atomic operations, with defaults', async () => {
    const { exports, hooks } = await load(
      `export const run = (T) => [Atomics.wait(T, 1, 5), Atomics.wait(T, 1, 5, 6), Atomics.notify(T, 1), Atomics.notify(T, 1, 2), performance.now(), Date.now(), performance.timeOrigin, Math.random()];`,
    );
    const result = drive(exports.run(new Int32Array(4)));
    expect(result).toEqual(['5,Infinity', '5,6', Number.POSITIVE_INFINITY, 2, 1234, 1234, 0, 0.25]);
    expect(hooks.announced.map((one) => one.kind)).toEqual([
      'wait',
      'wait',
      'notify',
      'notify',
      'clock',
      'clock',
    ]);
  });

  it('announce every access in order, once', async () => {
    const { exports, hooks } = await load('export function run(T) { T[1] += T[2]; T[3]++; T[4] = T[5]; }');
    drive(exports.run(new Int32Array(8)));
    const seen = hooks.announced.map((one) => `${one.kind} ${one.index}`);
    expect(seen).toEqual(['read 1', 'read 2', 'write 1', 'read 3', 'write 3', 'read 5', 'write 4']);
  });

  it('are the synchronous ones where code cannot be suspended', async () => {
    const { exports, hooks } = await load(
      'class C { constructor(T) { T[1] = T[2]; } } export const run = (T) => { new C(T); [3].map((i) => T[i]); };',
    );
    drive(exports.run(new Int32Array(8)));
    expect(hooks.synchronous).toEqual(['read 2', 'write 1', 'read 3']);
    expect(hooks.announced).toEqual([]);
  });
});

describe('refusals', () => {
  const cases: Record<string, readonly [line: number, reason: RegExp, text: string]> = {
    getter: [
      2,
      /Atomics\.load in a getter cannot be suspended/,
      'class C {\n get g() { return Atomics.load(this.v, 0); }\n}',
    ],
    setter: [1, /in a setter/, 'const o = { set s(v) { Atomics.store(v, 0, 1); } };'],
    'a constructor': [1, /in a constructor/, 'class C { constructor(v) { Atomics.add(v, 0, 1); } }'],
    field: [1, /initial value of a field/, 'class C { x = Atomics.load(V, 0); }'],
    'static block': [1, /static block/, 'class C { static { Atomics.load(V, 0); } }'],
    parameter: [2, /default parameter value/, '\nfunction f(v, x = Atomics.load(v, 0)) {}'],
    generator: [1, /in a generator/, 'function* g(v) { yield Atomics.load(v, 0); }'],
    async: [1, /async function/, 'async function f(v) { Atomics.load(v, 0); }'],
    callback: [3, /a callback of map/, 'function f(v) {\n return [1].map((i) =>\n Atomics.load(v, i));\n}'],
    waitAsync: [1, /waitAsync/, 'function f(v) { Atomics.waitAsync(v, 0, 0); }'],
    arrow: [
      1,
      /arrow function that uses arguments/,
      'function f(v) { return () => Atomics.load(v, arguments[0]); }',
    ],
    pattern: [1, /pattern/, 'function f(v, i) { [v[i]] = [1]; }'],
    'changing export': [1, /changes later/, 'export let x = 1; export function f() { x++; }'],
    syntax: [2, /not a module/, '\nlet let = 1;'],
    'missing export': [1, /does not export 'nothing'/, "import { nothing } from 'node:path';"],
  };
  for (const [name, [line, reason, text]] of Object.entries(cases)) {
    it(name, async () => {
      const error = await load(text).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Refusal);
      const refusal = error as Refusal;
      expect(refusal.reason).toMatch(reason);
      expect(refusal.line).toBe(line);
      expect(refusal.message).toBe(`${refusal.file}:${line}: ${refusal.reason}`);
      expect(refusal.file).toMatch(/main\.js$/);
    });
  }

  it('circular imports', async () => {
    const modules = { 'main.js': "import './b.js';", 'b.js': "\nimport './main.js';" };
    await expect(load(modules)).rejects.toThrow(/b\.js:2: circular import/);
  });

  it('a second load', async () => {
    const { program, url } = await load('export const x = 1;');
    await expect(program.load([url])).rejects.toThrow(/once/);
  });
});

describe('sites', () => {
  it('name function, line and marks', async () => {
    const { program } = await load(`class C {
  /** Declared
   *  racy read of the word. */
  racy(v) { return v[0]; }
  /** May touch a freed block. */
  late(v) {
    // Declared racy reads: of the count.
    if (v[1] === 0) return v[2];
    v[3] = 1;
  }
}
export const arrow = (v) => v[4];
`);
    const rows = program.sites.map((site) => [site.function, site.line, site.column, site.marks]);
    expect(rows).toEqual([
      ['C.racy', 4, 20, 1],
      ['C.late', 8, 9, 3],
      ['C.late', 8, 28, 2],
      ['C.late', 9, 5, 18],
      ['arrow', 12, 29, 0],
    ]);
  });

  it('of an operation behind a method of its name are those of the call', async () => {
    const { exports, program, hooks } = await load(`class Ops {
  constructor(v) { this.v = v; }
  load(word) { return Atomics.load(this.v, word); }
  add(word) { return Atomics.add(this.v, word, 1 + 1); }
}
class User {
  constructor(v) { this.ops = new Ops(v); }
  /** May touch a freed block. */
  late(word) { return this.ops.load(this.ops.load(word)); }
  both(word) { return this.ops.load(word) + this.ops.add(word); }
}
export function run(v) { const user = new User(v); return user.late(0) + user.both(1); }
`);
    expect(drive(exports.run(new Int32Array([1, 5, 0])))).toBe(15);
    const places = hooks.announced.map(({ site }) => [
      program.siteOf(site).function,
      program.siteOf(site).marks,
    ]);
    expect(places).toEqual([
      ['User.late', 2],
      ['User.late', 2],
      ['User.both', 0],
      ['Ops.add', 0],
    ]);
  });
});

describe('the production graph', () => {
  const own = (name: string) => new URL(name, new URL('../../dist/src/', import.meta.url)).href;
  const roots = ['runtime/thread.js', 'memory/sharedMemory.js', 'memory/atomicOps.js', 'refcount/biased.js'];

  it('loads, and counts references as the modules that were not rewritten', async () => {
    const hooks = new TestHooks(true);
    const program = new Program({ hooks, native: () => false, suspending: [] });
    const rewritten = await program.load(roots.map(own));
    const native = await Promise.all(roots.map((root) => import(/* @vite-ignore */ own(root))));
    const heaps = [native, rewritten].map((modules) => countReferences(modules as Exported[]));
    expect(heaps[1]).toEqual(heaps[0]);
    expect(heaps[0].some((word) => word !== 0)).toBe(true);
    expect(hooks.announced.length).toBeGreaterThan(20);
    const files = new Set(program.sites.map((site) => site.file));
    expect(files).toContain('refcount/biased.ts');
    expect([...files].every((file) => file.endsWith('.ts'))).toBe(true);
    const owner = program.sites.find((site) => site.function === 'BiasedRefCounter.isOwner');
    expect(owner?.marks).toBe(3);
  });
});

/** Runs a sequence on one object; returns the words around it. */
function countReferences(modules: readonly Exported[]): number[] {
  const [, memoryModule, opsModule, biasedModule] = modules as unknown as Record<
    string,
    new (
      ...args: unknown[]
    ) => Record<string, never>
  >[];
  const { SharedMemory } = memoryModule as unknown as {
    SharedMemory: { create(bytes: number): { i32: Int32Array } };
  };
  const memory = drive(SharedMemory.create(16 * 1024 * 1024)) as { i32: Int32Array };
  const atomics = new opsModule.PlainAtomicOps(memory);
  const thread = { atomics, id: 5, i32: memory.i32, block: 4096 };
  const refs = new biasedModule.BiasedRefCounter(memory, thread) as unknown as Exported & {
    deallocator: unknown;
  };
  const dead: number[] = [];
  refs.deallocator = { dealloc: (object: number) => void dead.push(object) };
  const [one, two] = [1_000_000, 1_000_016];
  const word = memory.i32;
  const sequence: [string, number, ...number[]][] = [
    ['init', one, 64, 3],
    ['incref', one],
    ['incref', one],
    ['decref', one],
    ['isUnique', one],
    ['newRefWithLock', one],
    ['init', two, 64, 0],
    ['setMaybeWeakref', two],
    ['enableDeferred', one],
    ['count', one],
    ['disableDeferred', one],
    ['decref', two],
    ['tryIncrefFast', one],
    ['initImmortal', 1_000_032, 64],
    ['incref', 1_000_032],
    ['isImmortal', 1_000_032],
  ];
  const results = sequence.map(([method, ...args]) => Number(drive(refs[method](...args)) ?? -1));
  return [...results, ...dead, ...word.subarray(one, one + 64)];
}
