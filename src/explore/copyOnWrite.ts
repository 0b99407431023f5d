import { HeapVisitor } from '../allocators/visitor.js';
import { BuiltinType, Control, Header, HeapTag } from '../memory/layout.js';
import { objectInBlock } from '../memory/objectInBlock.js';
import { SharedMemory } from '../memory/sharedMemory.js';
import { reserveSideTable } from '../memory/sideTable.js';
import { buildNamed } from '../runtime/builds.js';
import type { Thread } from '../runtime/thread.js';
import { Program } from './rewrite/program.js';
import type { StructureSize } from './sharedStructure.js';
import { WriteRecorder, type WrittenWords } from './writeRecorder.js';

/**
 * What a forked worker would un-share by reading: the pages that a read-only traversal of a large structure writes.
 * Nothing forks here. The runtime's code is rewritten as for the explorer, so that each of its writes to shared memory
 * is seen: the figures are exact, and the same on every machine.
 */

/** A scheme of counts, and who reads. */
export interface CopyOnWriteCase {
  readonly name: string;
  readonly build: string;
  /** The thread that made the structure, or another one. */
  readonly reader: 'maker' | 'other';
  /** The structure is made immortal before it is read. */
  readonly immortal: boolean;
}

export interface CopyOnWriteResult {
  readonly name: string;
  /** Objects that were read, and pages of 4 KiB that hold them and their arrays and tables. */
  readonly objects: number;
  readonly structurePages: number;
  /** Those of them with the header of an object that is read. */
  readonly objectPages: number;
  /** Pages of the structure that were written. */
  readonly dirtiedPages: number;
  /** Pages of the side table that were written. */
  readonly tablePages: number;
  /** All other pages: the reader's own state, the allocator's. */
  readonly otherPages: number;
  /** Lines of 64 bytes, of structure and side table, that were written. */
  readonly lines: number;
  /** Objects with a word in such a line: how many others' counts a write takes from other processors. */
  readonly objectsPerLine: number;
  /** Sum of what was read: alike in every case. */
  readonly sum: number;
}

/** The schemes beside each other. */
export const COPY_ON_WRITE_CASES: readonly CopyOnWriteCase[] = [
  { name: 'plain, in the object', build: 'gil', reader: 'maker', immortal: false },
  { name: 'atomic, in the object', build: 'gilectomy', reader: 'maker', immortal: false },
  { name: 'biased, read by the owner', build: 'free-threaded', reader: 'maker', immortal: false },
  { name: 'biased, read by another thread', build: 'free-threaded', reader: 'other', immortal: false },
  { name: 'plain, made immortal', build: 'gil', reader: 'maker', immortal: true },
  { name: 'biased, made immortal, another thread', build: 'free-threaded', reader: 'other', immortal: true },
  { name: 'side table, plain', build: 'gil:refcount=side-table', reader: 'maker', immortal: false },
  { name: 'side table, atomic', build: 'gilectomy:refcount=side-table', reader: 'maker', immortal: false },
];

/** 106,000 objects and more. */
const COPY_ON_WRITE_SIZE: StructureSize = {
  lists: 700,
  items: 100,
  entries: 10_000,
  instances: 8_000,
};

const PAGE_SHIFT = 10;
const LINE_SHIFT = 4;
const MEMORY = 64 << 20;

type Rewritten = typeof import('./sharedStructure.js');

/** Measures one case. Throws RangeError for an unknown build, Error for one whose structure does not fit. */
export async function measureCopyOnWrite(
  one: CopyOnWriteCase,
  size: StructureSize = COPY_ON_WRITE_SIZE,
): Promise<CopyOnWriteResult> {
  const memory = SharedMemory.create(MEMORY);
  if (buildNamed(one.build).refcount === 'side-table') reserveSideTable(memory.i32);
  const recorder = new WriteRecorder(memory.i32.buffer);
  const program = new Program({ hooks: recorder, native: () => false, suspending: [] });
  const [module] = await program.load([new URL('./sharedStructure.js', import.meta.url).href]);
  const code = module as unknown as Rewritten;
  const maker = recorder.complete(code.startThread(memory, one.build, 0));
  const before = new Set(blocksOf(memory).map(({ address }) => address));
  const structure = recorder.complete(code.makeStructure(maker, size));
  const blocks = blocksOf(memory).filter(({ address }) => !before.has(address));
  if (one.immortal) recorder.complete(code.immortalizeStructure(maker, structure));
  const reader = one.reader === 'maker' ? maker : handOver(recorder, code, maker, memory, one.build);
  recorder.record = true;
  const sum = recorder.complete(code.readStructure(reader, structure));
  recorder.record = false;
  return { name: one.name, sum, ...evaluate(memory, blocks, recorder.written) };
}

/** The maker detaches for good, another thread attaches. */
function handOver(
  recorder: WriteRecorder,
  code: Rewritten,
  maker: Thread,
  memory: SharedMemory,
  build: string,
): Thread {
  recorder.complete(maker.state.detach());
  return recorder.complete(code.startThread(memory, build, 1));
}

interface Block {
  readonly address: number;
  readonly words: number;
  readonly tag: HeapTag;
}

function blocksOf(memory: SharedMemory): Block[] {
  const blocks: Block[] = [];
  new HeapVisitor(memory).visit((address, words, tag) => void blocks.push({ address, words, tag }));
  return blocks;
}

function evaluate(
  memory: SharedMemory,
  blocks: readonly Block[],
  written: WrittenWords,
): Omit<CopyOnWriteResult, 'name' | 'sum'> {
  const table = memory.i32[Control.SideTable];
  const structure = pagesOf(blocks);
  const objects = objectsIn(memory, blocks);
  const dirtied = new Set<number>();
  const tablePages = new Set<number>();
  const others = new Set<number>();
  const lines = new Set<number>();
  written.visit((word) => {
    const page = word >>> PAGE_SHIFT;
    const inTable = table !== 0 && word >= table;
    (inTable ? tablePages : structure.has(page) ? dirtied : others).add(page);
    if (inTable || structure.has(page)) lines.add(word >>> LINE_SHIFT);
  });
  return {
    objects: objects.length,
    structurePages: structure.size,
    objectPages: new Set(objects.map((object) => object >>> PAGE_SHIFT)).size,
    dirtiedPages: dirtied.size,
    tablePages: tablePages.size,
    otherPages: others.size,
    lines: lines.size,
    objectsPerLine: objectsPerLine(objects, lines, table),
  };
}

function pagesOf(blocks: readonly Block[]): Set<number> {
  const pages = new Set<number>();
  for (const { address, words } of blocks) {
    for (let page = address >>> PAGE_SHIFT; page <= (address + words - 1) >>> PAGE_SHIFT; page++)
      pages.add(page);
  }
  return pages;
}

/** The mean over the written lines that hold counts. */
function objectsPerLine(objects: readonly number[], lines: ReadonlySet<number>, table: number): number {
  const counts = new Map<number, number>();
  for (const object of objects) {
    const line = (table === 0 ? object : table + (object >>> 2)) >>> LINE_SHIFT;
    if (lines.has(line)) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const all = [...counts.values()];
  return all.length === 0 ? 0 : all.reduce((sum, count) => sum + count, 0) / all.length;
}

/** Without the class of the instances: reading those does not count it. */
function objectsIn({ i32 }: SharedMemory, blocks: readonly Block[]): number[] {
  return blocks
    .filter(({ tag }) => tag !== HeapTag.Mem)
    .map(({ address, tag }) => objectInBlock(address, tag))
    .filter((object) => i32[object + Header.Type] !== BuiltinType.Type);
}
