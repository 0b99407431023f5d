/**
 * Whether a value is nothing but numbers, texts and records or lists of those, and freezes it. Then set-up need not
 * run again for each execution.
 */
export function freezePlainData(value: unknown, depth = 0): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (depth > 8 || (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null)) {
    return false;
  }
  for (const part of Object.values(value)) if (!freezePlainData(part, depth + 1)) return false;
  Object.freeze(value);
  return true;
}
