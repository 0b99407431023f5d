/** A build is a composition, as with CPython's configure flags (DESIGN 2). */
export interface Build {
  readonly name: string;
  readonly lock: 'gil' | 'none';
  readonly refcount: 'plain' | 'atomic' | 'biased';
  readonly allocator: 'pymalloc' | 'mimalloc';
  /** Cycle collectors are not built yet: cyclic garbage stays until shutdown, and is reported there. */
  readonly collector: 'none';
  /** `sections`: critical sections and lock-free reads. */
  readonly containers: 'unlocked' | 'sections' | 'mutex';
  readonly summary: string;
}

/** The one table of builds. */
export const BUILDS: readonly Build[] = [
  {
    name: 'gil',
    lock: 'gil',
    refcount: 'plain',
    allocator: 'pymalloc',
    collector: 'none',
    containers: 'unlocked',
    summary: 'one global lock, 5 ms switch interval, plain counts: CPython as most people run it',
  },
  {
    name: 'free-threaded',
    lock: 'none',
    refcount: 'biased',
    allocator: 'mimalloc',
    collector: 'none',
    containers: 'sections',
    summary: 'no global lock, biased counts, a heap a thread, lock-free reads: python3.14t',
  },
  {
    name: 'gilectomy',
    lock: 'none',
    refcount: 'atomic',
    allocator: 'mimalloc',
    collector: 'none',
    containers: 'mutex',
    summary: 'no global lock, every count atomic, a mutex an object: the experiment of 2016',
  },
  {
    name: 'unsafe',
    lock: 'none',
    refcount: 'plain',
    allocator: 'mimalloc',
    collector: 'none',
    containers: 'unlocked',
    summary: 'no lock at all: the races are the point; wrong results are expected and shown',
  },
];

/** The build of this name. Throws RangeError naming those that exist. */
export function buildNamed(name: string): Build {
  const build = BUILDS.find((candidate) => candidate.name === name);
  if (build === undefined) {
    throw new RangeError(`unknown build '${name}'; builds are ${BUILDS.map((row) => row.name).join(', ')}`);
  }
  return build;
}
