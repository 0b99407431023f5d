import type { HeapTag } from '../../memory/layout.js';
import type { BlockVisitor } from '../allocator.js';

/** What serves a domain: the part of an allocator that hands blocks out. See `Allocator` for what each method owes. */
export interface BlockSource {
  alloc(words: number, tag: HeapTag): number;
  free(address: number, tag: HeapTag): void;
  realloc(address: number, words: number, tag: HeapTag): number;
  /** Usable words of a live block. */
  blockWords(address: number): number;
  /** Live blocks of all threads; `tags` as for `HeapVisitor.visit`. No other thread may run. */
  visit(visitor: BlockVisitor, tags: number): void;
}

/** An allocator as a member of a composition: one instance a thread, whatever domains it serves. */
export interface Member extends BlockSource {
  /** Frees what is due. */
  processDelayed(): void;
  /** Gives back what is not in use. */
  collect(force: boolean): void;
  start(): void;
  exit(): void;
}
