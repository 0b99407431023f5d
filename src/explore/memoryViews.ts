import { ViewCode } from './machineLayout.js';

/** Reads an element of any view over the memory. */
export class MemoryViews {
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i8: Int8Array;
  private readonly i16: Int16Array;
  private readonly f64: Float64Array;

  constructor(private readonly i32: Int32Array) {
    const { buffer, byteOffset, byteLength } = i32;
    this.u8 = new Uint8Array(buffer, byteOffset, byteLength);
    this.u16 = new Uint16Array(buffer, byteOffset, byteLength / 2);
    this.i8 = new Int8Array(buffer, byteOffset, byteLength);
    this.i16 = new Int16Array(buffer, byteOffset, byteLength / 2);
    this.f64 = new Float64Array(buffer, byteOffset, byteLength / 8);
  }

  read(code: ViewCode, index: number): number {
    switch (code) {
      case ViewCode.U8:
        return this.u8[index];
      case ViewCode.U16:
        return this.u16[index];
      case ViewCode.I8:
        return this.i8[index];
      case ViewCode.I16:
        return this.i16[index];
      case ViewCode.F64:
        return this.f64[index];
      default:
        return this.i32[index];
    }
  }
}
