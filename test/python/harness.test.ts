import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, HARNESS, runHarness } from '../support/python.js';

const python = findPython();
if (python === null) console.warn('no python3 of 3.11 or later on PATH: the twins are not run');

/** A folder whose `twins` has these modules, for PYTHONPATH in front of the harness's own. */
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-twins-'));
  mkdirSync(path.join(folder, 'twins'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SHORT = ['--time', '5', '--warmup', '2', '--repeats', '2'];

describe.skipIf(python === null)('harness.py', () => {
  const name = python?.name ?? '';

  it('prints a record a sample, of all threads together, and the verdict', () => {
    const { status, records } = runHarness(name, ['--twin', 'int-add', '--threads', '1,2', ...SHORT]);
    expect(status).toBe(0);
    expect(records.map(({ threads, repeat, wrong }) => [threads, repeat, wrong])).toEqual([
      [1, 0, undefined],
      [1, 1, undefined],
      [1, undefined, null],
      [2, 0, undefined],
      [2, 1, undefined],
      [2, undefined, null],
    ]);
    for (const { threads, operations, seconds, wall } of records.filter((record) => 'wall' in record)) {
      expect(operations).toHaveLength(threads);
      expect(Math.max(...seconds)).toBe(wall);
      expect(wall).toBeGreaterThanOrEqual(0.005);
    }
  });

  it('refuses bad usage and unknown twins', () => {
    expect(runHarness(name, ['--twin', 'fib', '--threads', '1,x']).stderr).toContain(
      'whole numbers from 1, separated by commas, not 1,x',
    );
    expect(runHarness(name, []).status).toBe(2);
    const { status, records } = runHarness(name, ['--twin', 'unheard-of']);
    expect(status).toBe(1);
    expect(records).toEqual([
      { twin: 'unheard-of', error: "ImportError: No module named 'twins.unheard_of'" },
    ]);
  });

  /** Runs the harness as it would be installed, with one twin of our own. */
  function runTwin(code: string, threads: string) {
    const script = path.join(folder, 'harness.py');
    writeFileSync(path.join(folder, 'twins', 'mine.py'), code);
    writeFileSync(
      script,
      `import sys\nsys.path.insert(0, ${JSON.stringify(folder)})\nexec(open(${JSON.stringify(HARNESS)}).read())\n`,
    );
    return runHarness(name, ['--twin', 'mine', '--threads', threads, ...SHORT], script);
  }

  it('ends with the error of whichever thread failed, while others wait for it', () => {
    const code = `
def setup(threads):
    return None
def worker(shared, index):
    def run(count):
        if index == 1:
            raise ValueError("not me")
        return count
    return run
`;
    const { status, records } = runTwin(code, '2');
    expect(status).toBe(1);
    expect(records.at(-1)).toEqual({ twin: 'mine', threads: 2, error: 'ValueError: not me' });
  });

  it('hands on what a check complains of, the operations of the warm-up included', () => {
    const code = `
total = 0
def setup(threads):
    return None
def worker(shared, index):
    def run(count):
        global total
        total += 3
        return 3
    return run
def check(shared, operations):
    return None if operations != total else f"all {operations > 0}"
`;
    const { status, records } = runTwin(code, '1');
    expect(status).toBe(0);
    expect(records.at(-1)).toEqual({ twin: 'mine', threads: 1, wrong: 'all True' });
  });

  it('has no operations of threads that only help, and request times in buckets', () => {
    const code = `
latencies = True
def setup(threads):
    return None
def worker(shared, index):
    def run(count):
        for nanoseconds in (1, 1000, 1000, 123457):
            run.latencies.append(nanoseconds)
        return 4
    def help(count):
        return 0
    run.latencies = []
    help.helps = True
    return run if index == 0 else help
`;
    const [sample] = runTwin(code, '2').records;
    expect(sample.operations).toEqual([expect.any(Number), null]);
    const calls = sample.operations[0] / 4;
    const [shortest, middle, longest] = sample.latency;
    expect(sample.latency).toHaveLength(3);
    expect(shortest).toEqual([1, calls]);
    expect(middle[1]).toBe(2 * calls);
    expect(middle[0]).toBeGreaterThanOrEqual(1000);
    expect(middle[0]).toBeLessThan(1030);
    expect(longest).toEqual([123457, calls]);
  });

  it('ends when the other end of its standard input is gone', async () => {
    const args = [HARNESS, '--twin', 'fib', '--time', '100000', '--end-with-stdin'];
    const child = spawn(name, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.stdin.end();
    expect(await ended).toBe(1);
  });

  it('runs beside our builds, between their rounds', () => {
    const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
    const args = ['compare', 'fib', 'larson', '--threads', '1,2', '--time', '10ms', '--repeats', '3'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, ...args, '--memory', '64MiB', '--json', '-', '--with-cpython', `nowhere,${name}`],
      { encoding: 'utf8' },
    );
    expect(stderr).toContain('--with-cpython: nowhere: was not found');
    expect(stderr).toContain('no Python twin, hence not run: larson');
    expect(stderr).toContain('measured beside ours');
    expect(status).toBe(0);
    const kind = python?.freeThreaded === true ? 'free-threaded' : 'gil';
    const { results, cpythonSource, fidelity } = JSON.parse(stdout);
    expect(cpythonSource).toContain(`CPython ${python?.version} `);
    expect(fidelity).toMatchObject({ rows: 2, threads: 2 });
    for (const { workload, build, cpython } of results) {
      if (workload === 'larson') expect(cpython).toBeNull();
      else if (build !== kind) expect(cpython.source).toBe('bundled');
      else {
        expect(cpython.speedup).toBeGreaterThan(0);
        expect(cpython.opsPerSecond.samples).toHaveLength(3);
        expect(cpython.interpreter).toBe(name);
      }
    }
  });
});
