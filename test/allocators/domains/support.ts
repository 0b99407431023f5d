import type { AllocatorThread } from '#ungil/allocators/allocator.js';
import type { BlockAllocatorModule } from '#ungil/allocators/domains/blockAllocator.js';
import type { DomainAllocator } from '#ungil/allocators/domains/domainAllocator.js';
import { composeDomains } from '#ungil/allocators/domains/members.js';
import { parseAllocators } from '#ungil/allocators/domains/spec.js';
import { ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { BareAllocatorThread, MIB } from '../support.js';

/** The example of a user's own allocator. */
export const OWN = new URL('../../fixtures/allocators/freeLists.mjs', import.meta.url).href;

const MODULES = new Map([[OWN, (await import(OWN)) as BlockAllocatorModule]]);

/** Started threads of one composition, which take turns. */
export interface Domains {
  readonly memory: SharedMemory;
  readonly threads: readonly BareAllocatorThread[];
  readonly allocators: readonly DomainAllocator[];
}

/** `readers`: as in a build with lock-free readers; else nothing is delayed. `own` in a spec is `OWN`. */
export function startDomains(spec: string, readers: boolean, count = 1, memoryMiB = 64): Domains {
  const memory = SharedMemory.create(memoryMiB * MIB);
  const domains = parseAllocators([spec.replaceAll('own', OWN)]);
  const own = readers ? 'mimalloc' : 'pymalloc';
  const threads = Array.from({ length: count }, (_, slot) => new BareAllocatorThread(memory, slot));
  const allocators = threads.map((thread, index) => {
    const { i32, atomics, block } = thread;
    const seen: AllocatorThread = { memory, i32, atomics, block, qsbr: readers ? thread.qsbr : null };
    const allocator = composeDomains(seen, { domains, own, sharedHeaps: false, modules: MODULES });
    if (readers) thread.qsbr.attach();
    i32[block + ThreadBlock.Index] = index;
    allocator.start();
    return allocator;
  });
  return { memory, threads, allocators };
}

/** All threads leave. */
export function exitAll({ allocators }: Domains): void {
  for (const allocator of allocators) {
    allocator.abandonDelayed();
    allocator.exit();
  }
}
