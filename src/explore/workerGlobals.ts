import { OpKind } from './hooks.js';
import type { WorkerHooks } from './workerHooks.js';

/** The hooks of the scenario that the worker runs; code may only run while there is one. */
export interface CurrentHooks {
  hooks: WorkerHooks | null;
  /** The view behind a proxy; anything else is returned as it is. */
  raw(view: unknown): unknown;
}

type Global = Record<string, unknown>;
type AtomicName = Exclude<keyof Atomics, symbol>;

/**
 * Puts functions in place of `Atomics`, the clock and `Math.random` that make each call a step of the scheduler's.
 * For good: the worker serves nothing else. Outside of a scenario they do what they did before.
 */
export function replaceGlobals(current: CurrentHooks): void {
  const global = globalThis as unknown as Global;
  global.Atomics = atomics(current);
  const now = clock(current, performance.now.bind(performance));
  const dateNow = clock(current, Date.now.bind(Date));
  Object.defineProperty(performance, 'now', { value: now, configurable: true });
  Object.defineProperty(performance, 'timeOrigin', { value: 0, configurable: true });
  Object.defineProperty(Date, 'now', { value: dateNow, configurable: true, writable: true });
  const { random } = Math;
  Math.random = () => (current.hooks === null ? random() : current.hooks.random());
}

function atomics(current: CurrentHooks): Global {
  const { waitAsync } = Atomics as unknown as { waitAsync(...args: unknown[]): unknown };
  const members: Global = {
    isLockFree: Atomics.isLockFree,
    pause: () => current.hooks?.pause(),
    waitAsync(...args: Parameters<typeof waitAsync>) {
      if (current.hooks === null) return waitAsync(...args);
      throw new Error('Atomics.waitAsync cannot be explored');
    },
  };
  const define = (name: AtomicName, kind: OpKind, a: number, b: number): void => {
    const native = Atomics[name] as (...args: unknown[]) => unknown;
    const step = (view: unknown, index: number, first = a, second = b): unknown => {
      const { hooks } = current;
      if (hooks === null) return native(view, index, first, second);
      return hooks.point(kind, current.raw(view), index, first, second, step);
    };
    members[name] = step;
  };
  define('load', OpKind.Load, 0, 0);
  define('store', OpKind.Store, 0, 0);
  define('add', OpKind.Add, 0, 0);
  define('sub', OpKind.Sub, 0, 0);
  define('and', OpKind.And, 0, 0);
  define('or', OpKind.Or, 0, 0);
  define('xor', OpKind.Xor, 0, 0);
  define('exchange', OpKind.Exchange, 0, 0);
  define('compareExchange', OpKind.CompareExchange, 0, 0);
  define('wait', OpKind.Wait, 0, Number.POSITIVE_INFINITY);
  define('notify', OpKind.Notify, Number.POSITIVE_INFINITY, 0);
  return members;
}

function clock(current: CurrentHooks, native: () => number): () => number {
  const now = (): number => {
    const { hooks } = current;
    return hooks === null ? native() : (hooks.point(OpKind.Clock, null, 0, 0, 0, now) as number);
  };
  return now;
}
