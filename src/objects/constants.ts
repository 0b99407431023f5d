import { FatalError } from '../memory/errors.js';
import { BuiltinType, ConstantNode, Control, Header, NumberObject, TupleObject } from '../memory/layout.js';
import { allocStatic } from '../memory/staticArena.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';
import type { Numbers } from './numbers.js';
import type { Strings } from './strings.js';
import type { Tuples } from './tuples.js';

/** What constants are made of. */
export interface ConstantTypes {
  readonly numbers: Numbers;
  readonly strings: Strings;
  readonly tuples: Tuples;
}

/**
 * Constants of code, for `Codes.create`: each method returns a new reference. This class makes ordinary objects, as a GIL
 * build does; every LOAD_CONST of one counts it. Attached threads only.
 */
export class Constants {
  constructor(protected readonly types: ConstantTypes) {}

  float(value: number): Ref {
    return this.types.numbers.float(value);
  }

  int(value: number): Ref {
    return this.types.numbers.int(value);
  }

  string(text: string): Ref {
    return this.types.strings.create(text);
  }

  /** Of constants; borrowed. */
  tuple(items: readonly Ref[]): Ref {
    return this.types.tuples.create(items);
  }
}

/**
 * Free-threaded: constants are interned and immortal (CPython `Objects/codeobject.c`, `intern_constants`;
 * `should_intern_string`), so that LOAD_CONST writes nothing, whoever shares the code. One object for each value, in the
 * static arena, like interned strings. CPython has a hash table; a program has few constants, and here they are a chain.
 * Throws MemoryError('static').
 */
export class ImmortalConstants extends Constants {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly refs: RefCounter;
  private readonly mutex: Mutex;

  constructor(context: ObjectContext, types: ConstantTypes) {
    super(types);
    this.i32 = context.i32;
    this.f64 = context.memory.f64;
    this.refs = context.refs;
    this.mutex = context.mutex;
  }

  /** By its bits: 0.0 and -0.0 are two constants. */
  override float(value: number): Ref {
    return this.number(BuiltinType.Float, value);
  }

  /** Small ones are static anyway. */
  override int(value: number): Ref {
    const small = value >= NumberObject.SmallMin && value <= NumberObject.SmallMax;
    return small || !Number.isSafeInteger(value) ? super.int(value) : this.number(BuiltinType.Int, value);
  }

  override string(text: string): Ref {
    return this.refs.newStatic(this.types.strings.intern(text));
  }

  /** The same constants make the same tuple. Throws FatalError for an item that is no constant. */
  override tuple(items: readonly Ref[]): Ref {
    const { i32: heap } = this;
    if (items.some((item) => item >= Control.StaticArenaEnd)) {
      throw new FatalError('an item of a constant tuple must be a constant itself');
    }
    const first = TupleObject.Items;
    return this.intern(
      (object) =>
        heap[object + Header.Type] === BuiltinType.Tuple &&
        heap[object + TupleObject.Length] === items.length &&
        items.every((item, index) => heap[object + first + index] === item),
      () => {
        const object = this.make(BuiltinType.Tuple, first + items.length);
        heap[object + TupleObject.Length] = items.length;
        heap[object + TupleObject.Hash] = 0;
        for (const [index, item] of items.entries()) heap[object + first + index] = item;
        return object;
      },
    );
  }

  private number(type: Ref, value: number): Ref {
    const { i32: heap, f64 } = this;
    return this.intern(
      (object) =>
        heap[object + Header.Type] === type && Object.is(f64[(object + NumberObject.Value) >> 1], value),
      () => {
        const object = this.make(type, NumberObject.Words);
        f64[(object + NumberObject.Value) >> 1] = value;
        return object;
      },
    );
  }

  private intern(isIt: (object: Ref) => boolean, make: () => Ref): Ref {
    const heap = this.i32;
    const byte = Control.InternMutex << 2;
    this.mutex.lock(byte);
    try {
      for (let node = heap[Control.Constants]; node !== 0; node = heap[node + ConstantNode.Next]) {
        const object = heap[node + ConstantNode.Object];
        if (isIt(object)) return this.refs.newStatic(object);
      }
      const node = allocStatic(heap, ConstantNode.Words);
      heap[node + ConstantNode.Object] = make();
      heap[node + ConstantNode.Next] = heap[Control.Constants];
      heap[Control.Constants] = node;
      return this.refs.newStatic(heap[node + ConstantNode.Object]);
    } finally {
      this.mutex.unlock(byte);
    }
  }

  private make(type: Ref, words: number): Ref {
    const object = allocStatic(this.i32, words);
    this.refs.initImmortal(object, type);
    return object;
  }
}
