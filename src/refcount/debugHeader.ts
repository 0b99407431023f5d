import { assertInvariant } from '../memory/invariant.js';
import { BuiltinType, Header } from '../memory/layout.js';
import type { Ref } from './refCounter.js';

/** What every scheme of the debug build asserts of an object that somebody has a reference to. */
export function assertObject(heap: Int32Array, object: Ref, slot: number): void {
  const type = heap[object + Header.Type];
  assertInvariant(
    (object & 3) === 0 && type > 0 && heap[type + Header.Type] === BuiltinType.Type,
    'INV-1.4',
    slot,
    () => `a reference leads to ${object}, which is no object (type ${type})`,
  );
}
