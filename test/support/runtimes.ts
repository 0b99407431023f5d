import { buildNamed } from '#ungil/runtime/builds.js';
import { Runtime, type RuntimeOptions } from '#ungil/runtime/runtime.js';

/** Builds whose results are right with any number of threads. */
export const SAFE_BUILDS = ['gil', 'free-threaded', 'gilectomy'] as const;

/** Builds without counts, for programs that hold their references in handles. */
export const TRACING_BUILDS = [
  'gil:refcount=none',
  'free-threaded:refcount=none',
  'gilectomy:refcount=none',
] as const;

/** A program of `test/fixtures/runtime/`. */
export function program(name: string): URL {
  return new URL(`../fixtures/runtime/${name}.mjs`, import.meta.url);
}

/** Whether the build frees cyclic garbage. */
export function collects(build: string): boolean {
  return buildNamed(build).collector !== 'none';
}

/** Memory of the runtimes in these tests: small, so that leaks of whole segments are noticed. */
const MEMORY = 256 << 20;

/** A runtime for the body; shut down in any case. */
export async function withRuntime<T>(
  options: RuntimeOptions,
  body: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await Runtime.start({ memory: MEMORY, ...options });
  try {
    return await body(runtime);
  } finally {
    await runtime.shutdown();
  }
}

/** What the promise is rejected with; fails if it resolves. */
export async function rejection<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => T,
): Promise<T> {
  const error = await promise.then(
    (value) => new Error(`resolved to ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  if (!(error instanceof type)) throw error;
  return error;
}
