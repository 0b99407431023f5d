import { describe, expect, it } from 'vitest';
import { DebugError, type DebugFinding } from '#ungil/memory/errors.js';
import { HeapTag } from '#ungil/memory/layout.js';
import { type Domains, exitAll, startDomains } from '../domains/support.js';

/** What CPython's hooks write, by the byte. */
const LAYOUT = { front: 16, behind: 16 };

const COMPOSITIONS: readonly [string, boolean][] = [
  ['debug', false],
  ['mimalloc_debug', false],
  ['malloc_debug', false],
  ['debug', true],
  ['mem=debug+malloc,object=debug+own', true],
];

const TAGS = [HeapTag.Mem, HeapTag.Object, HeapTag.Gc, HeapTag.GcPre];

/** The error that the body throws. */
function found(body: () => void): DebugError {
  try {
    body();
  } catch (error) {
    if (error instanceof DebugError) return error;
    throw error;
  }
  throw new Error('nothing was found');
}

function expectFinding(error: DebugError, finding: DebugFinding, block: number, bytes: number): void {
  const { details, message } = error;
  expect(details).toMatchObject({ finding, address: block, bytes, allocatedBy: 'thread 0' });
  expect(details.place).toMatch(/findings\.test\.ts:\d+:\d+$/);
  expect(details.serial).toBeGreaterThan(0);
  expect(message).toContain(`${finding}: `);
  expect(message).toContain(`block 0x${block.toString(16)}, ${bytes} bytes, serial number ${details.serial}`);
  expect(message).toContain(`allocated by thread 0 at ${details.place}`);
}

describe.each(COMPOSITIONS)('under %s (lock-free readers: %s)', (spec, readers) => {
  const start = (count = 1): Domains => startDomains(spec, readers, count);

  it.each(TAGS)('a block of tag %i looks as CPython writes it, alive and freed', (tag) => {
    const { memory, allocators } = start();
    const [allocator] = allocators;
    allocator!.alloc(1, tag);
    const block = allocator!.alloc(10, tag);
    const bytes = (from: number, count: number) => [...memory.u8.slice(from, from + count)];
    const data = block * 4;
    const id = (tag === HeapTag.Mem ? 'm' : 'o').charCodeAt(0);
    expect(bytes(data - LAYOUT.front, 16)).toEqual([0, 0, 0, 0, 0, 0, 0, 40, id, ...Array(7).fill(0xfd)]);
    // Headers of objects are left alone where somebody may still count there.
    const kept = !readers || tag === HeapTag.Mem ? 0 : tag === HeapTag.GcPre ? 32 : 16;
    expect(bytes(data + kept, 40 - kept)).toEqual(Array(40 - kept).fill(0xcd));
    expect(bytes(data + 40, 8)).toEqual(Array(8).fill(0xfd));
    expect(bytes(data + 52, 4)).toEqual([0, 0, 0, 2]);
    expect(block % 4).toBe(0);
    const header = memory.i32.slice(block, block + kept / 4);
    allocator!.free(block, tag);
    expect(memory.i32.slice(block, block + kept / 4)).toEqual(header);
    expect(bytes(data - 8, 8)).toEqual(Array(8).fill(0xdd));
    expect(bytes(data + kept, 40 - kept)).toEqual(Array(40 - kept).fill(0xdd));
  });

  it.each(TAGS)('tag %i: a double free, by whichever thread', (tag) => {
    const { allocators } = start(2);
    const block = allocators[0]!.alloc(6, tag);
    allocators[0]!.free(block, tag);
    const error = found(() => allocators[1]!.free(block, tag));
    expectFinding(error, 'double free', block, 24);
    expect(error.details).toMatchObject({ freedBy: 'thread 0', detectedBy: 'thread 1' });
  });

  it.each(TAGS)('tag %i: an overrun, to the byte', (tag) => {
    const { memory, allocators } = start(2);
    const block = allocators[0]!.alloc(5, tag);
    memory.u8[block * 4 + 20 + 6] = 0;
    const error = found(() => allocators[1]!.free(block, tag));
    expectFinding(error, 'overrun', block, 20);
    expect(error.message).toContain('byte 6 behind the block was changed');
    expect(error.details.detectedBy).toBe('thread 1');
  });

  it.each(TAGS)('tag %i: an underrun, to the byte', (tag) => {
    const { memory, allocators } = start();
    const block = allocators[0]!.alloc(5, tag);
    memory.u8[block * 4 - 3] = 0;
    const error = found(() => allocators[0]!.free(block, tag));
    expectFinding(error, 'underrun', block, 20);
    expect(error.message).toContain('byte 3 in front of the block was changed');
  });

  it('an underrun that has made the size impossible leaves it and the place unknown', () => {
    const { memory, allocators } = start();
    const block = allocators[0]!.alloc(5, HeapTag.Gc);
    memory.i32[block - 3] = 0x7f;
    const { details, message } = found(() => allocators[0]!.free(block, HeapTag.Gc));
    expect(details).toMatchObject({ finding: 'underrun', bytes: null, place: null, serial: null });
    expect(message).toContain('size unknown, place of allocation unknown');
  });

  it('a block that is freed in another domain', () => {
    const { allocators } = start(2);
    const block = allocators[0]!.alloc(9, HeapTag.Mem);
    const error = found(() => allocators[1]!.free(block, HeapTag.Gc));
    expectFinding(error, 'foreign-domain free', block, 36);
    expect(error.message).toContain('allocated with mem (m), freed with object (o)');
    const other = start().allocators[0]!;
    const object = other.alloc(9, HeapTag.Object);
    const second = found(() => other.freeDelayed(object));
    expect(second.message).toContain('allocated with object (o), freed with mem (m)');
  });

  it.each(TAGS)('tag %i: a use after free, when the block is to be handed out again', (tag) => {
    const { memory, allocators } = start();
    const block = allocators[0]!.alloc(12, tag);
    allocators[0]!.free(block, tag);
    memory.u8[block * 4 + 41] = 1;
    const error = found(() => {
      for (let i = 0; i < 1000; i++) allocators[0]!.free(allocators[0]!.alloc(12, tag), tag);
    });
    expectFinding(error, 'use after free', block, 48);
    expect(error.message).toContain('byte 41 of a freed block was changed');
    expect(error.details.freedBy).toBe('thread 0');
  });

  it('a use after free, at a check of the whole heap, and at the end of the thread', () => {
    const heaps = start(2);
    const [first, second] = heaps.allocators;
    const block = first!.alloc(12, HeapTag.Mem);
    first!.free(block, HeapTag.Mem);
    second!.check();
    heaps.memory.i32[block + 11] = 1;
    expectFinding(
      found(() => second!.check()),
      'use after free',
      block,
      48,
    );
    expectFinding(
      found(() => exitAll(heaps)),
      'use after free',
      block,
      48,
    );
  });

  it('an overrun of a block that nobody frees, at a check of the whole heap', () => {
    const { memory, allocators } = start();
    const block = allocators[0]!.alloc(7, HeapTag.Gc);
    allocators[0]!.check();
    memory.i32[block + 7] = 0;
    expectFinding(
      found(() => allocators[0]!.check()),
      'overrun',
      block,
      28,
    );
  });

  it('a wild address', () => {
    const { memory, allocators } = start();
    for (const address of [0, 4, 8, 20_000_001, memory.i32.length + 64]) {
      const error = found(() => start().allocators[0]!.free(address, HeapTag.Gc));
      expect(error.details.finding).toBe('free of no block');
    }
    expect(allocators[0]!.alloc(1, HeapTag.Gc)).toBeGreaterThan(0);
  });

  it('a program that catches the error gets it again, and cannot end well', () => {
    const heaps = start();
    const [allocator] = heaps.allocators;
    const block = allocator!.alloc(7, HeapTag.Gc);
    allocator!.free(block, HeapTag.Gc);
    const error = found(() => allocator!.free(block, HeapTag.Gc));
    expect(found(() => allocator!.alloc(1, HeapTag.Mem))).toBe(error);
    expect(found(() => exitAll(heaps))).toBe(error);
  });

  it('sizes that are none are refused, with hooks as without', () => {
    const { allocators } = start();
    for (const words of [-1, -6, Number.NaN, 1.5, 2 ** 40]) {
      expect(() => allocators[0]!.alloc(words, HeapTag.Mem)).toThrow(/cannot allocate .* words/);
    }
  });

  it('realloc moves, copies, and takes the old block out of use', () => {
    const { memory, allocators } = start();
    const [allocator] = allocators;
    const block = allocator!.alloc(8, HeapTag.Mem);
    memory.i32.fill(77, block, block + 8);
    const moved = allocator!.realloc(block, 20, HeapTag.Mem);
    expect([...memory.i32.slice(moved, moved + 8)]).toEqual(Array(8).fill(77));
    expect(memory.u8[moved * 4 + 32]).toBe(0xcd);
    expect(allocator!.blockWords(moved)).toBe(20);
    expect(found(() => allocator!.free(block, HeapTag.Mem)).details.finding).toBe('double free');
  });
});

