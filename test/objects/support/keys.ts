import fc from 'fast-check';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { ObjectThread } from './objectWorld.js';

/** A key as data: what it is in Python, and how a model tells it from others. */
export interface KeySpec {
  readonly type: 'int' | 'float' | 'str' | 'bool' | 'none' | 'tuple';
  readonly value: number | string;
}

/** Keys that often meet, also across types: 1, 1.0 and True are one key. */
export const keySpec: fc.Arbitrary<KeySpec> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 40 }).map(int) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, -(2 ** 40), 300 * 64, 301 * 64, 5 << 20).map(int) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1, 2.5, -0.125, 2 ** 31).map((value) => ({ type: 'float', value })),
  },
  { weight: 4, arbitrary: strKey() },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((value) => ({ type: 'bool', value })) },
  { weight: 1, arbitrary: fc.constant<KeySpec>({ type: 'none', value: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((value) => ({ type: 'tuple', value })) },
) as fc.Arbitrary<KeySpec>;

export function strKey(): fc.Arbitrary<KeySpec> {
  return fc
    .integer({ min: 0, max: 40 })
    .map((value) => ({ type: 'str', value: value % 9 ? `k${value}` : `é€${value}` }));
}

function int(value: number): KeySpec {
  return { type: 'int', value };
}

/** Equal strings for equal keys. */
export function modelKey({ type, value }: KeySpec): string {
  const number = type === 'int' || type === 'float' || type === 'bool';
  return number ? `number ${value}` : `${type} ${value}`;
}

/** A new reference to the key; strings of even length are interned, others fresh. */
export function makeKey(thread: ObjectThread, { type, value }: KeySpec): Ref {
  switch (type) {
    case 'int':
      return thread.numbers.int(value as number);
    case 'float':
      return thread.numbers.float(value as number);
    case 'str':
      return (value as string).length % 2 === 0
        ? thread.strings.intern(value as string)
        : thread.strings.create(value as string);
    case 'bool':
      return value === 1 ? Control.True : Control.False;
    case 'none':
      return Control.None;
    case 'tuple': {
      const item = thread.strings.create('t');
      const number = thread.numbers.float(value as number);
      const tuple = thread.tuples.create([number, item]);
      thread.drop(item, number);
      return tuple;
    }
  }
}

/** The key as Python source. */
export function pythonKey({ type, value }: KeySpec): string {
  if (type === 'float') return Number.isInteger(value) ? (value as number).toFixed(1) : String(value);
  if (type === 'str') return `'${value}'`;
  if (type === 'bool') return value === 1 ? 'True' : 'False';
  if (type === 'none') return 'None';
  return type === 'tuple' ? `(${value}.0, 't')` : String(value);
}
