import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Geometry, SegmentOwner } from '#ungil/memory/layout.js';
import { claimSegments, releaseSegments, segmentOwner, tryClaimSegments } from '#ungil/memory/segments.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { runWorkers } from '../support/workers.js';

const memoryOf = (segments: number) => SharedMemory.create(segments * Geometry.SegmentBytes);

describe('segments', () => {
  test('are aligned, distinct, and never the control block', () => {
    const { i32 } = memoryOf(8);
    const claimed = Array.from({ length: 7 }, () => claimSegments(i32, 1, SegmentOwner.Heap));
    expect(new Set(claimed).size).toBe(7);
    for (const address of claimed) {
      expect(address & Geometry.SegmentMask).toBe(0);
      expect(address).toBeGreaterThan(0);
      expect(segmentOwner(i32, address)).toBe(SegmentOwner.Heap);
    }
    expect(tryClaimSegments(i32, 1, SegmentOwner.Heap)).toBe(0);
  });

  test('a full memory is a MemoryError that names request, use and limit', () => {
    const { i32 } = memoryOf(4);
    claimSegments(i32, 2, SegmentOwner.Huge);
    let error: unknown;
    try {
      claimSegments(i32, 2, SegmentOwner.Huge);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(MemoryError);
    expect(error).toMatchObject({
      arena: 'segments',
      requested: 2 * Geometry.SegmentBytes,
      inUse: 2 * Geometry.SegmentBytes,
      limit: 3 * Geometry.SegmentBytes,
    });
    expect(claimSegments(i32, 1, SegmentOwner.Heap)).toBe(3 * Geometry.SegmentWords);
  });

  test('a run is contiguous, marked behind its first, and skips what is taken', () => {
    const { i32 } = memoryOf(10);
    const first = claimSegments(i32, 1, SegmentOwner.Heap);
    const second = claimSegments(i32, 1, SegmentOwner.Heap);
    releaseSegments(i32, first, 1);
    const run = claimSegments(i32, 3, SegmentOwner.Huge);
    expect(run).toBe(second + Geometry.SegmentWords);
    expect(segmentOwner(i32, run)).toBe(SegmentOwner.Huge);
    expect(segmentOwner(i32, run + 2 * Geometry.SegmentWords)).toBe(SegmentOwner.HugeTail);
    // The failed attempt at the first place left nothing behind.
    expect(claimSegments(i32, 1, SegmentOwner.Heap)).toBe(first);
  });

  test('counts and peak follow claims and releases', () => {
    const { i32 } = memoryOf(10);
    const run = claimSegments(i32, 5, SegmentOwner.Huge);
    const one = claimSegments(i32, 1, SegmentOwner.Heap);
    releaseSegments(i32, run, 5);
    expect(i32[Control.SegmentsUsed]).toBe(1);
    expect(i32[Control.SegmentsPeak]).toBe(6);
    releaseSegments(i32, one, 1);
    expect(i32[Control.SegmentsUsed]).toBe(0);
    expect(claimSegments(i32, 9, SegmentOwner.Huge)).toBe(Geometry.SegmentWords);
    expect(i32[Control.SegmentsPeak]).toBe(9);
  });

  test('random claims and releases agree with a reference', () => {
    const step = fc.record({
      claim: fc.boolean(),
      count: fc.integer({ min: 1, max: 5 }),
      pick: fc.nat(1000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { i32 } = memoryOf(16);
        const owned = new Map<number, number>();
        const taken = new Array<boolean>(16).fill(false);
        taken[0] = true;
        for (const { claim, count, pick } of steps) {
          if (claim) {
            let expected = 0;
            for (let s = 1; s + count <= 16 && expected === 0; s++) {
              if (!taken.slice(s, s + count).includes(true)) expected = s;
            }
            expect(tryClaimSegments(i32, count, SegmentOwner.Heap) >>> Geometry.SegmentShift).toBe(expected);
            if (expected === 0) continue;
            owned.set(expected, count);
            taken.fill(true, expected, expected + count);
          } else if (owned.size > 0) {
            const [first, length] = [...owned][pick % owned.size]!;
            releaseSegments(i32, first << Geometry.SegmentShift, length);
            owned.delete(first);
            taken.fill(false, first, first + length);
          }
        }
        expect(i32[Control.SegmentsUsed]).toBe(taken.filter(Boolean).length - 1);
      }),
    );
  });

  test('threads that compete for runs never share a segment', async () => {
    const memory = memoryOf(40);
    const results = await runWorkers<{ clashes: number; claims: number }>('allocSegments', memory.handle, 3);
    for (const { clashes, claims } of results) {
      expect(clashes).toBe(0);
      expect(claims).toBeGreaterThan(0);
    }
    expect(memory.i32[Control.SegmentsUsed]).toBe(0);
    for (let s = 1; s < 40; s++) expect(memory.i32[Control.SegmentTable + s]).toBe(SegmentOwner.Free);
  });
});
