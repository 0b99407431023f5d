import { describe, expect, it } from 'vitest';
import { diagnose } from '#ungil/report/diagnosis.js';
import { type Explained, explain } from '#ungil/workloads/explain.js';

const MEMORY = { memoryBytes: 64 << 20 };
const signal = new AbortController().signal;

/** Each thread's counter over its operations, which the reads are. */
function perRead(explained: Explained, counter: string): number[] {
  return explained.threads.map((thread) => (thread[counter] ?? 0) / thread.reads);
}

function total({ threads }: Explained, counter: string): number {
  return threads.reduce((sum, thread) => sum + thread[counter], 0);
}

describe('an explanation of shared-list-read-object', () => {
  it('in free-threaded: the element’s maker counts locally, the other in the shared word', async () => {
    const explained = await explain('shared-list-read-object', 'free-threaded', 2, MEMORY, signal);
    expect(explained.wrong).toBeNull();
    expect(total(explained, 'reads')).toBe(explained.operations);
    expect(perRead(explained, 'sharedIncrefs')).toEqual([0, 1]);
    expect(perRead(explained, 'sharedDecrefs')).toEqual([0, 1]);
    expect(perRead(explained, 'conditionalIncrefs')).toEqual([0, 1]);
    expect(perRead(explained, 'localIncrefs')).toEqual([1, 0]);
    // One int of the loop for eight reads.
    expect(perRead(explained, 'objectsMade')).toEqual([1 / 8, 1 / 8]);
    expect(explained.hotCount).toMatchObject({ what: 'float', count: 2 * explained.operations, threads: 2 });
  });

  it('in gilectomy: every read locks and counts in the shared word', async () => {
    const explained = await explain('shared-list-read-object', 'gilectomy', 2, MEMORY, signal);
    expect(perRead(explained, 'sharedIncrefs')).toEqual([1, 1]);
    for (const thread of explained.threads) {
      expect(thread.locks + thread.mutexWaits).toBe(thread.reads);
      expect(thread.lockMisses).toBe(thread.mutexWaits);
    }
    expect(explained.hotLock).toMatchObject({ what: 'list', threads: 2 });
  });

  it('in gil: everything is counted plainly, and threads wait for the GIL', async () => {
    const explained = await explain('shared-list-read-object', 'gil', 2, MEMORY, signal);
    expect(perRead(explained, 'localIncrefs')).toEqual([1, 1]);
    expect(total(explained, 'sharedIncrefs')).toBe(0);
    expect(total(explained, 'gilWaits')).toBeGreaterThan(0);
    expect(total(explained, 'gilMicroseconds')).toBeGreaterThan(0);
    expect(explained.hotCount).toBeNull();
  });
});

const GIL = /^the GIL: threads wait \d.* % of the time, longest \d+ (us|ms)$/;
const NOTHING = /^nothing is shared: scales$/;

/** What the diagnosis has to say, by workload: in free-threaded, in gilectomy. Scaling ones are said to have scaled. */
const EXPECTED: [workload: string, freeThreaded: RegExp, gilectomy: RegExp][] = [
  ['fib', NOTHING, /reads count one function's references.*cache-line/],
  ['int-add', NOTHING, NOTHING],
  ['private-list-append', NOTHING, NOTHING],
  [
    'shared-list-append',
    /^every operation takes one list's lock: they take turns/,
    /one list's lock: they take turns/,
  ],
  [
    'shared-list-read-immortal',
    /atomic loads an operation.*nothing is waited for/,
    /one list's lock: they take turns/,
  ],
  [
    'shared-list-read-object',
    /reads count one float's references.*cache-line/,
    /reads count one float's references/,
  ],
  [
    'shared-list-write',
    /^every operation takes one list's lock: they take turns/,
    /one list's lock: they take turns/,
  ],
  ['private-dict', NOTHING, NOTHING],
  [
    'shared-dict-get',
    /nothing is shared: scales|atomic loads an operation/,
    /one dict's lock: they take turns/,
  ],
  [
    'shared-dict-set',
    /^every operation takes one dict's lock: they take turns/,
    /one dict's lock: they take turns/,
  ],
  [
    'shared-dict-mixed',
    /^1\d % of operations take one dict's lock: they take turns/,
    /one dict's lock: they take turns/,
  ],
  [
    'shared-counter-lock',
    /^every operation takes one Lock: they take turns/,
    /^every operation takes one Lock: they take turns/,
  ],
  ['call-shared-function', NOTHING, /reads count one function's references.*cache-line/],
  ['shared-tuple-read', NOTHING, NOTHING],
  ['alloc-drop-list', NOTHING, NOTHING],
  ['alloc-drop-instance', NOTHING, /operations count one type's references, 2.0 times each/],
];

/** Figures of an idle machine; those that do not scale reach half of what they could. */
function diagnosed(explained: Explained, build: string, expected: RegExp): string {
  const efficiency = expected.test('nothing is shared: scales') ? 0.95 : 0.5;
  return diagnose(explained, { build, threads: 2, nsPerOp: 7, efficiency });
}

describe.each(EXPECTED)('the diagnosis of %s', (workload, freeThreaded, gilectomy) => {
  it.each([
    ['gil', GIL],
    ['free-threaded', freeThreaded],
    ['gilectomy', gilectomy],
  ])('in %s', { timeout: 60_000 }, async (build, expected) => {
    const explained = await explain(workload, build, 2, MEMORY, signal);
    expect(explained.wrong).toBeNull();
    expect(diagnosed(explained, build, expected)).toMatch(expected);
  });
});
