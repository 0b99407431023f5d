import { type MemoryHandle, SharedMemory } from '../memory/sharedMemory.js';
import { ViewCode } from './machineLayout.js';
import type { WorkerHooks } from './workerHooks.js';

type View = Int32Array | Uint8Array | Int8Array | Uint16Array | Int16Array | Float64Array;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A memory whose views tell of each access, and what is behind them. */
export interface HookedMemory {
  /** For the code under exploration. */
  readonly memory: SharedMemory;
  /** For the engine. */
  readonly plain: SharedMemory;
  /** The view behind a proxy of this memory; anything else is returned as it is. */
  raw(view: unknown): unknown;
}

/**
 * Attaches the memory so that plain accesses are seen: its views are proxies (some 150 ns an access). `hooks` is
 * called at each access: the engine is made from the memory.
 */
export function attachHooked(handle: MemoryHandle, hooks: () => WorkerHooks): HookedMemory {
  const plain = SharedMemory.attach(handle);
  const memory: Mutable<SharedMemory> = SharedMemory.attach(handle);
  const targets = new Map<unknown, View>();
  const proxied = <V extends View>(view: V, code: ViewCode): V => {
    const proxy = proxyOf(view, code, hooks);
    targets.set(proxy, view);
    return proxy;
  };
  memory.i32 = proxied(plain.i32, ViewCode.I32);
  memory.u8 = proxied(plain.u8, ViewCode.U8);
  memory.i8 = proxied(plain.i8, ViewCode.I8);
  memory.u16 = proxied(plain.u16, ViewCode.U16);
  memory.i16 = proxied(plain.i16, ViewCode.I16);
  memory.f64 = proxied(plain.f64, ViewCode.F64);
  const { i32 } = memory;
  return {
    memory,
    plain,
    // Nearly always the first.
    raw: (view) => (view === i32 ? plain.i32 : (targets.get(view) ?? view)),
  };
}

function proxyOf<V extends View>(view: V, code: ViewCode, hooks: () => WorkerHooks): V {
  const elements = view as unknown as { [index: number]: number };
  const get = (target: V, key: string | symbol): unknown => {
    const index = indexOf(key);
    if (index !== null) {
      hooks().read(code, index, get);
      return elements[index];
    }
    if (key === 'fill') return fill;
    if (key === 'copyWithin') return copyWithin;
    const value: unknown = Reflect.get(target, key, target);
    return typeof value === 'function' ? value.bind(target) : value;
  };
  const set = (target: V, key: string | symbol, value: unknown): boolean => {
    const index = indexOf(key);
    if (index === null) return Reflect.set(target, key, value, target);
    hooks().write(code, index, set);
    elements[index] = value as number;
    return true;
  };
  const proxy = new Proxy(view, { get, set });
  // Word by word, as FiberHooks does.
  const fill = (value: number, from = 0, to = view.length): V => {
    const end = absolute(to, view.length);
    for (let i = absolute(from, view.length); i < end; i++) {
      hooks().write(code, i, fill);
      elements[i] = value;
    }
    return proxy;
  };
  const copyWithin = (to: number, from: number, until = view.length): V => {
    const { length } = view;
    const target = absolute(to, length);
    const start = absolute(from, length);
    const count = Math.min(absolute(until, length) - start, length - target);
    const down = start < target;
    for (let n = 0; n < count; n++) {
      const i = down ? count - 1 - n : n;
      hooks().read(code, start + i, copyWithin);
      const value = elements[start + i];
      hooks().write(code, target + i, copyWithin);
      elements[target + i] = value;
    }
    return proxy;
  };
  return proxy;
}

/** The number that a key is, or null: `-1` and `1.5` are elements too, which are never there. */
function indexOf(key: string | symbol): number | null {
  if (typeof key === 'symbol') return null;
  const first = key.charCodeAt(0);
  return (first >= 0x30 && first <= 0x39) || first === 0x2d ? Number(key) : null;
}

function absolute(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : Math.min(index, length);
}
