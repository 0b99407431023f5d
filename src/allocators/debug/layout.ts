/**
 * A block under the debug hooks (CPython `Objects/obmalloc.c`, `_PyMem_DebugRawAlloc`), in words. From its start:
 * 8 bytes size, big-endian | 1 byte domain | 7 x 0xFD | data | 8 x 0xFD | 8 bytes serial number, big-endian.
 *
 * Sizes and serial numbers fit 32 bits. The upper half of the size is where allocators link freed blocks; the upper
 * half of the serial number holds the place of allocation and the thread (`Origin`), which CPython leaves to tracemalloc.
 */
export const enum DebugBlock {
  SizeHigh = 0,
  Size = 1,
  /** `DomainId` in the lowest byte, then the first three guard bytes. */
  Domain = 2,
  Guard = 3,
  /** 16 bytes: what is behind is aligned as the block is. */
  PrefixWords = 4,
  /** From the end of the data. Of a freed block the first word is the `Origin` of its free, without the site. */
  Pad = 0,
  PadWords = 2,
  Origin = 2,
  Serial = 3,
  SuffixWords = 4,
  ExtraWords = PrefixWords + SuffixWords,
}

/** CPython's bytes, four at a time: clean, dead, forbidden. */
export const enum Fill {
  Clean = 0xcdcdcdcd | 0,
  Dead = 0xdddddddd | 0,
  Forbidden = 0xfdfdfdfd | 0,
  /** With the domain's byte: `DebugBlock.Domain`. */
  ForbiddenBehindDomain = 0xfdfdfd00 | 0,
}

/** The domain's byte: r, m, o as in CPython. */
export const enum DomainId {
  Raw = 0x72,
  Mem = 0x6d,
  Object = 0x6f,
  /** M: of domain mem, freed already, waits for its grace period. Readers may still look at the data. */
  Delayed = 0x4d,
}

/** By whom and where a block was allocated: thread in the upper bits, site in the lower (`SiteTable`). */
export const enum Origin {
  ThreadShift = 20,
  SiteMask = (1 << ThreadShift) - 1,
}
