import type { AllocatorModules } from '../allocators/domains/members.js';
import type { Build } from './builds.js';
import { ProductionParts, type ThreadParts } from './threadParts.js';

/**
 * The parts of a build's threads. A debug build has classes of its own, which nobody else loads. `modules`: the user's
 * own allocators, from `loadAllocators`.
 */
export async function partsOf(build: Build, modules: AllocatorModules): Promise<ThreadParts> {
  if (!build.debug) return new ProductionParts(modules);
  const { DebugParts } = await import('./debugParts.js');
  return new DebugParts(modules);
}
