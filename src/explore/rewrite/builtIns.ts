const CLASSES: readonly { readonly prototype: object }[] = [
  ...[
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    Symbol,
    BigInt,
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    Date,
  ],
  ...[RegExp, Promise, Error, ArrayBuffer, SharedArrayBuffer, DataView, FinalizationRegistry],
];

/** Prototypes that no global names: typed arrays, generators, iterators. */
const OTHERS: readonly object[] = [
  Object.getPrototypeOf(Int32Array.prototype),
  Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())),
  Object.getPrototypeOf([][Symbol.iterator]()),
];

/** Names of the methods of the language's own objects: calls of them reach no code of ours, unless it has them too. */
export const BUILT_IN_METHODS: ReadonlySet<string> = new Set(
  [...CLASSES.map((one) => one.prototype), ...OTHERS].flatMap((prototype) =>
    Object.getOwnPropertyNames(prototype),
  ),
);
