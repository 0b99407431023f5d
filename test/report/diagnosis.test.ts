import { describe, expect, it } from 'vitest';
import { causesOf, type DiagnosedRun, diagnose } from '#ungil/report/diagnosis.js';
import type { Explained, Hot } from '#ungil/report/types.js';

/** Two threads, a thousand operations each, in a tenth of a second. */
function explained(counters: Record<string, number>, hot: Partial<Explained> = {}): Explained {
  return {
    operations: 2000,
    seconds: 0.1,
    threads: [counters, counters],
    hotCount: null,
    hotLock: null,
    hotMiss: null,
    wrong: null,
    ...hot,
  };
}

function hot(what: string, count: number, threads = 2): Hot {
  return { what, count, share: 1, threads };
}

/** Operations of 100 ns that do not scale. */
const STALLED: DiagnosedRun = { build: 'free-threaded', threads: 2, nsPerOp: 50, efficiency: 0.5 };
const SCALING: DiagnosedRun = { ...STALLED, efficiency: 0.9 };

describe('a diagnosis', () => {
  it.each<[string, Explained, string]>([
    [
      'of pauses',
      explained({ suspendedMicroseconds: 30_000, stopMicroseconds: 4_000 }),
      'stop-the-world takes 34 % of the time',
    ],
    [
      'of the merge queue',
      explained({ sharedDecrefs: 1000, brcQueued: 500 }),
      "references of another thread's objects are dropped: 1 in 2 goes through the merge queue, likely dear",
    ],
    [
      'of foreign frees',
      explained({ foreignFrees: 1000 }),
      '1.0 blocks an operation are freed by another thread than their maker: likely cache-line traffic',
    ],
    [
      'of reads under the lock',
      explained({ reads: 9000, lockedReads: 1080, failedIncrefs: 1000 }),
      '12 % of reads fall back to the lock, for the object read was just being dropped or replaced',
    ],
    [
      'of one object’s count',
      explained({ reads: 1000 }, { hotCount: hot('float', 3880) }),
      "97 % of reads count one float's references, 2 threads at once: likely cache-line contention",
    ],
    [
      'of a lock that is waited for',
      explained({ lockMicroseconds: 31_000 }, { hotLock: hot('list', 2000) }),
      "every operation takes one list's lock: they take turns, waiting 31 % of the time",
    ],
    [
      'of a lock that one thread sleeps in',
      explained({ lockMicroseconds: 49_000 }, { hotLock: hot('list', 1900, 1), hotMiss: hot('Lock', 10, 1) }),
      "one thread waits for one Lock that no other thread waits for, 49 % of all threads' time: likely it sleeps there",
    ],
    [
      'of nothing',
      explained({}),
      'nothing that was counted explains it: likely the memory system, or other work on this machine',
    ],
  ])('%s', (_, counted, text) => {
    expect(diagnose(counted, STALLED)).toBe(text);
  });

  it('of a GIL says how long threads wait, and nothing of cache lines', () => {
    const counted = explained(
      { gilMicroseconds: 49_000, gilLongestMicroseconds: 11_200, reads: 1000 },
      { hotLock: hot('Lock', 2000) },
    );
    const run = { ...STALLED, build: 'gil' };
    expect(diagnose(counted, run)).toBe('the GIL: threads wait 49 % of the time, longest 11 ms');
    expect(causesOf(counted, run)).toHaveLength(1);
  });

  it('does not call one thread’s own object or lock contended', () => {
    const alone = { hotCount: hot('int', 4000, 1), hotLock: hot('list', 2000, 1) };
    expect(causesOf(explained({ reads: 1000 }, alone), STALLED)).toEqual([]);
    expect(diagnose(explained({ reads: 1000 }, alone), SCALING)).toBe('nothing is shared: scales');
  });

  it('of what scales all the same', () => {
    expect(diagnose(explained({}, { hotLock: hot('dict', 100) }), SCALING)).toBe('little is shared: scales');
    expect(diagnose(explained({ foreignFrees: 1000 }), SCALING)).toMatch(/^scales, although 1\.0 blocks/);
  });

  it('names a second cause of much the same weight', () => {
    const both = explained(
      { suspendedMicroseconds: 30_000, lockMicroseconds: 25_000 },
      { hotLock: hot('Lock', 100) },
    );
    expect(diagnose(both, STALLED)).toBe(
      'stop-the-world takes 30 % of the time; also 5.0 % of operations take one Lock: ' +
        'they take turns, waiting 25 % of the time',
    );
  });

  it('of a run without any operation says so', () => {
    expect(diagnose({ ...explained({}), operations: 0 }, STALLED)).toBe('no operation was counted');
  });
});
