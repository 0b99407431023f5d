import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '#ungil/cli/suggest.js';
import { NAMES } from '../report/fixtures.js';

describe('editDistance', () => {
  const word = fc.string({ maxLength: 12 });

  it('is a metric', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
        expect(editDistance(a, '')).toBe(a.length);
      }),
    );
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});

describe('nearest', () => {
  it('finds slips and beginnings, and does not guess wildly', () => {
    expect(nearest('fob', NAMES)).toBe('fib');
    expect(nearest('shared-dict-ste', NAMES)).toBe('shared-dict-set');
    expect(nearest('shared_list_append', NAMES)).toBe('shared-list-append');
    expect(nearest('alloc', NAMES)).toBe('alloc-drop-list');
    expect(nearest('quicksort', NAMES)).toBeNull();
    expect(nearest('', NAMES)).toBeNull();
  });
});
