import { describe, expect, it } from 'vitest';
import { findWrong, type SoakRound, soak } from '#ungil/workloads/soak/soak.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

const NEVER = new AbortController().signal;

function options(build: string) {
  return { build, threads: 3, timeMs: 700, roundMs: 200, seed: 7, memoryBytes: 256 << 20 };
}

describe.each(SAFE_BUILDS)('a short soak of build %s', (build) => {
  it('breaks nothing and leaks nothing', async () => {
    const seen: SoakRound[] = [];
    const { rounds, wrong, complete } = await soak(options(build), (round) => seen.push(round), NEVER);
    expect(wrong).toBeNull();
    expect(complete).toBe(true);
    expect(seen).toEqual(rounds);
    expect(rounds.length).toBeGreaterThan(0);
    expect(rounds.every((round) => round.operations > 0 && round.births >= round.threads)).toBe(true);
  });
});

describe('a soak', () => {
  it('ends early when it is told to', async () => {
    const controller = new AbortController();
    const result = await soak(options('free-threaded'), () => controller.abort(), controller.signal);
    expect(result.rounds).toHaveLength(1);
    expect(result.complete).toBe(false);
  });
});

function round(segments: number, wrong: string | null = null): SoakRound {
  return { threads: 2, operations: 1, births: 2, segments, counters: {}, wrong };
}

describe('the verdict', () => {
  it('names the round that was wrong', () => {
    expect(findWrong([round(3), round(3, 'a list of 1, ... with 7 at 1')])).toBe(
      'round 2: a list of 1, ... with 7 at 1',
    );
  });

  it('allows memory that goes up and down', () => {
    expect(findWrong([3, 6, 2, 5, 3, 9, 4, 5].map((segments) => round(segments)))).toBeNull();
  });

  it('refuses memory that grows', () => {
    expect(findWrong([3, 3, 4, 5, 6, 7, 8, 9].map((segments) => round(segments)))).toContain('memory grew');
  });
});
