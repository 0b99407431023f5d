/** Sizes of pymalloc, and how it finds out whether an address is its own. Fixed for the life of an interpreter. */
export interface PymallocGeometry {
  /** What `--allocator` calls it. */
  readonly name: string;
  /** Words of an arena and of a pool; powers of two, a pool at least 4 KiB, an arena at most a segment. */
  readonly arenaWords: number;
  readonly poolWords: number;
  /**
   * `radix`: a tree over the address (3.10). `pool-header`: the arena index in the header of what would be the
   * block's pool (before 3.10). `segment`: who has the segment, which only an aligned segment layer can tell; it is
   * there to measure the other two against.
   */
  readonly addressMap: 'radix' | 'pool-header' | 'segment';
}

/** CPython 3.10 and later: arenas of 1 MiB, pools of 16 KiB, radix tree. */
export const PYMALLOC: PymallocGeometry = {
  name: 'pymalloc',
  arenaWords: 1 << 18,
  poolWords: 1 << 12,
  addressMap: 'radix',
};

/** CPython before 3.10: arenas of 256 KiB, pools of 4 KiB, `address_in_range` by the pool's header. */
export const PYMALLOC_OLD: PymallocGeometry = {
  name: 'pymalloc-old',
  arenaWords: 1 << 16,
  poolWords: 1 << 10,
  addressMap: 'pool-header',
};

/** CPython 3.15 with huge pages (gh-144319): arenas of 2 MiB. */
export const PYMALLOC_HUGE: PymallocGeometry = {
  name: 'pymalloc-huge',
  arenaWords: 1 << 19,
  poolWords: 1 << 12,
  addressMap: 'radix',
};

export const PYMALLOC_GEOMETRIES: readonly PymallocGeometry[] = [PYMALLOC, PYMALLOC_OLD, PYMALLOC_HUGE];

/** The geometry of this name. Throws RangeError naming those that exist. */
export function pymallocGeometry(name: string): PymallocGeometry {
  const geometry = PYMALLOC_GEOMETRIES.find((known) => known.name === name);
  if (geometry !== undefined) return geometry;
  const names = PYMALLOC_GEOMETRIES.map((known) => known.name).join(', ');
  throw new RangeError(`unknown pymalloc '${name}'; there are ${names}`);
}
