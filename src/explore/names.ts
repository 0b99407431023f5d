import { Control, Geometry, type HeapTag } from '../memory/layout.js';
import { type BlockMark, BlockNames } from './blockNames.js';
import { ControlNames } from './controlNames.js';
import { type Enums, LAYOUT } from './layoutNames.js';
import { ObjectNames } from './objectNames.js';
import { PageNames } from './pageNames.js';

interface NamedWords {
  readonly address: number;
  readonly words: number;
  readonly text: string;
}

/** What `mark` returns. */
export interface NamesMark {
  readonly named: number;
  readonly blocks: BlockMark;
}

/**
 * Turns the address of a word into what a reader of a trace calls it: `list#3.items`, `thread#0.status`, `x`. One
 * instance a memory; `reset` before each execution. Reads the memory, plainly, while no thread runs.
 */
export class Names {
  private readonly blocks: BlockNames;
  private readonly control: ControlNames;
  private readonly pages: PageNames;
  private named: NamedWords[] = [];

  constructor(
    private readonly i32: Int32Array,
    layout: Enums = LAYOUT,
  ) {
    const objects = new ObjectNames(i32, layout);
    this.blocks = new BlockNames(objects);
    this.control = new ControlNames(layout, objects);
    this.pages = new PageNames(i32, layout, objects);
  }

  /** A block of the model heap was handed out. */
  noteAlloc(address: number, words: number, tag: HeapTag): void {
    this.blocks.add(address, words, tag);
  }

  /** These words are called `text`, or `text[i]` where there are several. The last name given counts. */
  name(address: number, words: number, text: string): void {
    this.named.push({ address, words, text });
  }

  /** Forgets blocks and given names. */
  reset(): void {
    this.named = [];
    this.blocks.clear();
  }

  /** What has a name so far, to come back to. */
  mark(): NamesMark {
    return { named: this.named.length, blocks: this.blocks.mark() };
  }

  /** Forgets everything since the mark. */
  restore({ named, blocks }: NamesMark): void {
    this.named.length = named;
    this.blocks.restore(blocks);
  }

  /** The name of the word at this address. */
  nameOf(word: number): string {
    return this.refer(word)();
  }

  /**
   * The name of the word as it is now, to be asked for later in the same execution: a block may be new, its header
   * not yet written, and soon its words may be another block's.
   */
  refer(word: number): () => string {
    const given = this.named.findLast(({ address, words }) => word >= address && word < address + words);
    if (given !== undefined) {
      const text = given.words === 1 ? given.text : `${given.text}[${word - given.address}]`;
      return () => text;
    }
    const table = this.i32[Control.SideTable];
    if (table !== 0 && word >= table) {
      const header = this.refer((word - table) << 2);
      return () => header().replace(/\.[^.]*$/, '.count');
    }
    if (word < Geometry.SegmentWords) return () => this.control.nameOf(word);
    const block = this.blocks.refer(word);
    if (block !== undefined) return block;
    const page = this.pages.nameOf(word);
    return () => page;
  }
}
