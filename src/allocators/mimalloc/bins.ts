import { Bin, Slice } from './layout.js';

/**
 * Size classes (mimalloc's `_mi_bin`), for sizes in 8-byte words as there; our blocks are multiples of 16 bytes,
 * so odd bins below 9 stay empty. The top three bits of a size decide: four bins for each doubling, so that a
 * block wastes less than 20 %.
 */

/** Bin of a block of `words` 32-bit words, up to `Slice.MediumMaxWords`. */
export function binOf(words: number): number {
  const wide = (words + 1) >> 1;
  if (wide <= 8) return wide <= 1 ? 2 : (wide + 1) & ~1;
  const w = wide - 1;
  const top = 31 - Math.clz32(w);
  return 4 * top + ((w >> (top - 2)) & 3) - 3;
}

/** Block size of a bin, in 32-bit words. The bin that `binOf` gave. */
export function binWords(bin: number): number {
  if (bin <= 8) return bin * 2;
  const top = (bin + 3) >> 2;
  return ((5 + ((bin + 3) & 3)) << (top - 2)) * 2;
}

/** First count of granules that `Heap.Direct` maps to this bin. */
export function firstGranule(bin: number): number {
  if (bin <= 8) return bin >> 1;
  return (binWords(bin - 1) >> 2) + 1;
}

/** Slices of a page for blocks of `blockWords`. */
export function pageSlices(blockWords: number): number {
  if (blockWords <= Slice.SmallMaxWords) return 1;
  if (blockWords <= Slice.MediumMaxWords) return Slice.MediumSlices;
  return (blockWords + Slice.Words - 1) >> Slice.Shift;
}

/** Size of the blocks that serve a request of up to `Slice.LargeMaxWords`: the bin's, or whole slices. */
export function goodBlockWords(words: number): number {
  if (words <= Slice.MediumMaxWords) return binWords(binOf(words));
  return pageSlices(words) << Slice.Shift;
}

/** Bin of a request of up to `Slice.LargeMaxWords`. */
export function requestBin(words: number): number {
  return words <= Slice.MediumMaxWords ? binOf(words) : Bin.Huge;
}

/** Queue of spans of this many slices (mimalloc's `mi_slice_bin8`). */
export function spanBin(slices: number): number {
  if (slices <= 1) return slices;
  const m = slices - 1;
  const top = 31 - Math.clz32(m);
  if (top <= 2) return m + 1;
  return 4 * top + ((m >> (top - 2)) & 3) - 4;
}
