import { describe, expect, it } from 'vitest';
import { program, withRuntime } from '../support/runtimes.js';

describe.each(['free-threaded:thread-heaps=off', 'gilectomy:thread-heaps=off'])('build %s', (build) => {
  it('runs programs of several threads, a full memory included, and leaves nothing', () =>
    withRuntime({ build, threads: 2, memory: 32 << 20 }, async (runtime) => {
      const { teardown } = await runtime.run(program('basics'), { threads: 2 });
      expect(teardown).toBeDefined();
      const args = { kinds: ['lists'] };
      const { results } = await runtime.run(program('memory'), { threads: 1, args });
      for (const filled of results[0] as { name: string; readable: boolean }[]) {
        expect(filled).toMatchObject({ name: 'MemoryError', readable: true });
      }
      expect(runtime.leaks()).toEqual([]);
    }));
});
