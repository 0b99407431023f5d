import { Option } from 'commander';
import type { DomainNames } from '../allocators/domains/spec.js';
import { parseAllocators } from '../allocators/domains/spec.js';
import { loadAllocators, withAllocators } from '../runtime/allocators.js';
import { type Build, buildNamed } from '../runtime/builds.js';
import { UsageError } from './errors.js';

/** `--allocator`, which may be given several times; the values come as an array, empty for none. */
export function allocatorOption(): Option {
  return new Option(
    '--allocator <spec>',
    'allocator of all domains (debug, malloc, mimalloc_debug, ...) or of one (object=debug+mimalloc, mem=./mine.mjs)',
  )
    .default([], 'what the build has')
    .argParser((value: string, previous: string[]) => [...previous, value]);
}

/**
 * The allocators of the domains, checked against every build, their modules loaded once to see that they can be; null
 * if the option was not given. Throws UsageError that names what is accepted, and why.
 */
export async function parseAllocatorOption(
  entries: readonly string[],
  builds: readonly string[],
): Promise<DomainNames | null> {
  if (entries.length === 0) return null;
  try {
    const names = parseAllocators(entries);
    let built: Build | null = null;
    for (const name of builds) {
      built = withAllocators(buildNamed(name), names);
      await loadAllocators(built);
    }
    return built === null ? names : built.domains;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
