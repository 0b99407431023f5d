import { describe, expect, it } from 'vitest';
import { load, type Modules, runThreeWays } from './support/rewriting.js';

/** Bodies of `run(T)`: `T` is an Int32Array with T[i] = 10 i; `log` collects; both are compared with native runs. */
const SNIPPETS: Record<string, string> = {
  'order of write': `const log=[]; const at=(x)=>{log.push(x);return x}; const t=(x)=>{log.push('t');return T}; t()[at(1)] = at(2); return log;`,
  'index changed by value': `let i = 1; T[i] = i++; T[i] = (i = 5, T[i]); return i;`,
  'object changed by value': `let o = T; const p = new Int32Array(4); o[1] = (o = p, 7); return [...p, T[1]];`,
  'object changed by index': `let o = T; const p = [1,2]; const r = o[(o = p, 3)]; return [r, o.length];`,
  'index changed by own index': `let i = 0; const r = T[i++] + T[i++] + T[++i]; return [r, i];`,
  'field changed by call': `const o = { v: T, set() { this.v = new Int32Array(8); return T[2]; }, go() { this.v[1] = this.set(); return this.v[1]; } }; return [o.go(), T[1]];`,
  compound: `T[1] += 5; T[2] -= T[1]; T[3] <<= 2; T[4] **= 2; T[5] >>>= 1; let i = 6; T[i++] += i; T[i] %= 7; return [T[1] += 2, i];`,
  'compound with call': `let i = 1; const f = () => { T[1] = 1000; i = 9; return T[2]; }; T[i] += f(); return [T[1], i];`,
  'compound old value first': `const log=[]; const o = [5]; const k = () => { log.push('k'); return 0; }; o[k()] += (o[0] = 100, 1); return [o[0], log];`,
  logical: `const o = [0, 1, null]; const log=[]; const v=(x)=>{log.push(x);return x}; let k = 0; o[k] ||= v(3); o[1] ||= v(4); o[2] ??= v(T[5]); o[1] &&= v(6); return [o, log];`,
  updates: `let i = 1; const a = T[i++]++; const b = ++T[i]; const c = T[i]--; const d = --T[i + 1]; T[4]++; for (let j = 0; j < 3; T[j]++) j++; return [a, b, c, d, i];`,
  'update of odd values': `const o = ['5', undefined, 3n]; const a = o[0]++; const b = o[1]--; const c = o[2]++; return [typeof a, String(o[0]), String(b), String(c), String(o[2])];`,
  'write value': `const o = new Uint8Array(2); const a = o[0] = 300; const b = (o[1] = T[30]); return [a, b, ...o];`,
  atomics: `const r = []; r.push(Atomics.add(T, 1, 5), Atomics.load(T, 1), Atomics.sub(T, 1, 1), Atomics.store(T, 2, 7), Atomics.exchange(T, 2, 8), Atomics.compareExchange(T, 2, 8, 9), Atomics.and(T, 3, 6), Atomics.or(T, 3, 1), Atomics.xor(T, 3, 255), Atomics.isLockFree(4)); return r;`,
  'atomics in expressions': `let i = 0; while (Atomics.add(T, 0, 1) < 5 && i < 20) i++; return [i, -Atomics.load(T, 0), typeof Atomics.load(T, 1), Atomics.load(T, Atomics.load(T, 0) - 5), \`\${Atomics.load(T, 1)}\`];`,
  'optional element': `const n = null; const o = { a: [1, 2, T[3]] }; const log = []; const f = () => { log.push('f'); return 1; }; return [n?.[f()] ?? 'none', o?.a[f()], o?.a?.[2], n?.a[f()].b.c ?? 'none', o.b?.[f()] ?? 'none', log];`,
  'optional call': `const o = { f(x) { return T[x] + this.k; }, k: 1, g: null }; const log = []; const a = () => { log.push('a'); return 2; }; const p = { o }; return [o?.f(a()), o.f?.(a()), o.g?.(a()) ?? 'none', p?.o.f(a()), p.q?.f(a()) ?? 'none', p?.['o']?.f?.(a()), o['f']?.(1), log.length];`,
  'optional computed call': `const o = { f(x) { return T[x] + this.k; }, k: 1 }; const name = 'f'; const none = undefined; return [o[name](1), o?.[name](2), o[name]?.(3), none?.[name](4) ?? 'none', o['no' + name]?.(5) ?? 'none'];`,
  'this in closures': `const o = { k: 3, all() { const f = () => () => this.k + T[1]; return f()(); }, each() { return [1,2].map((x) => x * this.k); } }; return [o.all(), o.each()];`,
  'this of element calls': `const o = { fs: [function () { return this.length + T[1]; }, function (x) { return x + T[2]; }] }; return [o.fs[0](), o.fs[1](5)];`,
  'super and overrides': `class A { constructor(v) { this.v = v; } get(i) { return this.v[i]; } twice(i) { return this.get(i) * 2; } static make(v) { return new this(v); } #secret(i) { return this.v[i]; } open(i) { return this.#secret(i); } }
    class B extends A { get(i) { return super.get(i) + 1; } twice(i) { return super.twice(i) + this.open(i); } get size() { return this.v[3]; } }
    const b = B.make(T); return [b.get(1), b.twice(2), b.size, b instanceof A];`,
  'plain override': `class A { m() { return 1; } } class B extends A { m() { return T[1] + super.m(); } } const all = [new A(), new B()]; return all.map((x) => x.m());`,
  'try and finally': `const log = []; const f = (i) => { try { if (i === 1) throw new Error('x' + T[1]); return T[i]; } catch (e) { log.push(e.message); return -T[2]; } finally { log.push(T[3]); } }; return [f(0), f(1), f(2), log];`,
  'throwing through levels': `function deep(n) { if (n === 0) throw new RangeError('deep ' + T[1]); return deep(n - 1) + T[n]; } try { deep(5); } catch (e) { return e.message; }`,
  recursion: `function fib(n) { T[0]++; return n < 2 ? n : fib(n - 1) + fib(n - 2); } return [fib(10), T[0]];`,
  'mutual recursion': `const even = (n) => n === 0 ? T[1] : odd(n - 1); const odd = (n) => n === 0 ? T[2] : even(n - 1); return [even(10), even(7)];`,
  generators: `function* g(n) { for (let i = 0; i < n; i++) yield T[i]; } const o = { *[Symbol.iterator]() { yield* g(3); } }; return [[...g(4)], [...o], Array.from(g(2))];`,
  'native callbacks': `const at = (i) => T[i]; return [[1,2].map((i) => T[i]), [3,1,2].sort((a, b) => T[b] - T[a]), [1,2].map(at), [1,2,3].filter((i) => at(i) > 10), [1,2].reduce((a, i) => a + at(i), 0), Array.from({length: 3}, (_, i) => T[i]), 'a1b2'.replace(/\\d/g, (d) => T[+d])];`,
  'native arrays': `const got = []; const o = { push(x) { T[0] = x; } }; got.push(1); got.push(T[1]); o.push(9); const m = new Map(); m.set(T[1], got); return [got, [...m.keys()], T[0]];`,
  'functions as values': `const table = { a: (x) => T[x], b: function (x) { return x; } }; const run = (f, x) => f(x); const pick = (k) => table[k]; return [run(table.a, 1), run(table.b, 2), pick('a')(3), (T[0] === 0 ? table.a : table.b)(4), ((x) => T[x])(5), run(Math.abs, -3)];`,
  'call and apply': `function f(a, b) { return this.k + a + T[b]; } const bound = f.bind({ k: 5 }, 1); return [f.call({ k: 1 }, 2, 3), f.apply({ k: 2 }, [3, 4]), bound(2), Object.prototype.hasOwnProperty.call({ a: 1 }, 'a')];`,
  'default parameters': `const f = (a = T[1], { b = T[2], c } = {}, ...rest) => [a, b, c ?? 'none', rest.length, T[3]]; return [f(), f(1, { b: 2, c: 3 }, 4, 5)];`,
  'arguments of functions': `function f() { return arguments.length + arguments[1] + T[1]; } return f(1, 2, 3);`,
  'class fields': `class C { a = T[1]; b = (x) => T[x] + this.a; static c = T[3]; static { this.d = T[4]; } 'm'() { return T[5]; } static s() { return T[6]; } [T[0] + 'k']() { return T[7]; } } const c = new C(); return [c.a, c.b(2), C.c, C.d, c.m(), C.s(), c['0k']()];`,
  'getters and constructors': `class C { constructor(i) { this.x = T[i]; T[i] += 2; this.y = this.m(i); } m(i) { return T[i]; } get g() { return this.m(1); } set g(v) { T[2] = v; } toString() { return 'C' + T[3]; } } const c = new C(1); c.g = 5; return [c.x, c.y, c.g, T[2], \`\${c}\`, { ...{ get z() { return T[4]; } } }.z];`,
  'old constructors': `function P(i) { this.x = T[i]; } P.prototype.get = function () { return this.x + T[1]; }; return [new P(2).get(), new P(3) instanceof P];`,
  'fill and copyWithin': `const a = new Array(3).fill(7); T.fill(1, 2, 4); T.copyWithin(0, 2, 3); const o = T.subarray(5, 8).fill(9); return [a, o.length, T.fill(0, 30) === T];`,
  destructuring: `const [a, b] = [T[1], T[2]]; let c, d; [c, d] = [b, a]; const { x, y = T[3] } = { x: T[4] }; for (const [k, v] of Object.entries({ q: T[5] })) c += v; return [a, b, c, d, x, y];`,
  loops: `let s = 0; outer: for (let i = 0; i < 5; i++) { for (const j of [1, 2, 3]) { if (T[j] === 20) continue outer; s += T[j]; } } do s++; while (T[s % 3] > 5 && s < 200); for (const k in { a: 1, b: 2 }) s += k.length; const fs = []; for (let i = 0; i < 3; i++) fs.push(() => T[i]); return [s, fs.map((f) => f())];`,
  switches: `switch (T[1]) { case T[0]: return 'zero'; case T[1]: { let x = T[2]; T[3] = x; } default: T[4] = 1; } return 'end';`,
  'no semicolons': `let a = T[1]\n  T[2] = 5\n  T[3]++\n  let b = a\n  T[4] = b\n  if (a) T[5] = 1\n  else T[6] = 2\n  const o = {\n f() { return T[1] } }\n  ;[1].forEach((x) => { T[7] = x })\n  o.f()\n  class C { x = 1\n m() { return T[2] }\n y = 2\n n() { return this.x } }\n  return [new C().m(), a]`,
  'deletes and symbols': `const o = { a: 1 }; const k = 'a'; delete o[k]; const s = Symbol('s'); o[s] = T[1]; delete o?.[k]; return [k in o, o[s], typeof o[Symbol.iterator]];`,
  conditionals: `const f = (x) => (x > 10 ? T[x - 10] : x); let y; return [f(12), f(3), T[1] > 5 && T[2], T[0] || T[3], (T[1], T[2]), (y = T[4]) + y, !T[0], void T[0] === undefined, T[1] ? (T[2] ? 1 : 2) : 3];`,
  'immediately called': `return [(() => T[1])(), (function () { return T[2]; })(), ((a) => { T[3] = a; return a; })(T[4]), (() => ({ a: T[5] }))().a];`,
  'tagged templates': `const tag = (s, ...v) => s.join('|') + v.map((x) => x + T[1]); return tag\`a\${T[2]}b\${3}c\`;`,
  using: `const log = []; const r = { [Symbol.dispose ?? 'dispose']() { log.push(T[1]); } }; try { log.push('in'); } finally { r[Symbol.dispose ?? 'dispose'](); } return log;`,
  'null objects': `let o = null; let ran = false; try { o[(ran = true, 1)] = T[1]; } catch (e) { return [e.constructor.name, ran]; }`,
  'values of callees': `const o = { n: { f: (i) => T[i] } }; const get = () => (T[0]++, o); return [get().n.f(1), new (get().K ?? Map)().size, (0, o.n.f)(2)];`,
  'multiple lines': `const x = T[\n  // a comment\n  1 +\n  1\n];\nT[\n  x\n  ] = 3;\nreturn [x,\n  T[3 // three\n  ]];`,
  'math and clocks': `return [Math.max(T[1], T[2]), Number(T[3]), String(T[4]), JSON.stringify(T[5]), Object.keys({ a: 1 })[0], Array.isArray(T)];`,
  dollars: `const $ = 5; const $t = T[1]; const $1 = (x) => x + T[2]; return [$ + $t, $1($)];`,
};

