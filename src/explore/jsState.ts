import { types } from 'node:util';

/** A field of an object, and what it held. */
interface Saved {
  readonly target: Record<PropertyKey, unknown>;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

/** A value that travels between two copies of one state: itself, or the number of an object that both have. */
type Part = { readonly value: unknown } | { readonly object: number };

/** A typed array of whose elements the world's own threads have the only view. */
type Numbers = Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array | Float64Array;

/** See `JsState.changes`. Lists: the items of an array, typed or not, or of a set; keys and values of a map. */
export interface JsChanges {
  readonly fields: readonly (readonly [object: number, key: string, value: Part])[];
  readonly lists: readonly (readonly [object: number, parts: readonly Part[]])[];
}

/**
 * The JavaScript side of a world: fields of the threads' own objects (what a thread has observed, tokens, cursors).
 * Executions change them; before the next one they are put back. Rebuilding a world costs a hundred times more.
 */
export class JsState {
  private readonly saved: Saved[] = [];
  private readonly arrays: { target: unknown[]; values: unknown[] }[] = [];
  private readonly numbers: { target: Numbers; values: Numbers }[] = [];
  private readonly maps: { target: Map<unknown, unknown>; entries: [unknown, unknown][] }[] = [];
  private readonly sets: { target: Set<unknown>; values: unknown[] }[] = [];

  /** The objects in the order of the walk: equal set-ups give equal numbers. */
  private readonly objects = new Map<object, number>();

  /**
   * Notes everything that can be reached from `root` through fields, arrays, maps and sets, but not through `engine`:
   * what the engine keeps from one execution to the next is not the world's.
   */
  constructor(root: object, engine: object) {
    const seen = new Set<object>([engine]);
    const queue: object[] = [root];
    for (let at = 0; at < queue.length; at++) this.save(queue[at], seen, queue);
  }

  /** How many objects, fields and elements there are: equal set-ups give equal texts. */
  get shape(): string {
    let parts = 0;
    for (const { keys } of this.saved) parts += keys.length;
    for (const { values } of this.arrays) parts += values.length;
    for (const { values } of this.numbers) parts += values.length;
    return `${this.objects.size} objects, ${parts} fields`;
  }

  /** What differs from the state that was noted, in a form that can travel. Null: nothing. */
  changes(): JsChanges | null {
    const fields: [object: number, key: string, value: Part][] = [];
    for (const { target, keys, values } of this.saved) {
      for (let i = 0; i < keys.length; i++) {
        if (Object.is(target[keys[i]], values[i])) continue;
        fields.push([this.numberOf(target), keys[i], this.encode(target[keys[i]])]);
      }
    }
    const lists: [object: number, parts: Part[]][] = [];
    for (const { target, values } of this.arrays) {
      if (!sameItems(target, values))
        lists.push([this.numberOf(target), target.map((one) => this.encode(one))]);
    }
    for (const { target, values } of this.numbers) {
      if (values.some((value, i) => !Object.is(value, target[i]))) {
        lists.push([this.numberOf(target), Array.from(target, (value) => ({ value }))]);
      }
    }
    for (const { target, entries } of this.maps) {
      const now = [...target].flat();
      if (!sameItems(now, entries.flat()))
        lists.push([this.numberOf(target), now.map((one) => this.encode(one))]);
    }
    for (const { target, values } of this.sets) {
      const now = [...target];
      if (!sameItems(now, values)) lists.push([this.numberOf(target), now.map((one) => this.encode(one))]);
    }
    return fields.length === 0 && lists.length === 0 ? null : { fields, lists };
  }

  /** Makes the changes that the same state has seen in another JavaScript thread. */
  apply({ fields, lists }: JsChanges): void {
    const byNumber = [...this.objects.keys()];
    for (const [object, key, value] of fields) {
      (byNumber[object] as Record<string, unknown>)[key] = decode(value, byNumber);
    }
    for (const [object, parts] of lists) {
      const target = byNumber[object];
      const items = parts.map((part) => decode(part, byNumber));
      if (Array.isArray(target)) target.splice(0, target.length, ...items);
      else if (ArrayBuffer.isView(target)) (target as Numbers).set(items as number[]);
      else if (target instanceof Map) {
        target.clear();
        for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
      } else if (target instanceof Set) {
        target.clear();
        for (const item of items) target.add(item);
      }
    }
  }

