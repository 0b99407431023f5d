import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatHalfWidth,
  formatMops,
  formatRatio,
  formatTime,
  plural,
  wrap,
} from '#ungil/report/text.js';

describe('wrap', () => {
  it('keeps every word and no line too long', () => {
    const words = fc.array(fc.stringMatching(/^[a-z,.]{1,12}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 16, max: 80 }), (text, width) => {
        const lines = wrap(text.join(' '), width, '  ');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        expect(lines.join(' ').split(/\s+/)).toEqual(text);
        for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}\S/);
      }),
    );
  });

  it('cuts a word that is longer than a line', () => {
    expect(wrap('ab abcdefghijkl mn', 6, ' ')).toEqual(['ab', ' abcde', ' fghij', ' kl mn']);
    expect(wrap('', 10)).toEqual([]);
  });
});

describe('numbers', () => {
  it('take at most five characters in any range of throughput', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9.9e10, noNaN: true }), (value) => {
        expect(formatMops(value).length).toBeLessThanOrEqual(value < 9950 ? 6 : 5);
      }),
    );
    expect([9.994e6, 9.996e6, 999.94e6, 999.96e6].map(formatMops)).toEqual(['9.99', '10.0', '999.9', '1000']);
    expect([0, 0.6, 125, 9940, 9960, 99_400, 99_600].map(formatMops)).toEqual([
      '0.00',
      '1/s',
      '125/s',
      '9940/s',
      '0.010',
      '0.099',
      '0.10',
    ]);
    expect([undefined, Number.NaN, Number.POSITIVE_INFINITY].map(formatMops)).toEqual(['-', '-', '-']);
  });

  it('of nanoseconds carry their unit', () => {
    const shown = [0, 999.4, 999.6, 1520, 999_400, 13_000_000, 2.5e9, 3.6e12].map(formatTime);
    expect(shown).toEqual(['0 ns', '999 ns', '1.00 us', '1.52 us', '999 us', '13.0 ms', '2.50 s', '3600 s']);
    expect([undefined, Number.NaN].map(formatTime)).toEqual(['-', '-']);
  });

  it('read as words do', () => {
    expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([formatRatio(1.005e1), formatRatio(null)]).toEqual(['10.05', '-']);
    const around = (low: number, high: number) => formatHalfWidth(2, { low, high });
    expect([around(1.9, 2.1), around(1.999, 2), around(1, 2.98), around(0.01, 5)]).toEqual([
      '5',
      '<1',
      '50',
      '>99',
    ]);
    expect([formatHalfWidth(2, null), formatHalfWidth(null, { low: 1, high: 2 })]).toEqual(['-', '-']);
    expect([plural(1, 'thread'), plural(2, 'thread')]).toEqual(['1 thread', '2 threads']);
    expect([0, 59.2, 61, 125].map(formatDuration)).toEqual(['0 s', '1 min 0 s', '1 min 1 s', '2 min 5 s']);
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 KiB'],
    [10_240, '10 KiB'],
    [1_048_575, '1.0 MiB'],
    [4_194_304, '4.0 MiB'],
    [2 ** 31, '2.0 GiB'],
  ])('%d is %s', (bytes, shown) => {
    expect(formatBytes(bytes)).toBe(shown);
  });
});
