import { describe, expect, it } from 'vitest';
import { median } from '#ungil/report/statistics.js';
import { measureVariants } from '../../dist/bench/collector/rounds.js';

const never = new AbortController().signal;
const SMALL = { rounds: 2, samples: 2, memory: 64 << 20 };

describe('the cases', () => {
  it.each(['gil', 'free-threaded'])('of one thread run in build %s', async (build) => {
    const of = [
      'lists',
      'dicts',
      'instances',
      'pairs',
      'held',
      'held shuffled',
      'chain',
      'chain shuffled',
    ] as const;
    const ones = [
      ...of.map((kind) => ({ kind: 'live', of: kind, objects: 500, markers: [1] }) as const),
      { kind: 'young', objects: 500 } as const,
      ...(['lists', 'pairs', 'dicts'] as const).map(
        (kind) => ({ kind: 'garbage', of: kind, objects: 500 }) as const,
      ),
      { kind: 'build', objects: 1000 } as const,
    ];
    const times = await measureVariants(
      ones.map((one) => ({ build, threads: 1, one })),
      SMALL,
      never,
    );
    expect(times!.map((own) => own.length)).toEqual(ones.map(({ kind }) => (kind === 'build' ? 2 : 1)));
    for (const own of times!.flat()) {
      expect(own).toHaveLength(4);
      expect(median(own)).toBeGreaterThan(0);
    }
  });

  it('run with two markers in turn', async () => {
    const one = { kind: 'live', of: 'lists', objects: 2000, markers: [1, 2] } as const;
    const times = await measureVariants([{ build: 'free-threaded', threads: 2, one }], SMALL, never);
    expect(times![0].map((own) => own.length)).toEqual([4, 4]);
  });
});
