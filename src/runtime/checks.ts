/** Throws RangeError unless `threads` is a whole number from 1 to `most`. */
export function checkThreads(threads: number, most: number): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= most) return threads;
  throw new RangeError(`threads must be a whole number from 1 to ${most}, got ${threads}`);
}

/** Throws RangeError, with the option's name, unless `value` is from `least` to `most`. */
export function checkNumber(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}, got ${value}`);
}

/** Throws RangeError, with the option's name, unless `value` is left out, true or false. */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new RangeError(`${name} must be true or false, got ${String(value)}`);
}

/** As `checkNumber`, of whole numbers. */
export function checkWhole(name: string, value: number, least: number, most: number): void {
  checkNumber(name, value, least, most);
  if (!Number.isInteger(value)) throw new RangeError(`${name} must be a whole number, got ${value}`);
}
