import { OpKind } from '../hooks.js';

/** The calls of `Atomics` that threads may be switched at. */
export const ATOMIC_KINDS: ReadonlyMap<string, OpKind> = new Map([
  ['load', OpKind.Load],
  ['store', OpKind.Store],
  ['add', OpKind.Add],
  ['sub', OpKind.Sub],
  ['and', OpKind.And],
  ['or', OpKind.Or],
  ['xor', OpKind.Xor],
  ['exchange', OpKind.Exchange],
  ['compareExchange', OpKind.CompareExchange],
  ['wait', OpKind.Wait],
  ['notify', OpKind.Notify],
  ['pause', OpKind.Pause],
]);

/** Methods of native objects that call the functions they are given, and cannot be suspended in them. */
export const NATIVE_CALLBACKS: ReadonlySet<string> = new Set(
  (
    'map forEach filter sort toSorted reduce reduceRight some every find findIndex findLast findLastIndex flatMap ' +
    'replace replaceAll then catch finally from fromAsync groupBy'
  ).split(' '),
);

/** Names that the language itself calls. */
export const CALLED_BY_LANGUAGE: ReadonlySet<string> = new Set(['toString', 'valueOf', 'toJSON', 'then']);
