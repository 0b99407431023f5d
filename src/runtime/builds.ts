/** A build is a composition, as with CPython's configure flags (DESIGN 2). Plain data: it travels to workers. */
export interface Build {
  /** Its row's name, with the switches that were moved: `free-threaded:deferred=off`. */
  readonly name: string;
  readonly lock: 'gil' | 'none';
  /** `side-table`: one count an object, apart from the objects (see refcount/sideTable.ts). */
  readonly refcount: 'plain' | 'atomic' | 'biased' | 'side-table';
  readonly allocator: 'pymalloc' | 'mimalloc';
  /** Cycle collectors are not built yet: cyclic garbage stays until shutdown, and is reported there. */
  readonly collector: 'none';
  /** `sections`: critical sections and, with `qsbr`, lock-free reads. */
  readonly containers: 'unlocked' | 'sections' | 'mutex';
  readonly mechanisms: Mechanisms;
  readonly domains: Domains;
  /** Assertions of the invariants INV-1.x to INV-5.x; another set of classes, the others have none of them. */
  readonly debug: boolean;
  readonly summary: string;
}

/** What can be switched off, to see what it is worth (`ungil compare --ablate`). On in every row. */
export interface Mechanisms {
  /** Functions, classes and code have deferred counts: a reference on a stack is not counted. */
  readonly deferred: boolean;
  /** Counts of classes and code go to arrays of the threads (CPython `Python/uniqueid.c`). */
  readonly perThread: boolean;
  /** None, small ints, interned strings and other static objects are not counted (PEP 683). */
  readonly immortal: boolean;
  /** Objects are owned by their maker, who counts without atomics. Off: born merged. */
  readonly biased: boolean;
  /** A read of a local makes a borrowed reference (CPython 3.14 `LOAD_FAST_BORROW`). Off: a counted one. */
  readonly borrowed: boolean;
  /** Every thread has heaps of its own. Off: one set for all, under a lock. */
  readonly threadHeaps: boolean;
  /** Lists and dicts are read without locks, old arrays wait for a grace period. Off: readers take the lock. */
  readonly qsbr: boolean;
}

/** The allocator of each domain by name, `default` for the row's own. See allocators/domains/. */
export interface Domains {
  readonly raw: string;
  readonly mem: string;
  readonly object: string;
}

export const ALL_MECHANISMS: Mechanisms = {
  deferred: true,
  perThread: true,
  immortal: true,
  biased: true,
  borrowed: true,
  threadHeaps: true,
  qsbr: true,
};

export const DEFAULT_DOMAINS: Domains = { raw: 'default', mem: 'default', object: 'default' };

const COMMON = {
  collector: 'none',
  mechanisms: ALL_MECHANISMS,
  domains: DEFAULT_DOMAINS,
  debug: false,
} as const;

/** The one table of builds. */
export const BUILDS: readonly Build[] = [
  {
    ...COMMON,
    name: 'gil',
    lock: 'gil',
    refcount: 'plain',
    allocator: 'pymalloc',
    containers: 'unlocked',
    summary: 'one global lock, 5 ms switch interval, plain counts: CPython as most people run it',
  },
  {
    ...COMMON,
    name: 'free-threaded',
    lock: 'none',
    refcount: 'biased',
    allocator: 'mimalloc',
    containers: 'sections',
    summary: 'no global lock, biased counts, a heap a thread, lock-free reads: python3.14t',
  },
  {
    ...COMMON,
    name: 'gilectomy',
    lock: 'none',
    refcount: 'atomic',
    allocator: 'mimalloc',
    containers: 'mutex',
    summary: 'no global lock, every count atomic, a mutex an object: the experiment of 2016',
  },
  {
    ...COMMON,
    name: 'unsafe',
    lock: 'none',
    refcount: 'plain',
    allocator: 'mimalloc',
    containers: 'unlocked',
    summary: 'no lock at all: the races are the point; wrong results are expected and shown',
  },
];

/** Switches of a build's name, and the mechanism that each moves. */
const SWITCHES: Readonly<Record<string, keyof Mechanisms>> = {
  deferred: 'deferred',
  'per-thread': 'perThread',
  immortal: 'immortal',
  biased: 'biased',
  borrowed: 'borrowed',
  'thread-heaps': 'threadHeaps',
  qsbr: 'qsbr',
};

/** The names of the switches, in the order of `Mechanisms`. */
export const MECHANISM_NAMES: readonly string[] = Object.keys(SWITCHES);

const REFCOUNTS: readonly string[] = ['plain', 'atomic', 'biased', 'side-table'];

/**
 * The build of this name: a row's, with switches behind colons: `free-threaded:deferred=off:qsbr=off`,
 * `gil:refcount=side-table`. Throws RangeError naming those that exist.
 */
export function buildNamed(name: string): Build {
  const [row, ...switches] = name.split(':');
  const build = BUILDS.find((candidate) => candidate.name === row);
  if (build === undefined) {
    throw new RangeError(
      `unknown build '${row}'; builds are ${BUILDS.map((known) => known.name).join(', ')}`,
    );
  }
  return switches.reduce(withSwitch, build);
}

/** The build with one mechanism off, by its switch's name. Throws RangeError for an unknown name. */
export function withoutMechanism(build: Build, name: string): Build {
  return withSwitch(build, `${name}=off`);
}

function withSwitch(build: Build, text: string): Build {
  const [key, value] = text.split('=');
  const name = `${build.name}:${text}`;
  if (key === 'refcount' && REFCOUNTS.includes(value)) {
    return checked({ ...build, name, refcount: value as Build['refcount'] });
  }
  const mechanism = SWITCHES[key];
  if (mechanism !== undefined && (value === 'on' || value === 'off')) {
    return checked({ ...build, name, mechanisms: { ...build.mechanisms, [mechanism]: value === 'on' } });
  }
  throw new RangeError(
    `unknown switch '${text}' of build '${build.name}'; switches are ` +
      `${MECHANISM_NAMES.map((known) => `${known}=off`).join(', ')}, refcount=${REFCOUNTS.join('|')}`,
  );
}

/** Refuses compositions whose parts do not fit. */
function checked(build: Build): Build {
  if (build.containers === 'sections' && build.mechanisms.qsbr && build.refcount !== 'biased') {
    throw new RangeError(
      `build '${build.name}': lock-free reads need biased counts (biased=off makes them all shared); ` +
        'qsbr=off has readers take the lock instead',
    );
  }
  if (build.lock === 'none' && build.refcount === 'plain' && build.containers !== 'unlocked') {
    throw new RangeError(`build '${build.name}': plain counts without a lock are for build unsafe only`);
  }
  return build;
}
