import { expect, test } from 'vitest';
import {
  binOf,
  binWords,
  firstGranule,
  goodBlockWords,
  pageSlices,
  spanBin,
} from '#ungil/allocators/mimalloc/bins.js';
import { Bin, Slice } from '#ungil/allocators/mimalloc/layout.js';

test('every size fits its bin and not the one before', () => {
  for (let words = 1; words <= Slice.MediumMaxWords; words += words < 2_000 ? 1 : 3) {
    const bin = binOf(words);
    expect(binWords(bin)).toBeGreaterThanOrEqual(words);
    const before = bin <= 8 ? bin - 2 : bin - 1;
    if (before >= 2) expect(binWords(before)).toBeLessThan(words);
    expect(binWords(bin) % 4).toBe(0);
  }
  expect(binOf(Slice.MediumMaxWords)).toBe(Bin.MediumLast);
});

test('upper sizes are those of the fact sheet, in 8-byte words', () => {
  const sizes = [2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map((bin) => binWords(bin) / 2);
  expect(sizes).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40]);
});

test('waste is below a fifth above 64 bytes', () => {
  for (let words = 33; words <= Slice.MediumMaxWords; words += 4) {
    expect((binWords(binOf(words)) - words) / binWords(binOf(words))).toBeLessThan(0.2);
  }
});

test('granules of the direct table are covered by exactly one bin', () => {
  const owner: number[] = [];
  for (let granules = 1; granules <= 64; granules++) owner[granules] = binOf(granules * 4);
  for (let granules = 1; granules <= 64; granules++) {
    const bin = owner[granules]!;
    expect(firstGranule(bin)).toBeLessThanOrEqual(granules);
    expect(binWords(bin) >> 2).toBeGreaterThanOrEqual(granules);
    if (granules > 1 && owner[granules - 1] !== bin) expect(firstGranule(bin)).toBe(granules);
  }
});

test('pages and spans', () => {
  expect(pageSlices(Slice.SmallMaxWords)).toBe(1);
  expect(pageSlices(Slice.SmallMaxWords + 4)).toBe(8);
  expect(pageSlices(Slice.MediumMaxWords + 4)).toBe(3);
  expect(pageSlices(Slice.LargeMaxWords)).toBe(32);
  expect(goodBlockWords(Slice.MediumMaxWords + 1)).toBe(3 * Slice.Words);
  let previous = 0;
  for (let slices = 1; slices <= 63; slices++) {
    expect(spanBin(slices)).toBeGreaterThanOrEqual(previous);
    previous = spanBin(slices);
  }
  expect(previous).toBeLessThan(20);
});
