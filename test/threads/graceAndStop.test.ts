import { expect, test } from 'vitest';
import { Runtime } from '#ungil/runtime/runtime.js';

test('who stops the world does not hold up those who wait for a grace period on their way to a safepoint', async () => {
  const runtime = await Runtime.start({ build: 'free-threaded', threads: 3, memory: 32 << 20 });
  const program = new URL('../fixtures/stress/graceAndStop.mjs', import.meta.url);
  const report = await runtime.run(program, { args: { rounds: 300 }, signal: AbortSignal.timeout(20_000) });
  expect(report.results).toEqual([true, true, true]);
  expect((await runtime.shutdown()).leaks).toEqual([]);
});
