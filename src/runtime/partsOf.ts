import type { AllocatorModules } from '../allocators/domains/members.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Build } from './builds.js';
import { ProductionParts, type ThreadParts } from './threadParts.js';

/**
 * The parts of a build's threads. A debug build and instruments have classes of their own, which nobody else loads. `modules`: the user's
 * own allocators, from `loadAllocators`.
 */
export async function partsOf(
  memory: SharedMemory,
  build: Build,
  modules: AllocatorModules,
): Promise<ThreadParts> {
  if (build.debug) {
    const { DebugParts } = await import('./debugParts.js');
    return new DebugParts(modules);
  }
  switch (build.instruments) {
    case 'counted': {
      const { CountedParts } = await import('./countedParts.js');
      return new CountedParts(modules);
    }
    case 'traced': {
      const { TracedParts } = await import('./tracedParts.js');
      return new TracedParts(memory, modules);
    }
    case 'none':
      return new ProductionParts(modules);
  }
}
