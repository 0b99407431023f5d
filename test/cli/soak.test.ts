import { describe, expect, it } from 'vitest';
import type { SoakOptions, SoakRound } from '#ungil/workloads/soak/soak.js';
import { run } from './fakes.js';

const ROUND: SoakRound = {
  threads: 2,
  operations: 1_500_000,
  births: 7,
  segments: 3,
  counters: { brcQueued: 11, foreignFrees: 5, delayedFrees: 2 },
  wrong: null,
};

describe('ungil soak', () => {
  it('shares the time among the builds and says what each did', async () => {
    const seen: SoakOptions[] = [];
    const { status, stdout } = await run(
      ['soak', '--builds', 'gil,free-threaded', '--time', '20s', '--seed', '5'],
      {
        soak: async (options, onRound) => {
          seen.push(options);
          onRound(ROUND);
          return { rounds: [ROUND], wrong: null, complete: true };
        },
      },
    );
    expect(status).toBe(0);
    expect(seen.map(({ build, timeMs, seed }) => ({ build, timeMs, seed }))).toEqual([
      { build: 'gil', timeMs: 10_000, seed: 5 },
      { build: 'free-threaded', timeMs: 10_000, seed: 5 },
    ]);
    expect(stdout).toContain(
      '2 threads, 1.50 M operations, 7 births, 11 queued, 5 foreign frees, 2 delayed; 3 segments',
    );
    expect(stdout).toContain('gil: 1 round, 1.5 M operations, 7 births: nothing broken');
  });

  it('says what the collectors did, and passes on what is to be soaked', async () => {
    const seen: SoakOptions[] = [];
    const gc = { collections: 7, finalised: 60, resurrected: 5, called: 4 };
    const { stdout } = await run(
      ['soak', '--builds', 'free-threaded', '--part', 'collector', '--markers', '2', '--debug'],
      {
        soak: async (options, onRound) => {
          seen.push(options);
          onRound({ ...ROUND, gc });
          return { rounds: [{ ...ROUND, gc }], wrong: null, complete: true };
        },
      },
    );
    expect(seen[0]).toMatchObject({ part: 'collector', runtime: { debug: true, gc: { markers: 2 } } });
    expect(stdout).toContain('7 collections, 60 finalised, 5 resurrected, 4 called back; 3 segments');
    expect((await run(['soak', '--part', 'all'])).stderr).toContain("--part 'all' is not valid");
  });

  it('claims that memory is bounded only where there are rounds to compare; none is longer than the time', async () => {
    const outputs = [3, 4].map(async (count) => {
      const rounds = Array.from({ length: count }, () => ROUND);
      const { stdout } = await run(['soak', '--builds', 'gil', '--time', '1s', '--round', '5s'], {
        soak: async (options) => {
          expect(options.roundMs).toBe(1000);
          return { rounds, wrong: null, complete: true };
        },
      });
      return stdout;
    });
    expect(await outputs[0]).toMatch(/nothing leaked\n$/);
    expect(await outputs[1]).toMatch(/nothing leaked, memory bounded\n$/);
  });

  it('fails when something was wrong', async () => {
    const { status, stdout } = await run(['soak', '--builds', 'gil'], {
      soak: async () => ({ rounds: [], wrong: 'memory grew', complete: true }),
    });
    expect(status).toBe(1);
    expect(stdout).toContain('memory grew');
  });

  it('writes JSON to standard output and the lines beside it', async () => {
    const { stdout, stderr } = await run(['soak', '--builds', 'gil', '--json', '-'], {
      soak: async (_options, onRound) => {
        onRound(ROUND);
        return { rounds: [ROUND], wrong: null, complete: true };
      },
    });
    expect(JSON.parse(stdout).results[0].result.rounds[0].births).toBe(7);
    expect(stderr).toContain('7 births');
  });

  it('refuses what it cannot do', async () => {
    expect((await run(['soak', '--time', 'long'])).status).toBe(2);
    expect((await run(['soak', '--seed', '-1'])).stderr).toContain("seed '-1' is not valid");
    expect((await run(['soak', '--builds', 'none'])).stderr).toContain("unknown build 'none'");
    expect((await run(['soak', '--builds', 'gil,unsafe'])).stderr).toContain("'unsafe' races by design");
    expect((await run(['soak', '--threads', '2,3'])).stderr).toContain(
      'accepted: one whole number from 1 to 64',
    );
  });
});
