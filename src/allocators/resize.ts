/** Shorter moves are done word by word: a call of `copyWithin` costs more. */
const enum Move {
  LoopMax = 32,
}

/** mimalloc keeps a block that stays at least half used. */
export function fitsInPlace(words: number, blockWords: number): boolean {
  return words <= blockWords && words >= blockWords >> 1;
}

/** Copies words to another block. Plain: nobody else writes either. */
export function moveWords(heap: Int32Array, from: number, to: number, words: number): void {
  if (words <= Move.LoopMax) {
    for (let i = 0; i < words; i++) heap[to + i] = heap[from + i];
    return;
  }
  heap.copyWithin(to, from, from + words);
}
