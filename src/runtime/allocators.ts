import { pathToFileURL } from 'node:url';
import type { BlockAllocatorModule, BlockAllocatorProperties } from '../allocators/domains/blockAllocator.js';
import type { AllocatorModules } from '../allocators/domains/members.js';
import {
  ALLOCATOR_NAMES,
  DOMAIN_NAMES,
  type DomainName,
  type DomainNames,
  isModule,
  parseAllocators,
  parseChoice,
} from '../allocators/domains/spec.js';
import { type Build, readsWithoutLocks } from './builds.js';

/** The allocators of the domains: one string as for `--allocator`, or a name for each domain. */
export type AllocatorsOption = string | Readonly<Partial<Record<DomainName, string>>>;

/** No user's own. */
export const NO_MODULES: AllocatorModules = new Map();

/**
 * The build with these allocators. Paths of modules are resolved against the working directory. Throws RangeError for
 * names that do not exist, and for allocators that the build cannot have.
 */
export function withAllocators(build: Build, option: AllocatorsOption): Build {
  const names = namesIn(option);
  const domains = { raw: '', mem: '', object: '' };
  for (const domain of DOMAIN_NAMES) domains[domain] = resolved(names[domain]);
  checkGeometries(build, domains);
  for (const domain of DOMAIN_NAMES) {
    const { base } = parseChoice(domains[domain]);
    if (base !== 'default' && !isModule(base)) expectFit(build, domain, base, traitsOf(base));
  }
  return { ...build, domains };
}

/**
 * Loads the user's own allocators of a build. Throws RangeError, naming the module, if one cannot be loaded, is no
 * allocator, or does not promise what the build needs.
 */
export async function loadAllocators(build: Build): Promise<AllocatorModules> {
  const modules = new Map<string, BlockAllocatorModule>();
  for (const domain of DOMAIN_NAMES) {
    const { base } = parseChoice(build.domains[domain]);
    if (!isModule(base)) continue;
    const module = modules.get(base) ?? (await loadModule(base));
    expectFit(build, domain, base, { ...module.properties, attachedOnly: false });
    modules.set(base, module);
  }
  return modules;
}

/** Whether some domain of the build has another allocator than its own. */
export function hasChosenDomains(build: Build): boolean {
  const own = { raw: 'malloc', mem: build.allocator, object: build.allocator };
  return DOMAIN_NAMES.some((domain) => !['default', own[domain]].includes(build.domains[domain]));
}

/** Whether objects or their arrays are under debug hooks. */
export function hasDebugHooks(build: Build): boolean {
  return parseChoice(build.domains.mem).debug || parseChoice(build.domains.object).debug;
}

// --- Reading ---

function namesIn(option: AllocatorsOption): DomainNames {
  if (typeof option === 'string') return parseAllocators([option]);
  if (typeof option !== 'object' || option === null) {
    throw new RangeError(`allocators must be a string or an object by domain, got ${String(option)}`);
  }
  const entries = Object.entries(option).map(([domain, name]) => `${domain}=${name}`);
  return parseAllocators(entries);
}

function resolved(name: string): string {
  const { debug, base } = parseChoice(name);
  if (!isModule(base) || base.startsWith('file:')) return name;
  const url = pathToFileURL(base).href;
  return debug ? `debug+${url}` : url;
}

async function loadModule(url: string): Promise<BlockAllocatorModule> {
  let module: Partial<BlockAllocatorModule>;
  try {
    module = await import(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RangeError(`the allocator's module ${url} cannot be loaded: ${why}`);
  }
  const { createAllocator, properties } = module;
  if (typeof createAllocator !== 'function' || !areProperties(properties)) {
    throw new RangeError(
      `${url} is no allocator: it must export a function 'createAllocator' and an object 'properties' ` +
        'with threadSafe and typeStable, true or false',
    );
  }
  return { createAllocator, properties };
}

function areProperties(value: unknown): value is BlockAllocatorProperties {
  if (typeof value !== 'object' || value === null) return false;
  const { threadSafe, typeStable } = value as Partial<BlockAllocatorProperties>;
  return typeof threadSafe === 'boolean' && typeof typeStable === 'boolean';
}

// --- What fits ---

interface Traits extends BlockAllocatorProperties {
  /** For threads that are attached: PIT-3.4. */
  readonly attachedOnly: boolean;
}

function traitsOf(base: string): Traits {
  if (base === 'malloc') return { threadSafe: true, typeStable: false, attachedOnly: false };
  if (base === 'mimalloc') return { threadSafe: true, typeStable: true, attachedOnly: true };
  return { threadSafe: false, typeStable: false, attachedOnly: true };
}

function expectFit(build: Build, domain: DomainName, base: string, traits: Traits): void {
  const why = misfit(build, domain, base, traits);
  if (why === null) return;
  const names = ALLOCATOR_NAMES.filter((name) => misfit(build, domain, name, traitsOf(name)) === null);
  const accepted = ['default', ...names].join(', ');
  throw new RangeError(
    `${domain}=${base} does not go with build '${build.name}': ${why}; accepted for ${domain}: ${accepted}, ` +
      `each also as debug+NAME, or a module that declares ${needs(build, domain)}`,
  );
}

/** Why a build cannot have this allocator for a domain; null if it can. */
function misfit(build: Build, domain: DomainName, base: string, traits: Traits): string | null {
  if (domain === 'raw' && traits.attachedOnly) {
    return `threads that are not attached use the raw domain, and ${base} is for attached ones`;
  }
  if ((domain === 'raw' || build.lock === 'none') && !traits.threadSafe) {
    return isModule(base)
      ? 'it is not declared to be threadSafe'
      : `${base} has no locks: only a GIL keeps two threads out of it`;
  }
  if (domain === 'object' && readsWithoutLocks(build) && !traits.typeStable) {
    return (
      'readers without a lock look into headers of freed objects, whose memory must stay of one type, and ' +
      (isModule(base) ? 'it is not declared to be typeStable' : `that of ${base} does not`)
    );
  }
  return null;
}

function needs(build: Build, domain: DomainName): string {
  if (domain === 'object' && readsWithoutLocks(build)) return 'threadSafe and typeStable';
  return domain === 'raw' || build.lock === 'none' ? 'threadSafe' : 'its properties';
}

/** All of pymalloc's arenas are of one size: the interpreter has one state of it. */
function checkGeometries(build: Build, domains: DomainNames): void {
  const bases = [domains.mem, domains.object]
    .map((name) => parseChoice(name).base)
    .map((base) => (base === 'default' ? build.allocator : base))
    .filter((base) => base.startsWith('pymalloc'));
  if (new Set(bases).size < 2) return;
  throw new RangeError(
    `mem=${domains.mem} and object=${domains.object} do not go together: an interpreter has one size of arenas and ` +
      `pools, so mem and object are both ${bases[0]}, or both ${bases[1]}, or one of them is neither`,
  );
}
