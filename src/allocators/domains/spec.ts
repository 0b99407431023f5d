/**
 * Which allocator serves which domain, as `--allocator` and `RuntimeOptions.allocators` say it: CPython's
 * `PYTHONMALLOC`, and finer.
 */

/** The allocator of each domain, in words: `default`, `debug`, `mimalloc`, `debug+mimalloc`, a module's path. */
export interface DomainNames {
  readonly raw: string;
  readonly mem: string;
  readonly object: string;
}

export type DomainName = keyof DomainNames;

/** The same, taken apart. */
export interface DomainChoice {
  /** Under the debug hooks. */
  readonly debug: boolean;
  /** `default`, one of `ALLOCATOR_NAMES`, or the module of a user's own allocator. */
  readonly base: string;
}

export const DOMAIN_NAMES: readonly DomainName[] = ['raw', 'mem', 'object'];

/** The allocators that are there, by name. */
export const ALLOCATOR_NAMES: readonly string[] = [
  'malloc',
  'pymalloc',
  'pymalloc-old',
  'pymalloc-huge',
  'mimalloc',
];

const DEFAULTS: DomainNames = { raw: 'default', mem: 'default', object: 'default' };

/** What is accepted, in a phrase. */
const ACCEPTED_ALLOCATORS =
  `accepted: default, debug, ${ALLOCATOR_NAMES.map((name) => `${name}, ${name}_debug`).join(', ')} for all domains; ` +
  "raw=, mem=, object= with one of these names, debug+NAME, or a module's path (./mine.mjs)";

/**
 * Reads entries such as `debug`, `pymalloc_debug`, `object=debug+mimalloc`, `mem=./mine.mjs`, each of which may hold
 * several, separated by commas; later ones override earlier ones. Throws RangeError with what is accepted.
 */
export function parseAllocators(entries: readonly string[]): DomainNames {
  let domains = DEFAULTS;
  for (const entry of entries.flatMap((text) => text.split(','))) {
    domains = withEntry(domains, entry.trim());
  }
  return domains;
}

/** Takes one domain's name apart. Throws RangeError. */
export function parseChoice(text: string): DomainChoice {
  const debug = text === 'debug' || text.startsWith('debug+');
  const base = text === 'debug' ? 'default' : debug ? text.slice('debug+'.length) : text;
  if (base === 'default' || ALLOCATOR_NAMES.includes(base) || isModule(base)) return { debug, base };
  throw new RangeError(`unknown allocator '${text}'; ${ACCEPTED_ALLOCATORS}`);
}

/** Whether an allocator's name is a module of the user's own. */
export function isModule(base: string): boolean {
  return /^file:|[/\\]|\.[cm]?js$/.test(base);
}

function withEntry(domains: DomainNames, entry: string): DomainNames {
  const equals = entry.indexOf('=');
  if (equals < 0) return forAll(entry);
  const domain = entry.slice(0, equals) as DomainName;
  if (!DOMAIN_NAMES.includes(domain)) {
    throw new RangeError(`unknown domain '${domain}' in '${entry}'; ${ACCEPTED_ALLOCATORS}`);
  }
  return { ...domains, [domain]: nameOf(parseChoice(entry.slice(equals + 1))) };
}

/** PYTHONMALLOC's values. Its raw domain is malloc's in each of them: threads use it that have no right to the others. */
function forAll(entry: string): DomainNames {
  const { debug, base } = parseChoice(entry.replace(/^(.+)_debug$/, 'debug+$1'));
  if (isModule(base)) {
    throw new RangeError(
      `'${entry}' needs the name of its domain, as in object=${entry}; ${ACCEPTED_ALLOCATORS}`,
    );
  }
  const all = nameOf({ debug, base });
  return { raw: nameOf({ debug, base: base === 'default' ? base : 'malloc' }), mem: all, object: all };
}

function nameOf({ debug, base }: DomainChoice): string {
  if (!debug) return base;
  return base === 'default' ? 'debug' : `debug+${base}`;
}
