import { HeapTag, type TypeKind } from '../memory/layout.js';
import type { ObjectNames } from './objectNames.js';

interface Block {
  readonly address: number;
  readonly words: number;
  readonly tag: HeapTag;
  /** Place in the order of allocation, from 1. */
  readonly ordinal: number;
  /** `list#3`, once the header has told what it is. */
  name?: string;
  kind?: TypeKind;
}

/** What `mark` returns. */
export interface BlockMark {
  readonly blocks: readonly Block[];
  readonly counts: ReadonlyMap<string, number>;
  readonly named: number;
}

/**
 * Names for blocks of the model heap: what is in them, numbered for each kind in the order of allocation. A block
 * without a header is an array; one whose header is not written yet goes by its place among all blocks.
 */
export class BlockNames {
  private blocks: Block[] = [];
  private counts = new Map<string, number>();
  /** Blocks before this one have their names. */
  private named = 0;

  constructor(private readonly objects: ObjectNames) {}

  /** A block was handed out. Cheap: names are made when the first is asked for. */
  add(address: number, words: number, tag: HeapTag): void {
    this.blocks.push({ address, words, tag, ordinal: this.blocks.length + 1 });
  }

  clear(): void {
    this.blocks = [];
    this.counts.clear();
    this.named = 0;
  }

  /** The blocks so far, to come back to. */
  mark(): BlockMark {
    const { blocks, counts, named } = this;
    return { blocks: blocks.map((block) => ({ ...block })), counts: new Map(counts), named };
  }

  /** Forgets everything since the mark. */
  restore({ blocks, counts, named }: BlockMark): void {
    this.blocks = blocks.map((block) => ({ ...block }));
    this.counts = new Map(counts);
    this.named = named;
  }

  /** `list#3.items`, of the block that has this word now or had it last; undefined if none ever had. */
  nameOf(word: number): string | undefined {
    return this.refer(word)?.();
  }

  /** The name of the block that has this word now, to be asked for when its header has been written. */
  refer(word: number): (() => string) | undefined {
    const block = this.blocks.findLast(({ address, words }) => word >= address && word < address + words);
    this.giveNames();
    return block === undefined ? undefined : () => this.nameIn(block, word - block.address);
  }

  private nameIn(block: Block, offset: number): string {
    this.giveNames();
    if (!hasHeader(block.tag)) return `${block.name}[${offset}]`;
    const field = this.objects.field(offset, block.tag, block.kind);
    const name = block.name ?? `obj#${block.ordinal}`;
    return field.startsWith('[') ? name + field : `${name}.${field}`;
  }

  private giveNames(): void {
    let complete = true;
    for (let i = this.named; i < this.blocks.length; i++) {
      if (this.blocks[i].name === undefined) this.giveName(this.blocks[i]);
      complete &&= this.blocks[i].name !== undefined;
      if (complete) this.named = i + 1;
    }
  }

  private giveName(block: Block): void {
    if (!hasHeader(block.tag)) {
      block.name = this.numbered(block.tag === HeapTag.Raw ? 'raw' : 'array');
      return;
    }
    const kind = this.objects.kindOf(block.address, block.tag);
    if (kind === undefined) return;
    block.kind = kind;
    block.name = this.numbered(this.objects.kindName(kind));
  }

  private numbered(kind: string): string {
    const number = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, number);
    return `${kind}#${number}`;
  }
}

function hasHeader(tag: HeapTag): boolean {
  return tag !== HeapTag.Mem && tag !== HeapTag.Raw;
}
