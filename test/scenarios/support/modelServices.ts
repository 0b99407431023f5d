import type { HeapTag } from '#ungil/memory/layout.js';
import { Geometry } from '#ungil/memory/layout.js';
import type { SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Services } from '#ungil/scenarios/services.js';

interface Block {
  readonly words: number;
  readonly tag: HeapTag;
  live: boolean;
}

/** Services that never switch: a heap that hands no block out twice, and notes of all else. */
export class ModelServices implements Services {
  readonly blocks = new Map<number, Block>();
  readonly violations: string[] = [];
  readonly names: string[] = [];
  readonly history: string[] = [];
  readonly choices: number[] = [];
  polls = 0;
  private next: number = Geometry.SegmentWords;

  constructor(private readonly memory: SharedMemory) {}

  current(): number {
    return -1;
  }

  alloc(words: number, tag: HeapTag, _slot: number): number {
    const address = this.next;
    this.next += Math.max(4, (words + 3) & ~3);
    this.memory.i32.fill(0x0bad0bac, address, this.next);
    this.blocks.set(address, { words, tag, live: true });
    return address;
  }

  free(address: number, tag: HeapTag, _slot: number): void {
    const block = this.blocks.get(address);
    if (!block?.live || block.tag !== tag) this.violation(`free of ${address} as ${tag}`);
    else block.live = false;
    this.memory.i32[address] = 0;
  }

  size(address: number): number {
    return this.blocks.get(address)?.words ?? 0;
  }

  isLive(address: number): boolean {
    return this.blocks.get(address)?.live === true;
  }

  liveBlocks(): number {
    return [...this.blocks.values()].filter((block) => block.live).length;
  }

  blocksOf(tags: number): number[] {
    const isWanted = ({ live, tag }: Block) => live && ((tags >> tag) & 1) !== 0;
    return [...this.blocks].filter(([, block]) => isWanted(block)).map(([address]) => address);
  }

  tag(address: number): HeapTag {
    return this.blocks.get(address)!.tag;
  }

  poll(): void {
    this.polls++;
  }

  choose(count: number): number {
    this.choices.push(count);
    return count - 1;
  }

  call(operation: string, args: readonly unknown[]): number {
    this.history.push(`${operation}(${args.join()})`);
    return this.history.length - 1;
  }

  returned(operation: number, result: unknown): void {
    this.history[operation] += ` = ${result}`;
  }

  name(address: number, words: number, name: string): void {
    this.names.push(`${name} ${address} ${words}`);
  }

  violation(message: string): void {
    this.violations.push(message);
  }
}
