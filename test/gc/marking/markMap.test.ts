import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarkMap } from '#ungil/gc/marking/markMap.js';
import { Geometry } from '#ungil/memory/layout.js';
import { GcWorld } from '../support/gcWorld.js';

/** Words, of which a byte of the map stands for 8 and a word for 32. */
const [BYTE, WORD] = [8, 32];

describe('a mark map', () => {
  const { memory, main } = new GcWorld('free-threaded');
  const map = new MarkMap(memory, main.allocator);

  it('counts the marks of any range as one by one', () => {
    const place = fc.nat(Geometry.SegmentWords / BYTE - 1);
    fc.assert(
      fc.property(fc.array(place, { maxLength: 300 }), place, fc.nat(3000), (places, from, words) => {
        map.begin();
        for (const at of places) map.mark(at * BYTE);
        const start = Math.floor((from * BYTE) / WORD) * WORD;
        const inside = new Set(places.filter((at) => at * BYTE >= start && at * BYTE < start + words * WORD));
        expect(map.count(start, words * WORD)).toBe(inside.size);
        map.end();
      }),
      { numRuns: 50 },
    );
  });

  it('counts a range without a gap', () => {
    map.begin();
    let fresh = 0;
    for (let object = 0; object < 100_000 * BYTE; object += BYTE) if (map.mark(object)) fresh++;
    expect(fresh).toBe(100_000);
    expect(map.count(0, 100_000 * BYTE)).toBe(100_000);
    expect(map.mark(0)).toBe(false);
    map.end();
  });

  it('tells neighbours apart, and has no marks when it begins', () => {
    map.begin();
    map.mark(1 << 12);
    expect([-BYTE, 0, BYTE].map((off) => map.isMarked((1 << 12) + off))).toEqual([false, true, false]);
    map.end();
    map.begin();
    expect(map.isMarked(1 << 12)).toBe(false);
    map.end();
  });
});
