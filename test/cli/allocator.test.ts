import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { run } from './fakes.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/allocators/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const SHORT = ['--time', '5ms', '--repeats', '1', '--threads', '1'];

/** The command itself, in the folder of the fixtures. */
async function ungil(args: readonly string[]) {
  const options = { cwd: FIXTURES, env: { ...process.env, NO_COLOR: '1' } };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], options);
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

describe('--allocator', () => {
  it.each<[string[], RegExp]>([
    [
      ['frob'],
      /^ungil: unknown allocator 'frob'; accepted: default, debug, malloc, malloc_debug, pymalloc, /,
    ],
    [['debug,'], /unknown allocator ''; accepted: /],
    [['debug+debug'], /unknown allocator 'debug\+debug'/],
    [['obj=malloc'], /unknown domain 'obj' in 'obj=malloc'; accepted: /],
    [['pymalloc'], /mem=pymalloc does not go with build 'free-threaded': pymalloc has no locks: /],
    [
      ['debug', 'object=malloc'],
      /object=malloc does not go with build 'free-threaded': readers without a lock /,
    ],
    [['raw=mimalloc'], /raw=mimalloc does not go with build 'gil': threads that are not attached /],
    [['./mine.mjs'], /'\.\/mine\.mjs' needs the name of its domain, as in object=\.\/mine\.mjs/],
    [['object=./nowhere.mjs'], /nowhere\.mjs cannot be loaded: /],
  ])('%j is bad usage', async (specs, message) => {
    const { status, stdout, stderr, seen } = await run([
      'compare',
      ...specs.flatMap((spec) => ['--allocator', spec]),
    ]);
    expect(stderr).toMatch(/^ungil: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect([status, stdout, seen]).toEqual([2, '', []]);
  });

  it('is read from left to right, and given to the comparison', async () => {
    const { seen } = await run([
      'compare',
      '--allocator',
      'debug,object=mimalloc',
      '--allocator',
      'raw=malloc',
    ]);
    expect(seen).toMatchObject([{ allocators: { raw: 'malloc', mem: 'debug', object: 'mimalloc' } }]);
    expect((await run(['compare'])).seen[0]).not.toHaveProperty('allocators');
  });

  it("runs workloads on an allocator of one's own, its path from the working directory", async () => {
    const { status, stdout, stderr } = await ungil([
      'compare',
      'alloc-drop-list',
      ...SHORT,
      '--allocator',
      'mem=./freeLists.mjs,object=debug+./freeLists.mjs',
    ]);
    expect(stderr).not.toContain('failed');
    expect([status, stdout]).toEqual([0, expect.stringContaining('alloc-drop-list')]);
  }, 60_000);

  it('ends with status 1 and the finding when a debug hook finds memory corrupted', async () => {
    const { status, stderr } = await ungil([
      'compare',
      'alloc-drop-list',
      ...SHORT,
      '--allocator',
      `object=debug+${path.join(FIXTURES, 'overlapping.mjs')}`,
    ]);
    expect(stderr).toMatch(/the run failed \(alloc-drop-list, gil, 1 thread; thread 0\): DebugError: /);
    expect(stderr).toMatch(/DebugError: (overrun|underrun): .*; block 0x[0-9a-f]+, .*; found by thread 0/);
    expect(status).toBe(1);
  }, 60_000);
});
