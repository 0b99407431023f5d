import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The built command, as a user starts it. */
const MAIN = fileURLToPath(import.meta.resolve('#ungil/cli/main.js'));

function ungil(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

describe('the ungil command', () => {
  it('knows its version and its sixteen workloads', () => {
    expect(ungil('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { status, stdout } = ungil('list');
    expect(status).toBe(0);
    for (const name of ['fib', 'shared-list-append', 'alloc-drop-instance', 'free-threaded']) {
      expect(stdout).toContain(`  ${name} `);
    }
  });

  it('refuses bad usage with status 2 and one line', () => {
    const { status, stdout, stderr } = ungil('compare', 'fob');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^ungil: unknown workload 'fob'; did you mean 'fib'\?[^\n]*\n$/);
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const child = spawn(process.execPath, [MAIN, 'list'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect([status, stderr]).toEqual([0, '']);
  });

  it('writes what it has when the reader of its progress goes away', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ungil-'));
    try {
      const file = path.join(folder, 'cut.json');
      const args = '--builds gil --threads 1 --time 20ms --repeats 2 --memory 64MiB --json'.split(' ');
      const child = spawn(process.execPath, [MAIN, 'compare', 'fib', 'int-add', ...args, file], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr.destroy();
      const status = await new Promise((resolve) => child.on('close', resolve));
      expect(status).toBe(130);
      const { complete, results } = JSON.parse(readFileSync(file, 'utf8'));
      // The first line of progress is the end of the first round.
      expect([complete, results.length]).toEqual([false, 2]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(!existsSync('/dev/full'))('says in one line that its output cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'list'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ungil: cannot write standard output: ENOSPC[^\n]*\n$/);
  });

  it('measures builds without counts', () => {
    const args = '--refcount none --threads 1,2 --time 20ms --repeats 1 --memory 128MiB --json -'.split(' ');
    const { status, stdout } = ungil('compare', 'alloc-drop-list', 'shared-list-append', ...args);
    const { results } = JSON.parse(stdout) as { results: { build: string; wrong: null; leaks: [] }[] };
    expect(status).toBe(0);
    expect(results).toHaveLength(8);
    for (const { build, wrong, leaks } of results) {
      expect(build).toMatch(/^(gil|free-threaded):refcount=none$/);
      expect([wrong, leaks]).toEqual([null, []]);
    }
  });

  it('prints what it has and ends with 130 on an interrupt', async () => {
    const workloads = ['fib', 'int-add', 'private-dict', 'shared-dict-get', 'shared-dict-set'];
    const args = [
      'compare',
      ...workloads,
      '--builds',
      'gil',
      '--threads',
      '1',
      '--time',
      '500ms',
      '--repeats',
      '1',
    ];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    // The first workload is done; the others are still to come.
    child.stderr.once('data', () => child.kill('SIGINT'));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(130);
    expect(stdout).toMatch(/^fib +\d/m);
    expect(stdout).toMatch(/interrupted: the results are incomplete, \d of 5 measurements made\n$/);
  });
});
