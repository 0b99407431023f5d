import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ALL_WORKLOADS } from '#ungil/workloads/index.js';
import { findPython, runHarness } from '../support/python.js';

const TWINS = fileURLToPath(new URL('../../python/twins/', import.meta.url));
const python = findPython();

/** Workloads that no Python code can do, and why. Group memory is one of them as a whole: see python/README.md. */
const WITHOUT_TWIN: Readonly<Record<string, string>> = {};

const moduleOf = (name: string) => `${name.replaceAll('-', '_')}.py`;
const hasTwin = (name: string) => existsSync(TWINS + moduleOf(name));
const names = ALL_WORKLOADS.filter(({ group }) => group !== 'memory').map(({ name }) => name);

describe('Python twins', () => {
  it.each(names.filter((name) => !(name in WITHOUT_TWIN)))('%s has one, which says what it does', (name) => {
    expect(hasTwin(name)).toBe(true);
    expect(readFileSync(TWINS + moduleOf(name), 'utf8')).toMatch(/^"""[^\n]{10}/);
  });

  it('are of workloads that exist', () => {
    const known = names.map(moduleOf);
    const files = readdirSync(TWINS).filter((file) => file.endsWith('.py') && !file.startsWith('_'));
    expect(files.filter((file) => !known.includes(file))).toEqual([]);
    for (const name of Object.keys(WITHOUT_TWIN)) expect(files).not.toContain(moduleOf(name));
  });

  describe.skipIf(python === null)('run on CPython', () => {
    it.each(names.filter(hasTwin))('%s, on 1 and 2 threads, and its check passes', (name) => {
      const args = ['--twin', name, '--threads', '1,2', '--time', '5', '--warmup', '2', '--repeats', '1'];
      const { status, records, stderr } = runHarness(python?.name ?? '', args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const verdicts = records.filter((record) => 'wrong' in record);
      expect(verdicts.map(({ threads, wrong }) => [threads, wrong])).toEqual([
        [1, null],
        [2, null],
      ]);
      const samples = records.filter((record) => 'wall' in record);
      expect(samples).toHaveLength(2);
      for (const { operations } of samples) {
        expect(operations.some((count: number | null) => count !== null && count > 0)).toBe(true);
      }
    });
  });
});
