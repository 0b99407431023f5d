import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './fakes.js';

const FAKE = fileURLToPath(new URL('../fixtures/python/fake.sh', import.meta.url));
/** What the fixture can play. */
const PARTS = [
  ...[
    'python3.14',
    'python3.14t',
    'python3.9',
    'pypy',
    'stubborn',
    'garbage',
    'endless',
    'mute',
    'broken',
    'hanging',
  ],
  ...['dying', 'doomed', 'stuck', 'wrong', 'failing', 'babbling', 'sparse'],
];

/** Longer than any of them takes that does not hang, on a busy machine. */
const PATIENCE_MS = 3000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ungil-python-'));
  for (const part of PARTS) copyFileSync(FAKE, path.join(folder, part));
  writeFileSync(path.join(folder, 'data'), 'no program', { mode: 0o644 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `ungil compare` with fake builds and these interpreters on PATH. */
async function compare(interpreters: string, args: string[] = ['fib', 'int-add'], signal?: AbortSignal) {
  const outcome = await run(
    ['compare', ...args, '--repeats', '1', '--json', '-', '--with-cpython', interpreters],
    {
      env: { PATH: `${folder}:${process.env.PATH}`, PYTHON_GIL: '0' },
      pythonPatienceMs: PATIENCE_MS,
      ...(signal === undefined ? {} : { interrupt: signal }),
    },
  );
  const json = outcome.status === 2 ? null : JSON.parse(outcome.stdout);
  // biome-ignore lint/suspicious/noExplicitAny: what a script sees is untyped
  const of = (workload: string, build: string, threads = 2): any =>
    json?.results.find(
      (row: { workload: string; build: string; threads: number }) =>
        row.workload === workload && row.build === build && row.threads === threads,
    );
  const notes = outcome.stderr.split('\n').filter((line) => line.startsWith('ungil: --with-cpython'));
  return { ...outcome, json, of, notes };
}

describe('ungil compare --with-cpython', () => {
  it('puts live figures in the place of bundled ones, each beside its own build', async () => {
    const { status, json, of, notes, stderr } = await compare('python3.14,python3.14t');
    expect(status).toBe(0);
    expect(notes).toEqual([]);
    expect(of('fib', 'gil').cpython).toMatchObject({
      speedup: 0.8,
      nsPerOp: 1e9 / 8,
      source: 'CPython 3.14.2 with the GIL, python3.14',
    });
    expect(of('int-add', 'free-threaded').cpython).toMatchObject({
      speedup: 1.8,
      source: 'CPython 3.14.2 free-threaded, python3.14t',
    });
    expect(of('fib', 'gil').interpreters).toHaveLength(1);
    expect(json.cpythonSource).toContain('python3.14t, measured beside ours');
    expect(json.cpythonSource).not.toContain('bundled');
    expect(stderr.replace(/\s+/g, ' ')).toContain(json.cpythonSource);
    expect(json.fidelity).toMatchObject({ rows: 4, threads: 2 });
    expect(stderr).toContain('Fidelity: 4 of 4 speed-ups at 2 threads within 25 %');
  });

  it('names each interpreter that cannot serve, in one line, and goes on with the others', async () => {
    const bad = [
      'nowhere',
      'data',
      'python3.9',
      'pypy',
      'stubborn',
      'garbage',
      'endless',
      'mute',
      'broken',
      'hanging',
    ];
    const { status, of, notes } = await compare([...bad, path.join(folder, 'python3.14')].join(','));
    expect(status).toBe(0);
    expect(notes.map((note) => note.replace('ungil: --with-cpython: ', '').split(':')[0])).toEqual(bad);
    const about = (name: string) => notes.find((note) => note.includes(` ${name}: `));
    expect(about('nowhere')).toMatch(
      /was not found; accepted: CPython 3\.11 or later, by name on PATH or by path$/,
    );
    expect(about('data')).toMatch(/was not found|cannot be executed/);
    expect(about('python3.9')).toContain(
      'is CPython 3.9.2, which is too old; accepted: CPython 3.11 or later',
    );
    expect(about('pypy')).toContain('is PyPy 3.11.1; accepted: CPython');
    expect(about('stubborn')).toContain('runs with the GIL even with -X gil=0');
    expect(about('garbage')).toContain(
      "is no Python: asked for its version it printed 'hello, who are you?'",
    );
    expect(about('endless')).toContain("printed 'no'");
    expect(about('mute')).toContain("printed ''");
    expect(about('broken')).toContain('ended with exit status 1 (Fatal: cannot import site)');
    expect(about('hanging')).toContain('said nothing for 3 s and was ended');
    expect(of('fib', 'gil').cpython.interpreter).toBe(path.join(folder, 'python3.14'));
    expect(of('fib', 'free-threaded').cpython.source).toBe('bundled');
  });

  it('shows bundled figures where no interpreter is left, and says so', async () => {
    const { status, json, of, notes } = await compare('nowhere');
    expect(status).toBe(0);
    expect(notes).toHaveLength(2);
    expect(notes[1]).toContain("no interpreter is left; CPython's figures are the bundled ones");
    expect(of('fib', 'gil').cpython.source).toBe('bundled');
    expect(json.cpythonSource).toMatch(/^bundled, from CPython 3\.15/);
  });

  it('reports a process that was killed, and measures the next workload', async () => {
    const { status, of, notes, json } = await compare('dying');
    expect(status).toBe(0);
    expect(notes).toEqual(['ungil: --with-cpython: dying: fib: was killed by SIGKILL']);
    expect(of('fib', 'gil').cpython.source).toBe('bundled');
    expect(of('int-add', 'gil').cpython).toMatchObject({ speedup: 1.2, interpreter: 'dying' });
    expect(json.cpythonSource).toContain('where these have none, bundled, from');
  });

  it('gives up an interpreter whose processes keep dying', async () => {
    const { notes } = await compare('doomed', ['fib', 'int-add', 'private-dict']);
    expect(notes).toEqual([
      'ungil: --with-cpython: doomed: fib: ended with exit status 3',
      'ungil: --with-cpython: doomed: int-add: ended with exit status 3; it runs no more',
    ]);
  });

  it('ends an interpreter that hangs, with what it has started, and does not wait for it again', async () => {
    const { notes, of } = await compare('stuck,python3.14');
    expect(notes).toEqual([
      'ungil: --with-cpython: stuck: fib: said nothing for 3 s and was ended; it runs no more',
    ]);
    expect(of('fib', 'gil').interpreters).toHaveLength(1);
  });

  it.each([
    ['wrong', 'wrong result at 1 threads: two were lost'],
    ['failing', 'ValueError: no'],
    ['babbling', 'printed what no harness prints'],
    ['sparse', 'no figures for 1 thread'],
  ])('has no figures of a twin that is %s', async (part, complaint) => {
    const { status, notes, of } = await compare(part, ['fib']);
    expect(status).toBe(0);
    expect(notes).toEqual([`ungil: --with-cpython: ${part}: fib: ${complaint}`]);
    expect(of('fib', 'gil').cpython.source).toBe('bundled');
  });

  it('leaves out what stands beside no build, and workloads without a twin', async () => {
    const { notes } = await compare('python3.14,python3.14t', ['racy-counter', '--builds', 'gil']);
    expect(notes).toEqual([
      "ungil: --with-cpython: python3.14t: stands beside build 'free-threaded', which is not measured: left out",
      'ungil: --with-cpython: no Python twin, hence not run: racy-counter',
    ]);
  });

  it('takes all interpreters with it when it is interrupted', async () => {
    const controller = new AbortController();
    const marker = path.join(folder, 'survivor');
    const slow = path.join(folder, 'slow');
    const started = path.join(folder, 'started');
    const script = `#!/bin/sh\nif [ "$2" = --describe ]; then exec ${path.join(folder, 'python3.14')} "$@"; fi\n`;
    writeFileSync(slow, `${script}touch ${started}; (sleep 1; touch ${marker}) & wait\n`, { mode: 0o755 });
    const watch = setInterval(() => existsSync(started) && controller.abort(), 10);
    const { status, json, notes, stderr } = await compare(slow, ['fib'], controller.signal);
    clearInterval(watch);
    expect(notes).toEqual([]);
    expect(json.results).toHaveLength(4);
    expect(status).toBe(130);
    expect(json.complete).toBe(false);
    expect(stderr).toContain("4 of 4 measurements made, CPython's are cut short");
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(existsSync(marker)).toBe(false);
  });

  it.each([
    ['', "--with-cpython '' has an empty entry; accepted: CPython 3.11 or later"],
    ['a,,b', "--with-cpython 'a,,b' has an empty entry"],
  ])('refuses %j', async (text, complaint) => {
    const { status, stderr } = await compare(text);
    expect(status).toBe(2);
    expect(stderr).toContain(complaint);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});
