import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const HARNESS = fileURLToPath(new URL('../../python/harness.py', import.meta.url));

const NAMES = ['python3', 'python3.11', 'python3.12', 'python3.13', 'python3.14', 'python3.15'];

/** What `harness.py --describe` says of the first CPython on PATH that can run twins; null if there is none. */
export function findPython(): {
  readonly name: string;
  readonly version: string;
  readonly freeThreaded: boolean;
} | null {
  for (const name of NAMES) {
    try {
      const text = execFileSync(name, [HARNESS, '--describe'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const { implementation, version, freeThreaded } = JSON.parse(text);
      const [major, minor] = version.split('.').map(Number);
      if (implementation === 'CPython' && major === 3 && minor >= 11) return { name, version, freeThreaded };
    } catch {
      // The next one.
    }
  }
  return null;
}

/** What the harness prints, a record a line, and how it ended. */
export function runHarness(python: string, args: readonly string[], harness = HARNESS) {
  const { status, stdout, stderr } = spawnSync(python, [harness, ...args], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  // biome-ignore lint/suspicious/noExplicitAny: what a script sees is untyped
  return { status, stderr, records: lines.map((line): any => JSON.parse(line)) };
}
