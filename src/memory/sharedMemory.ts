import { FatalError } from './errors.js';
import { Control, Geometry } from './layout.js';

const MAGIC = 0x756e6769;

/** What travels to a worker: structured clone shares the pages. */
export type MemoryHandle = WebAssembly.Memory;

/**
 * The one shared buffer and its views.
 *
 * The buffer is that of a fixed-size shared `WebAssembly.Memory`, so that the few operations of atomicOps.ts can
 * run on the same bytes. It never grows: a length-tracking view costs 8-19 ns an access instead of 1.
 */
export class SharedMemory {
  readonly handle: MemoryHandle;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly f64: Float64Array;

  private constructor(handle: MemoryHandle) {
    this.handle = handle;
    const buffer = handle.buffer as unknown as SharedArrayBuffer;
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /**
   * Reserves a memory. `bytes` is rounded up to whole segments (4 MiB), from 16 MiB to 2 GiB; pages are
   * committed by the operating system on first touch. Throws RangeError for a size outside.
   */
  static create(bytes: number): SharedMemory {
    const segments = Math.ceil(bytes / Geometry.SegmentBytes);
    if (!(segments >= Geometry.MinSegments && segments <= Geometry.MaxSegments)) {
      throw new RangeError(`memory must be from 16 MiB to 2 GiB, got ${bytes} bytes`);
    }
    const pages = (segments * Geometry.SegmentBytes) / 65536;
    const memory = new SharedMemory(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
    const heap = memory.i32;
    heap[Control.Magic] = MAGIC;
    heap[Control.MemoryWords] = segments * Geometry.SegmentWords;
    heap[Control.SegmentCount] = segments;
    heap[Control.WriteSequence] = 1;
    heap[Control.ReadSequence] = 1;
    heap[Control.SwitchInterval] = 5000;
    heap[Control.AbortThread] = -1;
    return memory;
  }

  /** The views of a memory that another thread created. */
  static attach(handle: MemoryHandle): SharedMemory {
    const memory = new SharedMemory(handle);
    if (memory.i32[Control.Magic] !== MAGIC)
      throw new FatalError('this memory was not made by SharedMemory.create');
    return memory;
  }
}
