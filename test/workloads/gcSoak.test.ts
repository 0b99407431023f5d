import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '#ungil/runtime/runtime.js';
import { type SoakRound, soak } from '#ungil/workloads/soak/soak.js';

const NEVER = new AbortController().signal;

const CHOICES: readonly RuntimeOptions[] = [
  { build: 'gil' },
  { build: 'gil:refcount=side-table' },
  { build: 'free-threaded' },
  { build: 'free-threaded', gc: { markers: 2 } },
  { build: 'free-threaded', gc: { markers: 4 }, debug: true },
  { build: 'free-threaded:deferred=off' },
  { build: 'free-threaded:biased=off' },
  { build: 'free-threaded:thread-heaps=off', allocators: 'debug' },
  { build: 'gilectomy' },
];

async function rounds(runtime: RuntimeOptions, seed: number): Promise<SoakRound[]> {
  const options = { threads: 3, timeMs: 400, roundMs: 200, memoryBytes: 64 << 20 };
  const seen: SoakRound[] = [];
  const result = await soak(
    { ...options, build: runtime.build ?? '', part: 'collector', runtime, seed },
    (round) => seen.push(round),
    NEVER,
  );
  expect(result.wrong).toBeNull();
  return seen;
}

describe.each(CHOICES)('threads that make and collect cycles: %o', (runtime) => {
  it('lose nothing that is alive, keep nothing that is not, and are told of each end once', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
        const seen = await rounds(runtime, seed);
        expect(seen.length).toBeGreaterThan(0);
        for (const { gc } of seen) {
          expect(gc!.collections).toBeGreaterThan(1);
          expect(gc!.finalised).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1, endOnFailure: true },
    ));
});

describe('a soak', () => {
  it('takes turns with rounds without cycles', async () => {
    const seen: SoakRound[] = [];
    const enough = new AbortController();
    const options = { build: 'free-threaded', threads: 2, timeMs: 60_000, roundMs: 30, seed: 3 };
    const onRound = (round: SoakRound) => {
      if (seen.push(round) === 2) enough.abort();
    };
    await soak({ ...options, memoryBytes: 64 << 20 }, onRound, enough.signal);
    expect(seen.map(({ gc }) => gc === undefined)).toEqual([true, false]);
  });
});
