import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HotSpots } from '#ungil/memory/hotSpots.js';

function countOf(stream: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const address of stream) counts.set(address, (counts.get(address) ?? 0) + 1);
  return counts;
}

function watched(stream: readonly number[]): HotSpots {
  const spots = new HotSpots();
  for (const address of stream) spots.add(address);
  return spots;
}

describe('HotSpots', () => {
  it('counts up to eight addresses exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 8 })), (stream) => {
        const found = watched(stream).spots();
        expect(new Map(found.map(({ address, count }) => [address, count]))).toEqual(countOf(stream));
      }),
    );
  });

  it('never counts more than there were, and has whatever is more than an eighth', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(7), fc.integer({ min: 1, max: 60 })), { maxLength: 400 }),
        (stream) => {
          const spots = watched(stream);
          const counts = countOf(stream);
          expect(spots.total).toBe(stream.length);
          const found = spots.spots();
          for (const { address, count } of found) expect(count).toBeLessThanOrEqual(counts.get(address) ?? 0);
          const frequent = [...counts].filter(([, count]) => count > stream.length / 8);
          for (const [address] of frequent) expect(found.map((spot) => spot.address)).toContain(address);
        },
      ),
    );
  });

  it('says the most frequent first, and forgets', () => {
    const spots = watched([3, 5, 5, 9, 5, 9]);
    expect(spots.spots().map(({ address }) => address)).toEqual([5, 9, 3]);
    spots.clear();
    expect(spots.spots()).toEqual([]);
    expect(spots.total).toBe(0);
  });
});
