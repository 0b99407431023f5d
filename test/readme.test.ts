import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

test('the example of the README runs as printed', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(example).toContain("from 'ungil'");
  // Inside the package, so that it finds itself by its name.
  const folder = mkdtempSync(path.join(root, 'test', '.example-'));
  try {
    writeFileSync(path.join(folder, 'counters.mjs'), example ?? '');
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(folder, 'counters.mjs')]);
    const [gil, free] = stdout.trim().split('\n');
    expect(gil).toBe('gil { locked: 200000, racy: 200000 } no leaks');
    const racy = /^free-threaded \{ locked: 200000, racy: (\d+) \} no leaks$/.exec(free)?.[1];
    expect(Number(racy)).toBeGreaterThan(0);
    expect(Number(racy)).toBeLessThanOrEqual(200_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
