import { describe, expect, it } from 'vitest';
import { FatalError } from '#ungil/memory/errors.js';
import { Control, Geometry } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';

const MIB = 1 << 20;

describe('the shared memory', () => {
  it.each([
    [16 * MIB, 4],
    [16 * MIB + 1, 5],
    [12 * MIB + 1, 4],
    [1024 * MIB, 256],
    [2048 * MIB, 512],
  ])('of %i bytes has %i segments', (bytes, segments) => {
    const memory = SharedMemory.create(bytes);
    expect(memory.u8.length).toBe(segments * Geometry.SegmentBytes);
    expect(memory.i32[Control.SegmentCount]).toBe(segments);
    expect(memory.i32[Control.MemoryWords]).toBe(memory.i32.length);
  });

  it.each([0, -1, 12 * MIB, 2048 * MIB + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %f bytes',
    (bytes) => {
      expect(() => SharedMemory.create(bytes)).toThrow(RangeError);
      expect(() => SharedMemory.create(bytes)).toThrow(/from 16 MiB to 2 GiB, got/);
    },
  );

  it('has one buffer under all its views, of a fixed length', () => {
    const memory = SharedMemory.create(16 * MIB);
    const { i32, u8, i8, u16, i16, f64 } = memory;
    for (const view of [u8, i8, u16, i16, f64]) {
      expect(view.buffer).toBe(i32.buffer);
      expect(view.byteLength).toBe(i32.byteLength);
    }
    expect(i32.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect((i32.buffer as { growable?: boolean }).growable ?? false).toBe(false);
    i32[Control.Scratch] = -2;
    expect([u8[Control.Scratch * 4], i16[Control.Scratch * 2], u16[Control.Scratch * 2 + 1]]).toEqual([
      254, -2, 65535,
    ]);
  });

  it('starts with the sequences and the interval of CPython, and everything else zero', () => {
    const { i32 } = SharedMemory.create(16 * MIB);
    expect([i32[Control.WriteSequence], i32[Control.ReadSequence]]).toEqual([1, 1]);
    expect(i32[Control.SwitchInterval]).toBe(5000);
    expect(i32[Control.Abort]).toBe(0);
    expect(i32.subarray(Control.Threads).every((word) => word === 0)).toBe(true);
  });

  it('is attached to by its handle, and by no other memory', () => {
    const memory = SharedMemory.create(16 * MIB);
    const again = SharedMemory.attach(structuredClone(memory.handle));
    again.i32[Control.Scratch] = 42;
    expect(memory.i32[Control.Scratch]).toBe(42);
    const strange = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true });
    expect(() => SharedMemory.attach(strange)).toThrow(FatalError);
  });
});