  private numberOf(object: object): number {
    return this.objects.get(object) as number;
  }

  /** An object that the execution has made is copied, as far as a structured clone goes. */
  private encode(value: unknown): Part {
    if (typeof value === 'function' || typeof value === 'symbol') return { value: undefined };
    if (typeof value !== 'object' || value === null) return { value };
    const object = this.objects.get(value);
    return object === undefined ? { value } : { object };
  }

  /** Puts it all back. */
  restore(): void {
    for (const { target, keys, values } of this.saved) {
      for (let i = 0; i < keys.length; i++) if (target[keys[i]] !== values[i]) target[keys[i]] = values[i];
    }
    for (const { target, values } of this.arrays) {
      target.length = values.length;
      for (let i = 0; i < values.length; i++) target[i] = values[i];
    }
    for (const { target, values } of this.numbers) target.set(values);
    for (const { target, entries } of this.maps) {
      if (target.size === entries.length && entries.every(([key, value]) => target.get(key) === value))
        continue;
      target.clear();
      for (const [key, value] of entries) target.set(key, value);
    }
    for (const { target, values } of this.sets) {
      if (target.size === values.length) continue;
      target.clear();
      for (const value of values) target.add(value);
    }
  }

  private save(object: object, seen: Set<object>, queue: object[]): void {
    if (seen.has(object)) return;
    seen.add(object);
    this.objects.set(object, this.objects.size);
    const visit = (value: unknown): void => {
      if (typeof value === 'object' && value !== null && !isFixed(value)) queue.push(value);
    };
    if (Array.isArray(object)) {
      if (!Object.isFrozen(object)) this.arrays.push({ target: object, values: [...object] });
      object.forEach(visit);
    } else if (object instanceof Map) {
      this.maps.push({ target: object, entries: [...object] });
      for (const [key, value] of object) {
        visit(key);
        visit(value);
      }
    } else if (object instanceof Set) {
      this.sets.push({ target: object, values: [...object] });
      object.forEach(visit);
    } else if (ArrayBuffer.isView(object)) {
      this.numbers.push({ target: object as Numbers, values: (object as Numbers).slice() });
    } else this.saveFields(object as Record<PropertyKey, unknown>, visit);
  }

  private saveFields(target: Record<PropertyKey, unknown>, visit: (value: unknown) => void): void {
    const keys: string[] = [];
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
      if (!('value' in property)) continue;
      visit(property.value);
      if (property.writable === true && typeof property.value !== 'function') keys.push(key);
    }
    if (keys.length > 0) this.saved.push({ target, keys, values: keys.map((key) => target[key]) });
  }
}

/**
 * What of world and state is restored before each execution, and told where threads live in several JavaScript
 * threads. `kept`: set-up runs once. Null: nothing that executions may change.
 */
export function jsStateOf(
  world: { readonly touched: boolean },
  state: unknown,
  kept: boolean,
  services: object,
): JsState | null {
  return kept && !world.touched ? null : new JsState({ world, state }, services);
}

/** Objects that executions do not change, or that something else restores. */
function isFixed(value: object): boolean {
  return (
    // Proxies stand for views of the memory where workers run the code.
    types.isProxy(value) ||
    (ArrayBuffer.isView(value) && !isPrivate(value)) ||
    value instanceof SharedArrayBuffer ||
    value instanceof ArrayBuffer ||
    value instanceof WebAssembly.Memory ||
    value instanceof RegExp
  );
}

/** As a free list of slots; those over shared memory are what the machine restores. */
function isPrivate(value: ArrayBufferView): boolean {
  return !(value.buffer instanceof SharedArrayBuffer) && !(value instanceof DataView);
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, i) => Object.is(item, other[i]));
}

function decode(part: Part, objects: readonly object[]): unknown {
  return 'object' in part ? objects[part.object] : part.value;
}
