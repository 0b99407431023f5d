import { ViewCode } from './machineLayout.js';

/** The views of `SharedMemory`. */
export interface Views {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i8: Int8Array;
  readonly i16: Int16Array;
  readonly f64: Float64Array;
}

/** All views over the memory under exploration, by their code. */
export class MemoryViews {
  private readonly i32: Int32Array;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i8: Int8Array;
  private readonly i16: Int16Array;
  private readonly f64: Float64Array;

  /** The views that the code under exploration has, so that `codeOf` can tell them. */
  constructor(views: Views) {
    this.i32 = views.i32;
    this.u8 = views.u8;
    this.u16 = views.u16;
    this.i8 = views.i8;
    this.i16 = views.i16;
    this.f64 = views.f64;
  }

  /** Which view it is; `ViewCode.None` for anything that is not a view of this memory. */
  codeOf(view: unknown): ViewCode {
    if (view === this.i32) return ViewCode.I32;
    if (view === this.u8) return ViewCode.U8;
    if (view === this.u16) return ViewCode.U16;
    if (view === this.f64) return ViewCode.F64;
    if (view === this.i8) return ViewCode.I8;
    if (view === this.i16) return ViewCode.I16;
    return ViewCode.None;
  }

  read(code: ViewCode, index: number): number {
    switch (code) {
      case ViewCode.I32:
        return this.i32[index];
      case ViewCode.U8:
        return this.u8[index];
      case ViewCode.U16:
        return this.u16[index];
      case ViewCode.I8:
        return this.i8[index];
      case ViewCode.I16:
        return this.i16[index];
      default:
        return this.f64[index];
    }
  }

  /** Views that `Atomics` takes. */
  write(code: ViewCode, index: number, value: number): void {
    switch (code) {
      case ViewCode.I32:
        this.i32[index] = value;
        break;
      case ViewCode.U8:
        this.u8[index] = value;
        break;
      case ViewCode.U16:
        this.u16[index] = value;
        break;
      case ViewCode.I8:
        this.i8[index] = value;
        break;
      case ViewCode.I16:
        this.i16[index] = value;
        break;
      default:
        throw new TypeError('Atomics on a Float64Array');
    }
  }
}

/** A value as an element of this view. */
export function coerced(code: ViewCode, value: number): number {
  switch (code) {
    case ViewCode.U8:
      return value & 0xff;
    case ViewCode.U16:
      return value & 0xffff;
    case ViewCode.I8:
      return (value << 24) >> 24;
    case ViewCode.I16:
      return (value << 16) >> 16;
    default:
      return value | 0;
  }
}

/** The word that holds an element of a narrower or wider view. */
export function wordOf(code: ViewCode, index: number): number {
  switch (code) {
    case ViewCode.U8:
    case ViewCode.I8:
      return index >> 2;
    case ViewCode.U16:
    case ViewCode.I16:
      return index >> 1;
    case ViewCode.F64:
      return index * 2;
    default:
      return index;
  }
}
