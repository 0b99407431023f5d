/** A field of an object, and what it held. */
interface Saved {
  readonly target: Record<PropertyKey, unknown>;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * The JavaScript side of a world: fields of the threads' own objects (what a thread has observed, tokens, cursors).
 * Executions change them; before the next one they are put back. Rebuilding a world costs a hundred times more.
 */
export class JsState {
  private readonly saved: Saved[] = [];
  private readonly arrays: { target: unknown[]; values: unknown[] }[] = [];
  private readonly maps: { target: Map<unknown, unknown>; entries: [unknown, unknown][] }[] = [];
  private readonly sets: { target: Set<unknown>; values: unknown[] }[] = [];

  /**
   * Notes everything that can be reached from `root` through fields, arrays, maps and sets, but not through `engine`:
   * what the engine keeps from one execution to the next is not the world's.
   */
  constructor(root: object, engine: object) {
    const seen = new Set<object>([engine]);
    const queue: object[] = [root];
    for (let at = 0; at < queue.length; at++) this.save(queue[at], seen, queue);
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
    const visit = (value: unknown): void => {
      if (typeof value === 'object' && value !== null && !isFixed(value)) queue.push(value);
    };
    if (Array.isArray(object)) {
      this.arrays.push({ target: object, values: [...object] });
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

/** Objects that executions do not change, or that something else restores. */
function isFixed(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof SharedArrayBuffer ||
    value instanceof ArrayBuffer ||
    value instanceof WebAssembly.Memory ||
    value instanceof RegExp
  );
}
