import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import type { Hooks, Indexable } from '../hooks.js';
import type { RewrittenModule } from './rewriteModule.js';

/** What a module exports; never changes. */
export type Namespace = Readonly<Record<string, unknown>>;

type Callable = (...args: unknown[]) => unknown;

/** Evaluates a rewritten module. `importFrom`: `import()` from it. Stack traces name the compiled file. */
export function evaluateModule(
  url: string,
  module: RewrittenModule,
  hooks: Hooks,
  imports: readonly Namespace[],
  importFrom: (specifier: string) => Promise<unknown>,
): Namespace {
  const evaluate = compileFunction(module.code, [...module.parameters], {
    filename: fileURLToPath(url),
  }) as Callable;
  const get = (view: Indexable, index: number, site: number) => {
    hooks.readSync(view, index, site);
    return view[index];
  };
  return evaluate.call(undefined, hooks, imports, get, callbackOf(hooks), importFrom) as Namespace;
}

/** Native code cannot be suspended while it calls a function back. */
function callbackOf(hooks: Hooks): (value: unknown, site: number) => unknown {
  return (value, site) => {
    if (typeof value !== 'function') return value;
    const call = value as Callable;
    return function (this: unknown, ...args: unknown[]): unknown {
      return hooks.sync(call.apply(this, args), site);
    };
  };
}
