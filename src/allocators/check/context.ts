import { HeapTag } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { wordsOfBlock } from '../blockWords.js';
import { DebugBlock } from '../debug/layout.js';
import { blockDataWords } from '../debug/reporter.js';
import { BlockMarks } from './blockMarks.js';

/** Where what a program knows as a block lies. */
export const enum Placing {
  /** It is the allocator's block. */
  Plain = 0,
  /** Inside the allocator's block, under debug hooks. */
  Hooked = 1,
  /** In an allocator of the user's own: nothing is known of it. */
  Unknown = 2,
}

/** By domain. */
export interface Placings {
  readonly raw: Placing;
  readonly mem: Placing;
  readonly object: Placing;
}

export const PLAIN: Placings = { raw: Placing.Plain, mem: Placing.Plain, object: Placing.Plain };

/** Damage in one word may show in thousands of places. */
const MOST_PROBLEMS = 50;

/** A page in use, as its segment's slices show it. */
export interface PageRecord {
  readonly page: number;
  readonly segment: number;
  /** What the segment carries as its thread; 0 while abandoned. */
  readonly owner: number;
  /** Found in a queue of pages. */
  queued: boolean;
  /** Found in a list of pages that wait for their goal. */
  waiting: boolean;
  /** Its blocks in the heap's list of delayed frees. */
  readonly delayed: number[];
}

/** What the parts of a check of the heap share: the memory, what was found out, what is wrong. */
export class CheckContext {
  readonly i32: Int32Array;
  readonly problems: string[] = [];
  readonly blocks = new BlockMarks();
  readonly pages = new Map<number, PageRecord>();
  /** Spans of free slices of segments that have an owner; true once found in a queue. */
  readonly spans = new Map<number, { readonly owner: number; queued: boolean }>();
  /** Objects of which a queue of delayed frees holds a reference. */
  readonly delayedObjects: number[] = [];
  private unreported = 0;

  constructor(
    readonly memory: SharedMemory,
    readonly placings: Placings = PLAIN,
  ) {
    this.i32 = memory.i32;
  }

  report(problem: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem);
    else this.unreported++;
  }

  /** Reports unless `holds`. */
  expect(holds: boolean, problem: () => string): void {
    if (!holds) this.report(problem());
  }

  placingOf(tag: HeapTag): Placing {
    if (tag === HeapTag.Raw) return this.placings.raw;
    return tag === HeapTag.Mem ? this.placings.mem : this.placings.object;
  }

  /** As `BlockMarks.claim`, for the address that a program has. */
  claim(address: number, tag: HeapTag): string | null {
    const placing = this.placingOf(tag);
    if (placing === Placing.Unknown) return null;
    return this.blocks.claim(placing === Placing.Hooked ? address - DebugBlock.PrefixWords : address);
  }

  /** Words that a program may use of a live block. */
  wordsOf(address: number, tag: HeapTag): number {
    const placing = this.placingOf(tag);
    if (placing === Placing.Unknown) return Number.POSITIVE_INFINITY;
    if (placing === Placing.Plain) return wordsOfBlock(this.i32, address);
    return blockDataWords(this.i32, address - DebugBlock.PrefixWords);
  }

  /** All problems as text; empty if the heap is sound. */
  result(): string[] {
    return this.unreported === 0 ? this.problems : [...this.problems, `and ${this.unreported} more problems`];
  }
}
