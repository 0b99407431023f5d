import { Cell, ThreadCell, ViewCode } from './machineLayout.js';

/**
 * Two running 32-bit hashes of the heap, as far as it differs from its state before the execution, and two of what
 * each thread has seen. Kept for searches with a state cache only.
 */
export class StateHash {
  constructor(
    private readonly c: Int32Array,
    private readonly heap: Int32Array,
  ) {}

  /** The word, of a double the first of two, is about to be written plainly. */
  later(word: number, code: ViewCode): void {
    const { c, heap } = this;
    c[Cell.HashWord] = word + 1;
    c[Cell.HashOld] = heap[word];
    c[Cell.HashWide] = code === ViewCode.F64 ? 1 : 0;
    c[Cell.HashOldHigh] = heap[word + 1];
  }

  /** The thread of this record has read the word, or both of a double. */
  read(T: number, word: number, code: ViewCode): void {
    this.seen(T, this.heap[word]);
    if (code === ViewCode.F64) this.seen(T, this.heap[word + 1]);
  }

  /** The plain write that was announced last has happened by now. */
  flush(): void {
    const c = this.c;
    const word = c[Cell.HashWord] - 1;
    c[Cell.HashWord] = 0;
    this.change(word, c[Cell.HashOld], this.heap[word]);
    if (c[Cell.HashWide] !== 0) this.change(word + 1, c[Cell.HashOldHigh], this.heap[word + 1]);
  }

  change(word: number, before: number, after: number): void {
    if (before === after) return;
    const c = this.c;
    c[Cell.HeapHash] ^= mix(word, before, 0x9e3779b1) ^ mix(word, after, 0x9e3779b1);
    c[Cell.HeapHash + 1] ^= mix(word, before, 0x85ebca6b) ^ mix(word, after, 0x85ebca6b);
  }

  /** The thread of this record has learned this value. */
  seen(T: number, value: number): void {
    const c = this.c;
    const kind = c[T + ThreadCell.Kind];
    c[T + ThreadCell.SeenHash] = mix(c[T + ThreadCell.SeenHash], value, 0x9e3779b1 + kind);
    c[T + ThreadCell.SeenHash + 1] = mix(c[T + ThreadCell.SeenHash + 1], value, 0x85ebca6b + kind);
  }
}

function mix(a: number, b: number, salt: number): number {
  let h = Math.imul(a ^ salt, 0x27d4eb2f) ^ Math.imul(b + salt, 0x165667b1);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca77);
  return h ^ (h >>> 13);
}
