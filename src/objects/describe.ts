import { BuiltinType, Control, Header, NumberObject, TupleObject } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Strings } from './strings.js';

/**
 * A key as an error message shows it, close to Python's repr. The caller holds the key and no guard.
 */
export function describeKey(memory: SharedMemory, strings: Strings, key: Ref): string {
  const type = memory.i32[key + Header.Type];
  if (key === Control.None) return 'None';
  if (type === BuiltinType.Bool) return key === Control.True ? 'True' : 'False';
  if (type === BuiltinType.Str) return `'${strings.text(key)}'`;
  if (type === BuiltinType.Int) return String(memory.f64[(key + NumberObject.Value) >> 1]);
  if (type === BuiltinType.Float) return describeFloat(memory.f64[(key + NumberObject.Value) >> 1]);
  if (type === BuiltinType.Tuple) return describeTuple(memory, strings, key);
  return `<object at ${key}>`;
}

function describeFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}

function describeTuple(memory: SharedMemory, strings: Strings, tuple: Ref): string {
  const heap = memory.i32;
  const length = heap[tuple + TupleObject.Length];
  let text = '(';
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ', ';
    text += describeKey(memory, strings, heap[tuple + TupleObject.Items + i]);
  }
  return length === 1 ? `${text},)` : `${text})`;
}
