import { defineConfig } from 'vitest/config';

// Tests run against the compiler's output (`#ungil/...`), which is what users run.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
