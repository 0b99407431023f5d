import { HeapVisitor } from '../allocators/visitor.js';
import { Control, Header, HeapTag, TypeObject } from '../memory/layout.js';
import { objectInBlock, type Thread } from './thread.js';

/** Objects of one type that are alive although nobody should hold them. */
export interface LeakRecord {
  /** Name of the type; `(memory)` for blocks without a header: item arrays, key tables. */
  readonly type: string;
  readonly count: number;
  /** The first few. */
  readonly addresses: readonly number[];
}

const SHOWN = 8;

/**
 * Walks all heaps for live blocks. No other thread may run. `thread` has exited: what its caches held is free.
 */
export function findLeaks(thread: Thread): LeakRecord[] {
  const byType = new Map<string, { count: number; addresses: number[] }>();
  new HeapVisitor(thread.memory).visit((block, _words, tag) => {
    const type = tag === HeapTag.Mem ? '(memory)' : typeName(thread, objectInBlock(block, tag));
    const address = tag === HeapTag.Mem ? block : objectInBlock(block, tag);
    let record = byType.get(type);
    if (record === undefined) {
      record = { count: 0, addresses: [] };
      byType.set(type, record);
    }
    record.count++;
    if (record.addresses.length < SHOWN) record.addresses.push(address);
  });
  return [...byType].map(([type, record]) => ({ type, ...record })).sort((a, b) => b.count - a.count);
}

function typeName(thread: Thread, object: number): string {
  const type = thread.i32[object + Header.Type];
  const name = type > 0 && type < thread.i32[Control.MemoryWords] ? thread.i32[type + TypeObject.Name] : 0;
  return name === 0 ? '(unknown)' : thread.strings.text(name);
}
