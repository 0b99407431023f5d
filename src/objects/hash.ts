import type { AtomicOps } from '../memory/atomicOps.js';
import { PythonError } from '../memory/errors.js';
import {
  BuiltinType,
  Control,
  Header,
  MethodObject,
  NumberObject,
  StrObject,
  TupleObject,
  WeakrefObject,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import type { Strings } from './strings.js';

/**
 * Hash and equality of dict keys. Numbers compare by value across int, float and bool, strings and tuples by
 * content, everything else by identity: there is no user-defined `__eq__`, so neither runs Python code, polls or
 * drops a reference. Any thread that holds the keys may call; no lock is needed, what is compared is immutable.
 */
export class Hashing {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly atomics: AtomicOps;
  private readonly strings: Strings;
  /** The two halves of a double. This thread's own. */
  private readonly double = new Float64Array(1);
  private readonly halves = new Int32Array(this.double.buffer);

  constructor(context: ObjectContext, strings: Strings) {
    this.i32 = context.i32;
    this.f64 = context.memory.f64;
    this.atomics = context.atomics;
    this.strings = strings;
  }

  /**
   * 32-bit hash: the value of an int that fits, the cached hash of a str (a declared racy read, see `Strings.hash`).
   * Throws TypeError for a list or dict, also inside a tuple.
   */
  hash(key: Ref): number {
    if (key >= Control.SmallInts && key < SmallInts.End) {
      return ((key - Control.SmallInts) >> SmallInts.StrideShift) + NumberObject.SmallMin;
    }
    const heap = this.i32;
    if (heap[key + Header.Type] === BuiltinType.Str) {
      const cached = heap[key + StrObject.Hash];
      if (cached !== 0) return cached;
    }
    return this.hashOther(key);
  }

  /** Key equality: identity, then value. `a` and `b` may be of any type. */
  equal(a: Ref, b: Ref): boolean {
    if (a === b) return true;
    const heap = this.i32;
    const typeA = heap[a + Header.Type];
    const typeB = heap[b + Header.Type];
    if (typeA === BuiltinType.Str) return typeB === BuiltinType.Str && this.strings.equal(a, b);
    if (typeA === BuiltinType.Tuple) return typeB === BuiltinType.Tuple && this.equalTuples(a, b);
    if (typeA === BuiltinType.Weakref) return typeB === BuiltinType.Weakref && this.equalWeakrefs(a, b);
    if (typeA === BuiltinType.Method) return typeB === BuiltinType.Method && this.equalMethods(a, b);
    return isNumber(typeA) && isNumber(typeB) && this.numberOf(a, typeA) === this.numberOf(b, typeB);
  }

  private hashOther(key: Ref): number {
    const type = this.i32[key + Header.Type];
    if (isNumber(type)) return this.hashNumber(this.numberOf(key, type), key);
    if (type === BuiltinType.Str) return this.strings.hash(key);
    if (type === BuiltinType.Tuple) return this.hashTuple(key);
    if (type === BuiltinType.Weakref) return this.hashWeakref(key);
    if (type === BuiltinType.Method) return this.hashMethod(key);
    if (type === BuiltinType.List) throw new PythonError('TypeError', "unhashable type: 'list'");
    if (type === BuiltinType.Dict) throw new PythonError('TypeError', "unhashable type: 'dict'");
    if (type === BuiltinType.WeakKeyDict || type === BuiltinType.WeakValueDict) {
      throw new PythonError('TypeError', "unhashable type: 'weak dict'");
    }
    return hashAddress(key);
  }

  private numberOf(object: Ref, type: Ref): number {
    if (type === BuiltinType.Bool) return object === Control.True ? 1 : 0;
    return this.f64[(object + NumberObject.Value) >> 1];
  }

  /** Equal numbers have equal hashes whatever their type; a NaN equals only itself (CPython since 3.10). */
  private hashNumber(value: number, object: Ref): number {
    const small = value | 0;
    if (small === value) return small;
    if (Number.isNaN(value)) return hashAddress(object);
    this.double[0] = value;
    return this.halves[0] ^ Math.imul(this.halves[1], 0x9e3779b1);
  }

  /** CPython's `tuple_hash` with 32-bit lanes (xxHash). Cached as for str: declared racy reads and writes. */
  private hashTuple(tuple: Ref): number {
    const heap = this.i32;
    const cached = heap[tuple + TupleObject.Hash];
    if (cached !== 0) return cached;
    const length = heap[tuple + TupleObject.Length];
    let sum = TupleHash.Prime5 | 0;
    for (let i = 0; i < length; i++) {
      sum = (sum + Math.imul(this.hash(heap[tuple + TupleObject.Items + i]), TupleHash.Prime2 | 0)) | 0;
      sum = (sum << 13) | (sum >>> 19);
      sum = Math.imul(sum, TupleHash.Prime1 | 0);
    }
    sum = (sum + (length ^ (TupleHash.Prime5 ^ 3527539))) | 0;
    if (sum === 0) sum = 1;
    heap[tuple + TupleObject.Hash] = sum;
    return sum;
  }

  /**
   * Of the object, which is asked for once: all objects that allow weak references are hashed by their address, so that
   * nobody needs a reference for it. Declared racy accesses of the cache: everybody stores the same. Throws TypeError
   * where the object died before it was ever asked for.
   */
  private hashWeakref(weakref: Ref): number {
    const heap = this.i32;
    const cached = heap[weakref + WeakrefObject.Hash];
    if (cached !== 0) return cached;
    const object = this.atomics.load(weakref + WeakrefObject.Object);
    if (object === 0) throw new PythonError('TypeError', 'weak object has gone away');
    const hash = hashAddress(object);
    heap[weakref + WeakrefObject.Hash] = hash;
    return hash;
  }

  /**
   * Weakrefs to one object are equal while it lives, else each is equal to itself only. Looked at twice: an object's
   * weakrefs are cleared before its memory becomes another one.
   */
  private equalWeakrefs(a: Ref, b: Ref): boolean {
    const object = this.atomics.load(a + WeakrefObject.Object);
    if (object === 0 || this.atomics.load(b + WeakrefObject.Object) !== object) return false;
    return this.atomics.load(a + WeakrefObject.Object) === object;
  }

  private hashMethod(method: Ref): number {
    const heap = this.i32;
    return hashAddress(heap[method + MethodObject.Function]) ^ hashAddress(heap[method + MethodObject.Self]);
  }

  /** The same function bound to the same object (CPython since 3.8). */
  private equalMethods(a: Ref, b: Ref): boolean {
    const heap = this.i32;
    return (
      heap[a + MethodObject.Function] === heap[b + MethodObject.Function] &&
      heap[a + MethodObject.Self] === heap[b + MethodObject.Self]
    );
  }

  private equalTuples(a: Ref, b: Ref): boolean {
    const heap = this.i32;
    const length = heap[a + TupleObject.Length];
    if (length !== heap[b + TupleObject.Length]) return false;
    for (let i = 0; i < length; i++) {
      if (!this.equal(heap[a + TupleObject.Items + i], heap[b + TupleObject.Items + i])) return false;
    }
    return true;
  }
}

/** The static ints: their value is in their address. */
const enum SmallInts {
  StrideShift = 3,
  End = Control.SmallInts + (NumberObject.SmallMax - NumberObject.SmallMin + 1) * NumberObject.Stride,
}

const enum TupleHash {
  Prime1 = 2654435761,
  Prime2 = 2246822519,
  Prime5 = 374761393,
}

function isNumber(type: Ref): boolean {
  return type === BuiltinType.Int || type === BuiltinType.Float || type === BuiltinType.Bool;
}

/** Blocks are 4 words apart: the two low bits go to the top (CPython `Py_HashPointer`). */
function hashAddress(object: Ref): number {
  return (object >>> 2) | (object << 30);
}
