import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** The block of JavaScript with this text in it. */
function exampleWith(readme: string, text: string): string {
  const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]);
  const found = blocks.find((block) => block.includes(text));
  if (found === undefined) throw new Error(`no example of the README contains ${text}`);
  return found;
}

const cli = path.join(root, 'dist/src/cli/main.js');

test('the scenario of the README gives what is promised, and the lock repairs it', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const racy = exampleWith(readme, "from 'ungil/race'");
  const repair = exampleWith(readme, 'lock.with(() => module.set');
  const [, body] = /(const increment[\s\S]*?\n};\n)/.exec(repair) ?? [];
  const fields = [...repair.matchAll(/^\/\/ ((?:setup|outcomes): .*)$/gm)].map((match) => match[1]);
  const repaired = racy
    .replace(/const increment[\s\S]*?\n};\n/, body)
    .replace(/ {2}setup: .*\n/, `  ${fields[0]}\n`)
    .replace(/ {2}outcomes: .*\n/, `  ${fields[1]}\n`);
  const folder = mkdtempSync(path.join(root, 'test', '.example-'));
  try {
    const outcomes = async (name: string, text: string, budget: string): Promise<string[][]> => {
      const file = path.join(folder, name);
      writeFileSync(file, text);
      const args = [cli, 'race', file, '--budget', budget, '--json', '-'];
      // Exit status 3: not all exhausted in so little time.
      const run = promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
      const { results } = JSON.parse((await run).stdout) as {
        results: { exhaustive: boolean; outcomes: { text: string }[] }[];
      };
      return results.map((one) => [...one.outcomes.map(({ text }) => text).sort(), `${one.exhaustive}`]);
    };
    const [gil, plain, atomic, biased] = await outcomes('racy.mjs', racy, '1s');
    expect(gil).toEqual(['x=2', 'true']);
    expect(plain).toEqual(['x=1', 'x=2', 'true']);
    for (const found of [atomic, biased]) expect(found.slice(0, 2)).toEqual(['x=1', 'x=2']);
    expect(await outcomes('repaired.mjs', repaired, '10s')).toEqual(new Array(4).fill(['x=2', 'true']));
    expect(readme).toContain('exhaustive: 66 of 66 classes');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test('the example of the README runs as printed', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const example = exampleWith(readme, '// counters.mjs');
  // Inside the package, so that it finds itself by its name.
  const folder = mkdtempSync(path.join(root, 'test', '.example-'));
  try {
    writeFileSync(path.join(folder, 'counters.mjs'), example);
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

test('the cycles of the README are found and finalised', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const folder = mkdtempSync(path.join(root, 'test', '.example-'));
  try {
    writeFileSync(path.join(folder, 'cycles.mjs'), exampleWith(readme, '// cycles.mjs'));
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(folder, 'cycles.mjs')]);
    const found = /prints, for both builds, `([^`]*)`/.exec(readme)?.[1];
    expect(stdout).toBe(`gil ${found}\nfree-threaded ${found}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
