import { DomainAllocator } from '../allocators/domains/domainAllocator.js';
import { Control, Header, HeapTag, TypeObject } from '../memory/layout.js';
import { objectInBlock } from '../memory/objectInBlock.js';
import type { Thread } from './thread.js';

/** Objects of one type that are alive although nobody should hold them. */
export interface LeakRecord {
  /** Name of the type; `(memory)` for blocks without a header: item arrays, key tables. */
  readonly type: string;
  readonly count: number;
  /** The first few. */
  readonly addresses: readonly number[];
  /** Where each of these was allocated; under debug hooks only. */
  readonly places?: readonly string[];
}

const SHOWN = 8;

/**
 * Walks all heaps for live blocks, but for the raw domain: that is the runtime's own, and some of it is kept from run
 * to run. No other thread may run. `thread` has exited: what its caches held is free.
 */
export function findLeaks(thread: Thread): LeakRecord[] {
  const { allocator } = thread;
  const hooks = allocator instanceof DomainAllocator && allocator.debug ? allocator : null;
  const byType = new Map<string, { count: number; addresses: number[]; places: string[] }>();
  allocator.visit((block, _words, tag) => {
    const type = tag === HeapTag.Mem ? '(memory)' : typeName(thread, objectInBlock(block, tag));
    const address = tag === HeapTag.Mem ? block : objectInBlock(block, tag);
    let record = byType.get(type);
    if (record === undefined) {
      record = { count: 0, addresses: [], places: [] };
      byType.set(type, record);
    }
    record.count++;
    if (record.addresses.length >= SHOWN) return;
    record.addresses.push(address);
    if (hooks !== null) record.places.push(hooks.placeOf(block, tag) ?? 'unknown');
  });
  return [...byType]
    .map(([type, { count, addresses, places }]) => {
      return hooks === null ? { type, count, addresses } : { type, count, addresses, places };
    })
    .sort((a, b) => b.count - a.count);
}

/**
 * Checks all blocks that are under debug hooks: guards of live ones, what freed ones were filled with. As for
 * `findLeaks`. Throws DebugError.
 */
export function checkBlocks({ allocator }: Thread): void {
  if (allocator instanceof DomainAllocator && allocator.debug) allocator.check();
}

function typeName(thread: Thread, object: number): string {
  const type = thread.i32[object + Header.Type];
  const name = type > 0 && type < thread.i32[Control.MemoryWords] ? thread.i32[type + TypeObject.Name] : 0;
  return name === 0 ? '(unknown)' : thread.strings.text(name);
}
