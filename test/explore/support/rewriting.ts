import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import type { Hooks } from '#ungil/explore/hooks.js';
import { Program } from '#ungil/explore/rewrite/program.js';

/** OpKind, whose members are inlined only where the compiler sees them. */
export const OPS = [
  ...[
    'none',
    'read',
    'write',
    'load',
    'store',
    'add',
    'sub',
    'and',
    'or',
    'xor',
    'exchange',
    'compareExchange',
  ],
  ...['wait', 'notify', 'pause', 'clock'],
];

type Atomic = (view: unknown, index: number, a: number, b: number) => number;

export interface Announced {
  readonly kind: string;
  readonly index: unknown;
  readonly site: number;
}

/** Hooks that yield always or never, perform everything natively, and note what was announced. */
export class TestHooks implements Hooks {
  readonly announced: Announced[] = [];
  private callSite = -1;
  readonly synchronous: string[] = [];
  readonly atomics = { pause: undefined };
  private pending: (() => number | string | undefined) | null = null;

  constructor(private readonly yields: boolean) {}

  point(kind: number, view: unknown, index: number, a: number, b: number, site: number): boolean {
    this.announced.push({ kind: OPS[kind], index, site });
    const name = OPS[kind];
    this.pending = () => {
      if (name === 'clock') return 1234;
      if (name === 'wait') return `${a},${b}`;
      if (name === 'notify') return a;
      if (name === 'pause') return undefined;
      return (Atomics as unknown as Record<string, Atomic>)[name](view, index, a, b);
    };
    return this.yields;
  }
  exec(): number | string | undefined {
    const perform = this.pending;
    this.pending = null;
    if (perform === null) throw new Error('nothing was announced');
    return perform();
  }
  read(view: unknown, index: unknown, site: number): boolean {
    if (!ArrayBuffer.isView(view)) return false;
    this.announced.push({ kind: 'read', index, site });
    return this.yields;
  }
  write(view: unknown, index: unknown, site: number): boolean {
    if (!ArrayBuffer.isView(view)) return false;
    this.announced.push({ kind: 'write', index, site });
    return this.yields;
  }
  *fill(view: unknown, _site: number, ...args: number[]): Generator {
    if (this.yields) yield;
    return (view as { fill(...all: number[]): unknown }).fill(...args);
  }
  *copyWithin(view: unknown, _site: number, ...args: number[]): Generator {
    if (this.yields) yield;
    return (view as { copyWithin(...all: number[]): unknown }).copyWithin(...args);
  }
  isGen(value: unknown): boolean {
    return Object.prototype.toString.call(value) === '[object Generator]';
  }
  from<T>(suspended: T, site: number): T {
    this.callSite = site;
    return suspended;
  }
  caller(site: number): number {
    const { callSite } = this;
    this.callSite = -1;
    return callSite < 0 ? site : callSite;
  }
  sync(value: unknown, _site: number): unknown {
    if (!this.isGen(value)) return value;
    return drive(value);
  }
  readSync(view: unknown, index: unknown): void {
    if (ArrayBuffer.isView(view)) this.synchronous.push(`read ${index}`);
  }
  writeSync(view: unknown, index: unknown): void {
    if (ArrayBuffer.isView(view)) this.synchronous.push(`write ${index}`);
  }
  random(): number {
    return 0.25;
  }
}

/** Runs a suspended function to its end; anything else is its own result. */
export function drive(value: unknown): unknown {
  if (Object.prototype.toString.call(value) !== '[object Generator]') return value;
  const generator = value as Generator;
  for (;;) {
    const { done, value: result } = generator.next();
    if (done) return result;
  }
}

export type Modules = Readonly<Record<string, string>>;
export type Exported = Record<string, (...args: unknown[]) => unknown>;

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Writes modules into a new folder, which goes after the file's tests; returns the URL of a file in it. */
export function writeModules(modules: Modules): (name: string) => string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ungil-rewrite-'));
  folders.push(folder);
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  for (const [name, text] of Object.entries(modules)) writeFileSync(path.join(folder, name), text);
  return (name) => pathToFileURL(path.join(folder, name)).href;
}

/** Loads `main.js` of these modules, rewritten. */
export async function load(
  modules: Modules | string,
  hooks = new TestHooks(true),
  suspending: readonly string[] = [],
): Promise<{ exports: Exported; program: Program; hooks: TestHooks; url: string }> {
  const url = writeModules(typeof modules === 'string' ? { 'main.js': modules } : modules)('main.js');
  const program = new Program({ hooks, native: (one) => one.endsWith('native.js'), suspending });
  const [exports] = await program.load([url]);
  return { exports: exports as Exported, program, hooks, url };
}

/** Runs `run(T)` of a module natively and rewritten, yielding never and always; the three results and heaps. */
export async function runThreeWays(modules: Modules | string): Promise<string[]> {
  const all = typeof modules === 'string' ? { 'main.js': modules } : modules;
  const native = (await import(/* @vite-ignore */ writeModules(all)('main.js'))) as Exported;
  const never = await load(all, new TestHooks(false));
  const always = await load(all, new TestHooks(true));
  return [native, never.exports, always.exports].map((exports) => {
    const view = Int32Array.from({ length: 32 }, (_, index) => index * 10);
    let result: unknown;
    try {
      result = drive(exports.run(view));
    } catch (error) {
      result = `threw ${error}`;
    }
    return JSON.stringify([result === undefined ? 'undefined' : result, [...view]]);
  });
}
