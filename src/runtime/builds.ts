import type { DomainNames } from '../allocators/domains/spec.js';

/** A build is a composition, as with CPython's configure flags. Plain data: it travels to workers. */
export interface Build {
  /** Its row's name, with the switches that were moved: `free-threaded:deferred=off`. */
  readonly name: string;
  readonly lock: 'gil' | 'none';
  /**
   * `side-table`: one count an object, apart from the objects (see refcount/sideTable.ts). `none`: no counts, what is
   * alive is found by tracing (see gc/tracing/).
   */
  readonly refcount: 'plain' | 'atomic' | 'biased' | 'side-table' | 'none';
  readonly allocator: 'pymalloc' | 'mimalloc';
  /** `none`: cyclic garbage stays, and is a leak. `tracing`: goes with `refcount: 'none'`. */
  readonly collector: 'generational' | 'free-threaded' | 'tracing' | 'none';
  /** `sections`: critical sections and, with `qsbr`, lock-free reads. */
  readonly containers: 'unlocked' | 'sections' | 'mutex';
  readonly mechanisms: Mechanisms;
  readonly domains: Domains;
  /** Assertions of the invariants INV-1.x to INV-5.x; another set of classes, the others have none of them. */
  readonly debug: boolean;
  /** Another set of classes, likewise; what they measure says nothing of speed. */
  readonly instruments: Instruments;
  readonly summary: string;
}

/**
 * `counted`: every operation that could be contended is counted, those of the fast paths too. `traced`: what a thread does
 * and waits for is recorded with its time. `none`: slow paths are counted, as they always are.
 */
export type Instruments = 'none' | 'counted' | 'traced';

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
  /** A collection first marks what the roots lead to, and counts references of the rest alone (CPython 3.14). */
  readonly markAlive: boolean;
}

/** The allocator of each domain by name, `default` for the row's own; see allocators/domains/spec.ts. */
export type Domains = DomainNames;

const ALL_MECHANISMS: Mechanisms = {
  deferred: true,
  perThread: true,
  immortal: true,
  biased: true,
  borrowed: true,
  threadHeaps: true,
  qsbr: true,
  markAlive: true,
};

const DEFAULT_DOMAINS: Domains = { raw: 'default', mem: 'default', object: 'default' };

const COMMON = {
  mechanisms: ALL_MECHANISMS,
  domains: DEFAULT_DOMAINS,
  debug: false,
  instruments: 'none',
} as const;

