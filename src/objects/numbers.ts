import { PythonError } from '../memory/errors.js';
import {
  BuiltinType,
  Control,
  FreeListMax,
  FreeLists,
  Header,
  HeapTag,
  NumberObject,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { ObjectContext } from './context.js';
import { FreeListed } from './freeListed.js';

/** Address of the static int for -5..256 (CPython `_PyLong_GetSmallInt`); borrowed, see `RefCounter.newStatic`. */
export function smallInt(value: number): Ref {
  return Control.SmallInts + (value - NumberObject.SmallMin) * NumberObject.Stride;
}

/**
 * int and float. An int is exact to 2^53 (CPython's has no limit; beyond, this one throws OverflowError); the
 * values -5..256 are static. Operations borrow their operands and return new references.
 */
export class Numbers extends FreeListed {
  private readonly f64: Float64Array;

  constructor(context: ObjectContext) {
    super(context);
    this.f64 = context.memory.f64;
  }

  /** An int. Throws OverflowError if the value is no integer within 2^53. */
  int(value: number): Ref {
    if (!Number.isSafeInteger(value))
      throw new PythonError('OverflowError', `${value} is no int below 2**53`);
    return this.fromInteger(value);
  }

  /** An int from a value that the caller knows to be a safe integer. */
  fromInteger(value: number): Ref {
    if (value >= NumberObject.SmallMin && value <= NumberObject.SmallMax) {
      return this.refs.newStatic(smallInt(value | 0));
    }
    return this.newInt(value);
  }

  float(value: number): Ref {
    let object = this.popFree(FreeLists.Floats);
    if (object === 0) object = this.allocator.alloc(NumberObject.Words, HeapTag.Object);
    this.refs.init(object, BuiltinType.Float, 0);
    this.f64[(object + NumberObject.Value) >> 1] = value;
    return object;
  }

  /** The value of an int, float or bool. Throws TypeError for another type. */
  value(object: Ref): number {
    const type = this.i32[object + Header.Type];
    if (type !== BuiltinType.Int && type !== BuiltinType.Float && type !== BuiltinType.Bool) {
      throw new PythonError('TypeError', 'a number is required');
    }
    return this.f64[(object + NumberObject.Value) >> 1];
  }

  /** left + right for ints (CPython `BINARY_OP_ADD_INT`). */
  addInt(left: Ref, right: Ref): Ref {
    this.checkInts(left, right);
    const f64 = this.f64;
    return this.fromResult(f64[(left + NumberObject.Value) >> 1] + f64[(right + NumberObject.Value) >> 1]);
  }

  /** left - right for ints. */
  subtractInt(left: Ref, right: Ref): Ref {
    this.checkInts(left, right);
    const f64 = this.f64;
    return this.fromResult(f64[(left + NumberObject.Value) >> 1] - f64[(right + NumberObject.Value) >> 1]);
  }

  /** left * right for ints. */
  multiplyInt(left: Ref, right: Ref): Ref {
    this.checkInts(left, right);
    const f64 = this.f64;
    return this.fromResult(f64[(left + NumberObject.Value) >> 1] * f64[(right + NumberObject.Value) >> 1]);
  }

  /** left % right for ints, with Python's sign rule. Throws ValueError for a zero divisor. */
  moduloInt(left: Ref, right: Ref): Ref {
    this.checkInts(left, right);
    const f64 = this.f64;
    const divisor = f64[(right + NumberObject.Value) >> 1];
    if (divisor === 0) throw new PythonError('ValueError', 'integer modulo by zero');
    const rest = f64[(left + NumberObject.Value) >> 1] % divisor;
    return this.fromResult(rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest);
  }

  /** left < right for ints (CPython `COMPARE_OP_INT`). */
  lessInt(left: Ref, right: Ref): boolean {
    this.checkInts(left, right);
    const f64 = this.f64;
    return f64[(left + NumberObject.Value) >> 1] < f64[(right + NumberObject.Value) >> 1];
  }

  /** left + right where one is a float. */
  addFloat(left: Ref, right: Ref): Ref {
    return this.float(this.value(left) + this.value(right));
  }

  /** left * right where one is a float. */
  multiplyFloat(left: Ref, right: Ref): Ref {
    return this.float(this.value(left) * this.value(right));
  }

  deallocInt(object: Ref): void {
    if (!this.pushFree(FreeLists.Ints, object, FreeListMax.Ints)) {
      this.allocator.free(object, HeapTag.Object);
    }
  }

  deallocFloat(object: Ref): void {
    if (!this.pushFree(FreeLists.Floats, object, FreeListMax.Floats)) {
      this.allocator.free(object, HeapTag.Object);
    }
  }

  private fromResult(value: number): Ref {
    if (value >= NumberObject.SmallMin && value <= NumberObject.SmallMax) {
      return this.refs.newStatic(smallInt(value | 0));
    }
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) overflow();
    return this.newInt(value);
  }

  private newInt(value: number): Ref {
    let object = this.popFree(FreeLists.Ints);
    if (object === 0) object = this.allocator.alloc(NumberObject.Words, HeapTag.Object);
    this.refs.init(object, BuiltinType.Int, 0);
    this.f64[(object + NumberObject.Value) >> 1] = value;
    return object;
  }

  private checkInts(left: Ref, right: Ref): void {
    const heap = this.i32;
    if (heap[left + Header.Type] !== BuiltinType.Int || heap[right + Header.Type] !== BuiltinType.Int) {
      notInts();
    }
  }
}

function notInts(): never {
  throw new PythonError('TypeError', 'two ints are required');
}

function overflow(): never {
  throw new PythonError('OverflowError', 'an int of this runtime ends at 2**53');
}