describe('rewriting keeps the meaning', () => {
  for (const [name, body] of Object.entries(SNIPPETS)) {
    it(name, async () => {
      const [native, never, always] = await runThreeWays(`export function run(T) {\n${body}\n}\n`);
      expect(native).not.toContain('threw');
      expect(never).toBe(native);
      expect(always).toBe(native);
    });
  }

  it('modules: imports, re-exports, namespaces, defaults', async () => {
    const modules: Modules = {
      'main.js': `import first, { at as atOf, Kind, K } from './b.js'; import * as b from './b.js'; import { sep } from 'node:path';
        export default first; export * as all from './b.js';
        export function run(T) { return [atOf(T, 1), b.at(T, 2), first(T), b.again(T), Kind.A, Kind[1], new K(T).get(), b.nested.at(T, 3), b.star(T), sep.length, import.meta.url.length > 5]; }`,
      'b.js': `import { at } from './c.js'; export { at, at as 'quoted name' } from './c.js'; export default (T) => at(T, 4);
        export { at as again }; export * from './c.js'; export * as nested from './c.js';
        export var Kind; (function (Kind) { Kind[Kind["A"] = 1] = "A"; })(Kind || (Kind = {}));
        export class K { constructor(T) { this.T = T; } get() { return at(this.T, 5); } }`,
      'c.js': `export function at(T, i = 6) { return T[i]; } export const star = (T) => T[7], other = 1; export default 5;`,
    };
    const [native, never, always] = await runThreeWays(modules);
    expect(native).not.toContain('threw');
    expect(never).toBe(native);
    expect(always).toBe(native);
  });

  it('keeps line numbers', async () => {
    const text = `import { sep } from 'node:path';\n\nexport function run(T) {\n  const x = T[\n    1\n  ] ?? (T?.\n  [2]);\n  const f = (a,\n    b) =>\n    T[a];\n  f(1, 2);\n  throw new Error('here' + sep.length);\n}\n`;
    const { exports, url } = await load(text);
    let stack = '';
    try {
      const generator = exports.run(new Int32Array(4)) as Generator;
      while (!generator.next().done);
    } catch (error) {
      stack = (error as Error).stack ?? '';
    }
    expect(stack).toContain(`${new URL(url).pathname}:12:`);
  });
});
