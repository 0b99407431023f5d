import { describe, expect, it } from 'vitest';
import { program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const DEPTH = 500;

describe.each([...SAFE_BUILDS, 'unsafe'])('calls in build %s', (build) => {
  it('pass arguments and results, count right through exceptions, and end at the recursion limit', () =>
    withRuntime({ build, threads: build === 'unsafe' ? 1 : 2 }, async (runtime) => {
      const { results } = await runtime.run(program('calls'), { args: { depth: DEPTH } });
      for (const result of results) {
        expect(result).toEqual({
          none: 1000,
          one: 2000,
          two: 4000,
          fails: 'RangeError: failed with 1000 and 2000',
          failsBare: 'RangeError: failed',
          down: 0,
          tooDeep: 'RuntimeError: maximum recursion depth of 1000 exceeded',
          tooDeep2: 'RuntimeError: maximum recursion depth of 1000 exceeded',
          again: 0,
        });
      }
      expect(runtime.leaks()).toEqual([]);
    }));
});