/** The one table of builds. */
export const BUILDS: readonly Build[] = [
  {
    ...COMMON,
    name: 'gil',
    lock: 'gil',
    refcount: 'plain',
    allocator: 'pymalloc',
    collector: 'generational',
    containers: 'unlocked',
    summary: 'one global lock, 5 ms switch interval, plain counts: CPython as most people run it',
  },
  {
    ...COMMON,
    name: 'free-threaded',
    lock: 'none',
    refcount: 'biased',
    allocator: 'mimalloc',
    collector: 'free-threaded',
    containers: 'sections',
    summary: 'no global lock, biased counts, a heap a thread, lock-free reads: python3.14t',
  },
  {
    ...COMMON,
    name: 'gilectomy',
    lock: 'none',
    refcount: 'atomic',
    allocator: 'mimalloc',
    collector: 'free-threaded',
    containers: 'mutex',
    summary: 'no global lock, every count atomic, a mutex an object: the experiment of 2016',
  },
  {
    ...COMMON,
    name: 'unsafe',
    lock: 'none',
    refcount: 'plain',
    allocator: 'mimalloc',
    collector: 'none',
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
  'mark-alive': 'markAlive',
};

/** The names of the switches, in the order of `Mechanisms`. */
export const MECHANISM_NAMES: readonly string[] = Object.keys(SWITCHES);

/** What `refcount=` can be. */
export const REFCOUNTS: readonly string[] = ['plain', 'atomic', 'biased', 'side-table', 'none'];

/** What each switch takes away, for lists and error messages. */
const SWITCH_WORDS: Readonly<Record<string, string>> = {
  deferred: 'references on a stack to functions, classes and code are counted like all others',
  'per-thread': 'classes and code are counted in the objects, not in arrays of the threads',
  immortal: 'None, small ints, interned strings and built-in types are counted like all others',
  biased: 'objects are born merged: every count is atomic, the maker has no fast path',
  borrowed: 'a read of a local makes a counted reference, as before CPython 3.14',
  'thread-heaps': 'one set of heaps for all threads, under a lock',
  qsbr: 'readers of lists, dicts and instances take the lock; replaced arrays are freed at once',
  'mark-alive': 'marking from the roots is skipped: a collection counts the references of all objects',
};

/** A switch of a build's name, for lists. */
export interface SwitchInfo {
  /** As in `free-threaded:NAME=off`. */
  readonly name: string;
  /** What is different when it is off. */
  readonly off: string;
  /** The rows that have the mechanism. */
  readonly builds: readonly string[];
}

/** The switches, in the order of `Mechanisms`. */
export function switchInfos(): SwitchInfo[] {
  return MECHANISM_NAMES.map((name) => ({
    name,
    off: SWITCH_WORDS[name],
    builds: BUILDS.filter((build) => whyNot(build, name) === null).map((build) => build.name),
  }));
}

/** The forms of the switch that chooses how references are counted. */
export const REFCOUNT_SWITCH = `refcount=${REFCOUNTS.join('|')}`;

/** The switch that takes the collector of cycles away. */
export const COLLECTOR_SWITCH = 'collector=off';

/** Every switch, as error messages show them. */
export const SWITCH_FORMS: readonly string[] = [
  ...MECHANISM_NAMES.map((name) => `${name}=off`),
  REFCOUNT_SWITCH,
  COLLECTOR_SWITCH,
];

/** What stands before the `=` in each. */
export const SWITCH_KEYS: readonly string[] = [...MECHANISM_NAMES, 'refcount', 'collector'];

/**
 * The build of this name: a row's, with switches behind colons: `free-threaded:deferred=off:qsbr=off`,
 * `gil:refcount=side-table`. Throws RangeError naming those that exist, or why they do not fit together.
 */
export function buildNamed(name: string): Build {
  const [row, ...switches] = name.split(':');
  const build = BUILDS.find((candidate) => candidate.name === row);
  if (build === undefined) {
    throw new RangeError(
      `unknown build '${row}'; builds are ${BUILDS.map((known) => known.name).join(', ')}`,
    );
  }
  return checked(switches.reduce(withSwitch, build), switches);
}

/** The build with the invariants as assertions: another set of classes. Its name stays. */
export function withDebug(build: Build, debug: boolean): Build {
  return debug === build.debug ? build : { ...build, debug };
}

/** The build with instruments: another set of classes. Its name stays. */
export function withInstruments(build: Build, instruments: Instruments): Build {
  return instruments === build.instruments ? build : { ...build, instruments };
}

/** The build with one mechanism off, by its switch's name. Throws RangeError where the build has no such mechanism. */
export function withoutMechanism(build: Build, name: string): Build {
  return buildNamed(`${build.name}:${name}=off`);
}

/** Why a mechanism, by its switch's name, makes no difference to a build; null if it does. */
export function whyNot(build: Build, name: string): string | null {
  const biased = build.refcount === 'biased';
  if (build.refcount === 'none' && ofCounts(name)) return 'it counts no references at all';
  switch (name) {
    case 'deferred':
    case 'per-thread':
      return biased ? null : `${build.refcount} counts have no deferral`;
    case 'biased':
      return biased ? null : `its counts are ${build.refcount} as it is`;
    case 'immortal':
      return racesByDesign(build) ? 'its races would free None' : null;
    case 'borrowed':
      return racesByDesign(build) ? 'its races would free what the threads share' : null;
    case 'thread-heaps':
      return build.allocator === 'mimalloc' ? null : `${build.allocator} has one heap for all threads`;
    case 'qsbr':
      return build.containers === 'sections' ? null : 'nothing is read without a lock there';
    case 'mark-alive':
      return build.collector === 'free-threaded' ? null : 'its collector does not mark from the roots';
    default:
      return null;
  }
}

/** Why a mechanism cannot be taken away from a build: it makes no difference, or is off already. Null if it can. */
export function whyWithout(build: Build, name: string): string | null {
  return whyNot(build, name) ?? (build.mechanisms[SWITCHES[name]] ? null : 'it is off there already');
}

/** True for `unsafe`, whatever its switches: wrong results are what it is there for. */
export function racesByDesign(build: Build): boolean {
  return build.lock === 'none' && build.containers === 'unlocked';
}

/** Lists, dicts and instances are read without a lock. */
export function readsWithoutLocks(build: Build): boolean {
  return build.containers === 'sections' && build.mechanisms.qsbr;
}

/** No read of a container without its lock, not even through an inline cache. */
export function readsUnderLocks(build: Build): boolean {
  return build.containers === 'mutex' || (build.containers === 'sections' && !build.mechanisms.qsbr);
}

function withSwitch(build: Build, text: string): Build {
  const [key, value] = text.split('=');
  const name = `${build.name}:${text}`;
  if (key === 'refcount' && REFCOUNTS.includes(value)) {
    return { ...build, name, refcount: value as Build['refcount'], collector: collectorFor(build, value) };
  }
  if (text === COLLECTOR_SWITCH) return { ...build, name, collector: 'none' };
  const mechanism = SWITCHES[key];
  if (mechanism !== undefined && (value === 'on' || value === 'off')) {
    return { ...build, name, mechanisms: { ...build.mechanisms, [mechanism]: value === 'on' } };
  }
  throw new RangeError(
    `unknown switch '${text}' of build '${build.name}'; switches are ${SWITCH_FORMS.join(', ')}`,
  );
}

/** Without counts only a collector that traces can tell what is alive; with them, the row's own does. */
function collectorFor(build: Build, refcount: string): Build['collector'] {
  if (refcount === 'none') return 'tracing';
  return build.collector === 'tracing' ? rowOf(build).collector : build.collector;
}

function rowOf({ name }: Build): Build {
  return BUILDS.find((row) => row.name === name.split(':')[0]) as Build;
}

/** Switches that say how references are counted. */
function ofCounts(name: string): boolean {
  return ['deferred', 'per-thread', 'immortal', 'biased', 'borrowed'].includes(name);
}

/** Refuses compositions whose parts do not fit, and switches that would change nothing. */
function checked(build: Build, switches: readonly string[]): Build {
  const refuse = (why: string): never => {
    throw new RangeError(`build '${build.name}': ${why}`);
  };
  if (build.lock === 'none' && build.refcount === 'plain' && !racesByDesign(build)) {
    refuse('plain counts without a lock are for build unsafe only');
  }
  if (racesByDesign(build) && build.refcount === 'biased') {
    refuse('biased counts need containers with locks; the row free-threaded has them');
  }
  if (racesByDesign(build) && build.refcount === 'none') {
    refuse('a collector that traces needs every thread at a safepoint and what they share intact');
  }
  if (readsWithoutLocks(build) && build.refcount !== 'biased' && build.refcount !== 'none') {
    refuse('lock-free reads need biased counts, or none; with qsbr=off readers take the lock instead');
  }
  if (switches.includes(COLLECTOR_SWITCH) && rowOf(build).collector === 'none') {
    refuse(`${COLLECTOR_SWITCH} changes nothing: it has no collector`);
  }
  if (build.refcount === 'none' && build.collector === 'none')
    refuse('without counts only a collector frees anything');
  for (const text of switches) {
    const [name, value] = text.split('=');
    const why = value === 'off' ? whyNot(build, name) : null;
    if (why !== null) refuse(`${text} cannot be: ${why}`);
  }
  return build;
}
