import { describe, expect, it } from 'vitest';
import { renderHeap } from '#ungil/report/heapText.js';
import { painter } from '#ungil/report/text.js';
import { heapOf, statistics } from './heapFixtures.js';

const plain = painter(false);
const text = (run = heapOf(), width = 100) => renderHeap(run, { width, paint: plain }).join('\n');

describe('the text of a heap', () => {
  it('shows the whole, owners, sizes, what waits, caches', () => {
    const shown = text();
    expect(shown).toContain('free-threaded, 2 threads: at the end of run, everything alive');
    expect(shown).toContain('1 of 255 segments of 4.0 MiB in use (1 of pages');
    expect(shown).toContain('4,194,304 bytes = 4.7 KiB live + 1.2 KiB free + 3.9 MiB unused + 86 KiB waste');
    expect(shown).toMatch(/^thread 0 +1 +4\.7 KiB +1\.2 KiB +3\.9 MiB +86 KiB$/m);
    expect(shown).toContain('thread 0, heap gc, object domain');
    expect(shown).toMatch(/^ {2}48 +1 +0 +100 +25 +891 +4,800 +1,200 +36,768 +22,768$/m);
    expect(shown).toContain('waiting for readers: 2 blocks (960 bytes), 1 empty page (65,536 bytes)');
    expect(shown).toContain('free lists of thread 0: ints 12, lists 3 (480 bytes)');
    expect(shown).toContain('after the last thread has exited');
    expect(shown).toContain('free lists of objects: empty');
    expect(shown).toContain('nothing is left: no leak');
    expect(shown).not.toContain('check:');
  });

  it('shows arenas and pools', () => {
    const pymalloc = {
      arenaSize: 1 << 20,
      poolSize: 16_384,
      arenas: 2,
      arenasEver: 5,
      arenasHighWater: 3,
      freePools: 7,
      freePoolBytes: 114_688,
      poolHeaderBytes: 96,
      quantisationBytes: 928,
    };
    const shown = text(heapOf({ during: { statistics: statistics({ pymalloc }), problems: null } }));
    expect(shown).toContain('pymalloc: 2 arenas of 1.0 MiB, 5 ever, 3 at the peak');
    expect(shown).toContain('7 free pools of 16 KiB: 114,688 bytes');
    expect(shown).toContain('pool headers 96 bytes, lost to quantisation 928');
  });

  it('shows problems and leaks in red, a sound heap plainly', () => {
    const run = heapOf({
      during: { statistics: statistics(), problems: ['INV-4.1: page 7 is wrong'] },
      after: { statistics: statistics(), problems: [] },
      leaks: [{ type: 'int', count: 2, addresses: [100, 200] }],
    });
    const lines = renderHeap(run, { width: 100, paint: painter(true) });
    expect(lines).toContain('\x1b[31mcheck: INV-4.1: page 7 is wrong\x1b[39m');
    expect(lines).toContain('check: the heap is sound');
    expect(lines).toContain('\x1b[31mleft: 2 of int, at 100, 200\x1b[39m');
    const many = { ...run, leaks: [{ type: 'int', count: 9, addresses: [100, 200] }] };
    expect(text(many)).toContain('left: 9 of int, the first at 100, 200');
  });

  it.each([40, 60, 80, 100])('fits into %d columns, and keeps what matters', (width) => {
    const run = heapOf({
      during: {
        statistics: statistics(),
        problems: [`INV-1.4: object 12345678 has the count 3, ${'4 references are in the heap '.repeat(3)}`],
      },
      leaks: [{ type: 'a-class-with-a-long-name', count: 1_234_567, addresses: [1, 2, 3, 4, 5, 6, 7, 8] }],
    });
    const lines = renderHeap(run, { width, paint: plain });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines.join('\n')).toMatch(/^ {2}48 +1 .*100/m);
  });
});