describe('delayed frees under the hooks', () => {
  it('a second one of the same block, before and after its grace period', () => {
    const { allocators } = startDomains('debug', true, 2);
    const block = allocators[0]!.alloc(6, HeapTag.Mem);
    allocators[0]!.freeDelayed(block);
    const error = found(() => allocators[1]!.freeDelayed(block));
    expectFinding(error, 'double free', block, 24);
    expect(error.message).toContain('waits for its grace period already');
    const again = found(() => allocators[0]!.free(block, HeapTag.Mem));
    expect(again.details.finding).toBe('double free');
  });

  it('an overrun is found when the block is given up, not after its grace period', () => {
    const { memory, allocators } = startDomains('debug', true);
    const block = allocators[0]!.alloc(6, HeapTag.Mem);
    memory.i32[block + 6] = 1;
    expectFinding(
      found(() => allocators[0]!.freeDelayed(block)),
      'overrun',
      block,
      24,
    );
  });
});

describe('a tag of no heap', () => {
  it.each([-1, 1.5, 5, Number.NaN])('%s is refused with what is accepted', (tag) => {
    const { allocators } = startDomains('debug', false);
    expect(() => allocators[0]!.alloc(4, tag as HeapTag)).toThrow(
      new RangeError(
        `cannot allocate with tag ${tag}: accepted are 0 (mem), 1 (object), 2 (gc), 3 (gc with pre-header)`,
      ),
    );
  });
});

describe('the raw domain', () => {
  it('has hooks of its own', () => {
    const { memory, allocators } = startDomains('raw=debug', true);
    const block = allocators[0]!.rawAlloc(3);
    expect(memory.u8[block * 4 - 8]).toBe('r'.charCodeAt(0));
    memory.i32[block + 3] = 1;
    expectFinding(
      found(() => allocators[0]!.rawFree(block)),
      'overrun',
      block,
      12,
    );
  });
});
