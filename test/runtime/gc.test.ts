import { describe, expect, it } from 'vitest';
import { program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

/** Runs parts of the fixture, one a thread. */
// biome-ignore lint/suspicious/noExplicitAny: each part has a result of its own
async function play(build: string, only: string[]): Promise<any[]> {
  return withRuntime({ build, threads: only.length, memory: 64 << 20 }, async (runtime) => {
    const { results } = await runtime.run(program('gcFace'), { args: { only } });
    expect(runtime.leaks()).toEqual([]);
    return results;
  });
}

describe.each(SAFE_BUILDS)('the gc module in build %s', (build) => {
  it('keeps settings', async () => {
    const [{ before, after }] = await play(build, ['settings']);
    expect(before).toEqual({ enabled: true, threshold: [2000, 10, 10], debug: 0 });
    expect(after).toEqual({ enabled: false, threshold: [700, 11, 10], debug: 38 });
  });

  it('ends with what was frozen like with everything else', async () => {
    const [result] = await play(build, ['frozen']);
    expect(result).toEqual({ frozen: true, collected: 0 });
  });

  it('refuses what CPython refuses', async () => {
    const [result] = await play(build, ['refusals']);
    expect(result).toEqual({
      generation: 'ValueError: invalid generation 3: generations are 0, 1 and 2',
      fraction: 'ValueError: invalid generation 0.5: generations are 0, 1 and 2',
      objects: 'ValueError: invalid generation -1: generations are 0, 1 and 2',
      threshold: 'ValueError: a threshold is a whole number from 0 to 2147483647, got -1',
      later: 'ValueError: a threshold is a whole number from 0 to 2147483647, got 1.5',
      debug: 'ValueError: debug flags are bits, got 0.5',
      untouched: [2000, 10, 10],
    });
  });

  it('calls callbacks around a collection, in which another one does nothing', async () => {
    const [{ heard }] = await play(build, ['callbacks']);
    expect(heard).toEqual([
      ['start', 1, 0],
      ['stop', 1, 0],
    ]);
  });

  it('says what objects refer to, and what is tracked', async () => {
    const [{ found, tracked }] = await play(build, ['referents']);
    expect(found).toEqual(['text', true, true, 'key', 2]);
    expect(tracked).toEqual([true, false, false, false]);
  });

  it('keeps what could not be freed until the end of the run', async () => {
    const [result] = await play(build, ['garbage']);
    expect(result).toEqual({ length: 1, same: true, again: true });
  });
});
