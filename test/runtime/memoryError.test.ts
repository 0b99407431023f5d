import { describe, expect, it } from 'vitest';
import { program, SAFE_BUILDS, withRuntime } from '../support/runtimes.js';

const MEMORY = 16 << 20;
const KINDS = ['ints', 'strings', 'dict', 'lists'];

interface Filled {
  stored: number;
  readable: boolean;
  name: string;
  code: string;
  message: string;
  requested: number;
  arena: string;
  inUse: number;
  limit: number;
}

describe.each(SAFE_BUILDS)('a full memory in build %s', (build) => {
  it('is an error that a program survives, and so does the runtime', () =>
    withRuntime({ build, threads: 1, memory: MEMORY }, async (runtime) => {
      const first: number[] = [];
      for (let run = 0; run < 2; run++) {
        const { results } = await runtime.run(program('memory'), { args: { kinds: KINDS } });
        for (const [index, filled] of (results[0] as Filled[]).entries()) {
          expect(filled).toMatchObject({ name: 'MemoryError', code: 'UNGIL_MEMORY', readable: true });
          expect(filled.requested).toBeGreaterThan(0);
          expect(filled.inUse).toBeLessThanOrEqual(filled.limit);
          expect(filled.limit).toBeLessThanOrEqual(MEMORY);
          expect(filled.message).toContain(`${filled.requested} bytes requested from ${filled.arena}`);
          expect(filled.message).toContain(`${filled.inUse} of ${filled.limit} bytes in use`);
          if (run === 0) first.push(filled.stored);
          else expect(filled.stored).toBeGreaterThan(first[index] * 0.5);
        }
        expect(runtime.leaks()).toEqual([]);
      }
      const { teardown } = await runtime.run(program('basics'));
      expect(teardown).toEqual([0]);
    }));
});
