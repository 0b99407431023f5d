import { describe, expect, it } from 'vitest';
import { COPY_ON_WRITE_CASES, measureCopyOnWrite } from '#ungil/explore/copyOnWrite.js';
import { Program } from '#ungil/explore/rewrite/program.js';
import { WriteRecorder } from '#ungil/explore/writeRecorder.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';

const FIXTURE = new URL('../fixtures/writes.mjs', import.meta.url).href;

describe('the recorder of writes', () => {
  it('notes every word that is written, and no other', async () => {
    const memory = SharedMemory.create(16 << 20);
    const recorder = new WriteRecorder(memory.i32.buffer);
    const program = new Program({ hooks: recorder, native: () => false, suspending: [] });
    const [fixture] = await program.load([FIXTURE]);
    const { writes, aside } = fixture as unknown as { writes(m: SharedMemory): number; aside(): number };
    recorder.complete(writes(memory));
    const found: number[] = [];
    recorder.written.visit((word) => void found.push(word));
    expect(found).toEqual([]);
    memory.i32[800] = 0;
    recorder.record = true;
    expect(recorder.complete(writes(memory))).toBe(1);
    expect(recorder.complete(aside())).toBe(1);
    recorder.record = false;
    recorder.written.visit((word) => void found.push(word));
    const expected = [100, 200, 300, 301, 400, 501, 600, 601, 602, 603, 700, 701, 702, 800, 801, 802, 803];
    expect(found).toEqual(expected);
    for (const word of expected) expect(recorder.written.has(word)).toBe(true);
    expect(recorder.written.has(900)).toBe(false);
    expect([...memory.i32.subarray(700, 704)]).toEqual([5, 5, 5, 0]);
  });
});

describe('reading a shared structure', async () => {
  const size = { lists: 20, items: 60, entries: 100, instances: 150 };
  const objects = 20 + 20 * 60 + 2 * 100 + 2 * 150 + 3;
  const results = new Map(
    await Promise.all(
      COPY_ON_WRITE_CASES.map(async (one) => [one.name, await measureCopyOnWrite(one, size)] as const),
    ),
  );
  const result = (name: string) => results.get(name)!;

  it('reads the same everywhere', () => {
    // Floats 0..59 in ten lists, strs 'text i j' in ten, keys from 1000 with values from 0, attributes from 0.
    let sum = 10 * ((59 * 60) / 2);
    for (let i = 1; i < 20; i += 2) for (let j = 0; j < 60; j++) sum += `text ${i} ${j}`.length;
    for (let i = 0; i < 100; i++) sum += 1000 + 2 * i;
    sum += (149 * 150) / 2;
    for (const one of results.values()) expect(one).toMatchObject({ sum, objects });
  });

  it.each([
    'plain, in the object',
    'atomic, in the object',
    'biased, read by the owner',
    'biased, read by another thread',
  ])('%s: dirties every page with an object, and nothing of arrays and tables', (name) => {
    const { dirtiedPages, objectPages, structurePages, tablePages } = result(name);
    expect(dirtiedPages).toBe(objectPages);
    expect(objectPages).toBeLessThan(structurePages);
    expect(tablePages).toBe(0);
  });

  it('a side table: dirties its own pages instead of the structure’s', () => {
    const plain = result('plain, in the object');
    const table = result('side table, plain');
    expect(table.structurePages).toBe(plain.structurePages);
    expect(table.dirtiedPages).toBe(0);
    expect(table.otherPages).toBe(0);
    // A count takes an eighth of the smallest object: so many more of them share a line.
    expect(table.tablePages).toBeGreaterThan(0);
    expect(table.tablePages).toBeLessThan(plain.dirtiedPages);
    expect(table.lines).toBeLessThan(plain.lines / 3);
    expect(table.objectsPerLine).toBeGreaterThan(3 * plain.objectsPerLine);
  });

  it('a side table without a GIL: what is left are the mutexes of the containers', () => {
    const { dirtiedPages, objectPages } = result('side table, atomic');
    expect(dirtiedPages).toBeGreaterThan(0);
    expect(dirtiedPages).toBeLessThan(objectPages / 2);
  });

  it('immortal objects: nothing is written', () => {
    expect(result('plain, made immortal')).toMatchObject({
      dirtiedPages: 0,
      tablePages: 0,
      otherPages: 0,
      lines: 0,
    });
    // Another thread's first read of a container sets its SHARED bit.
    const { dirtiedPages, objectPages } = result('biased, made immortal, another thread');
    expect(dirtiedPages).toBeGreaterThan(0);
    expect(dirtiedPages).toBeLessThan(objectPages / 2);
  });

  it('gives the same figures again', async () => {
    for (const one of COPY_ON_WRITE_CASES.slice(3, 7)) {
      expect(await measureCopyOnWrite(one, size)).toEqual(result(one.name));
    }
  });
});
