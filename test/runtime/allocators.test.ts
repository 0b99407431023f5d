import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DebugError, ProgramError } from '#ungil/memory/errors.js';
import type { WorkloadInfo } from '#ungil/report/types.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { WORKLOADS } from '#ungil/workloads/index.js';
import type { ThreadReport } from '#ungil/workloads/program.js';
import { program, rejection, withRuntime } from '../support/runtimes.js';

const BUILDS = ['gil', 'free-threaded'] as const;
const WORKLOAD_PROGRAM = new URL('../../dist/src/workloads/program.js', import.meta.url);
const CORRUPT = program('corrupt');
const FORGETFUL = program('forgetful');

/** `FILE:LINE` of the line with this comment. */
function lineOf(url: URL, comment: string): string {
  const file = fileURLToPath(url);
  const lines = readFileSync(file, 'utf8').split('\n');
  return `${file}:${lines.findIndex((line) => line.includes(`// ${comment}`)) + 1}:`;
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/allocators/${name}.mjs`, import.meta.url));
}

/** Between them they allocate, grow, read without locks and free across threads. */
const FEW = ['alloc-drop-list', 'shared-list-append', 'shared-dict-mixed', 'call-shared-function'];

const ALL = WORKLOADS.filter((info: WorkloadInfo) => info.races !== true).map(({ name }) => name);

/** Runs workloads for a moment each, on two threads. */
async function runWorkloads(runtime: Runtime, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const args = { workload: name, timeMs: 1, warmupMs: 0, repeats: 1 };
    const { results, teardown } = await runtime.run(WORKLOAD_PROGRAM, { args });
    expect([name, teardown, ...(results as ThreadReport[]).map(({ wrong }) => wrong)]).toEqual([
      name,
      null,
      null,
      null,
    ]);
    expect([name, runtime.leaks()]).toEqual([name, []]);
  }
}

describe.each(BUILDS)('debug hooks in build %s', (build) => {
  it(
    'find nothing in the workloads',
    () => withRuntime({ build, threads: 2, allocators: 'debug' }, (runtime) => runWorkloads(runtime, ALL)),
    120_000,
  );

  describe.each([1, 2])('%i threads', (threads) => {
    it.each(['double free', 'foreign-domain free', 'overrun', 'underrun', 'use after free'])(
      '%s ends the run, naming block, place and threads',
      (finding) =>
        withRuntime({ build, threads, allocators: 'debug' }, async (runtime) => {
          const error = await rejection(runtime.run(CORRUPT, { args: { finding } }), ProgramError);
          expect(error.thread).toBe(threads - 1);
          expect(error.original.name).toBe('DebugError');
          expect(error.message).toContain(`thread ${threads - 1} failed: DebugError: ${finding}: `);
          expect(error.message).toMatch(
            /; block 0x[0-9a-f]+, 40 bytes, serial number \d+, allocated by thread 0 at /,
          );
          expect(error.message).toContain(lineOf(CORRUPT, 'place of allocation'));
          expect(error.message).toMatch(new RegExp(`; found by thread ${threads - 1}$`));
        }),
    );

    it('an overrun that no thread has found rejects the run at its end', () =>
      withRuntime({ build, threads, allocators: 'debug' }, async (runtime) => {
        const error = await rejection(
          runtime.run(CORRUPT, { args: { finding: 'overrun left behind' } }),
          DebugError,
        );
        expect(error.message).toContain('overrun: byte 0 behind the block was changed');
        expect(error.message).toContain(lineOf(CORRUPT, 'place of allocation'));
        expect(error.message).toMatch(/; found by the host$/);
      }));
  });

  it('a program that catches the error fails all the same', () =>
    withRuntime({ build, threads: 1, allocators: 'debug' }, async (runtime) => {
      const error = await rejection(runtime.run(CORRUPT, { args: { finding: 'caught' } }), ProgramError);
      expect(error.message).toContain('DebugError: double free: ');
    }));

  it('leaks name the places of their allocation, in the runtime and in the program', () =>
    withRuntime({ build, threads: 2, allocators: 'debug' }, async (runtime) => {
      await runtime.run(FORGETFUL);
      const leaks = new Map(runtime.leaks().map((leak) => [leak.type, leak]));
      expect([...leaks.keys()].sort()).toEqual(['(memory)', 'float', 'list']);
      expect(leaks.get('float')?.places).toHaveLength(3);
      for (const place of leaks.get('float')?.places ?? []) {
        expect(place).toMatch(/^objects\/numbers\.js:\d+:\d+, from \//);
        expect(place).toContain(lineOf(FORGETFUL, 'the floats'));
      }
      expect(leaks.get('list')?.places?.[0]).toContain(lineOf(FORGETFUL, 'the list'));
      expect(leaks.get('(memory)')?.places?.[0]).toMatch(/^objects\/.*\.js:\d+:\d+, from /);
    }));

  it('without them leaks have no places', () =>
    withRuntime({ build, threads: 1 }, async (runtime) => {
      await runtime.run(FORGETFUL);
      expect(runtime.leaks().map((leak) => 'places' in leak)).toEqual([false, false, false]);
    }));
});

describe.each(BUILDS)("an allocator of one's own in build %s", (build) => {
  it.each(['', 'debug+'])(
    'serves objects: %sfreeLists.mjs',
    (prefix) =>
      withRuntime(
        {
          build,
          threads: 2,
          allocators: { object: prefix + fixture('freeLists'), mem: prefix + fixture('freeLists') },
        },
        async (runtime) => {
          await runWorkloads(runtime, FEW);
          await runtime.run(FORGETFUL);
          const leaks = runtime.leaks().map(({ type, count }) => [type, count]);
          expect(leaks).toEqual(
            expect.arrayContaining([
              ['float', 3],
              ['list', 1],
              ['(memory)', 1],
            ]),
          );
        },
      ),
    120_000,
  );

  it('serves all three domains', () => {
    const own = fixture('freeLists');
    return withRuntime(
      { build, threads: 2, allocators: { raw: own, mem: own, object: own } },
      async (runtime) => {
        await runtime.run(FORGETFUL);
        expect(runtime.leaks()).toHaveLength(3);
      },
    );
  });

  it('that is wrong is found out by the debug hooks', () =>
    withRuntime(
      { build, threads: 1, allocators: { object: `debug+${fixture('overlapping')}` } },
      async (runtime) => {
        const error = await rejection(
          runtime.run(WORKLOAD_PROGRAM, {
            args: { workload: 'alloc-drop-list', timeMs: 5, warmupMs: 0, repeats: 1 },
          }),
          ProgramError,
        );
        expect(error.message).toMatch(/DebugError: (overrun|underrun|double free): /);
      },
    ));
});

describe('other allocators', () => {
  it.each([
    ['gil', 'mimalloc'],
    ['gil', 'malloc'],
    ['gil', 'mem=malloc,object=mimalloc'],
    ['free-threaded', 'mem=malloc'],
    ['gilectomy', 'malloc_debug'],
  ])(
    '%s runs the workloads on %s',
    (build, allocators) =>
      withRuntime({ build, threads: 2, allocators }, (runtime) => runWorkloads(runtime, FEW)),
    120_000,
  );

  it.each([
    [
      'free-threaded',
      'pymalloc',
      /mem=pymalloc does not go with build 'free-threaded': pymalloc has no locks.*accepted for mem: default, malloc, mimalloc/,
    ],
    [
      'free-threaded',
      'malloc',
      /object=malloc does not go with .*headers of freed objects.*accepted for object: default, mimalloc, each also as debug\+NAME, or a module that declares threadSafe and typeStable/,
    ],
    ['gilectomy', 'object=pymalloc-old', /pymalloc-old has no locks/],
    [
      'gil',
      'raw=pymalloc',
      /threads that are not attached use the raw domain, .*accepted for raw: default, malloc, each/,
    ],
    ['gil', 'mem=pymalloc-old', /an interpreter has one size of arenas and pools/],
    ['gil', 'object=tcmalloc', /unknown allocator 'tcmalloc'; accepted: default, debug, malloc, /],
    ['gil', 'objects=malloc', /unknown domain 'objects' in 'objects=malloc'/],
    ['gil', 'object=./none.mjs', /none\.mjs cannot be loaded: /],
    [
      'gil',
      `object=${fixture('incomplete')}`,
      /incomplete\.mjs is no allocator: it must export a function 'createAllocator' and an object 'properties'/,
    ],
    ['free-threaded', `object=${fixture('notStable')}`, /it is not declared to be typeStable/],
    ['free-threaded', `mem=debug+${fixture('notSafe')}`, /it is not declared to be threadSafe/],
    ['gil', `raw=${fixture('notSafe')}`, /it is not declared to be threadSafe/],
  ])('%s refuses %s', async (build, allocators, message) => {
    const error = await rejection(Runtime.start({ build, threads: 1, allocators }), RangeError);
    expect(error.message).toMatch(message);
  });

  it.each([
    ['free-threaded', { mem: fixture('notStable') }],
    ['free-threaded:qsbr=off', 'malloc'],
    ['gil', { object: fixture('notSafe') }],
    ['gil', 'default'],
  ])('%s accepts %j', (build, allocators) =>
    withRuntime({ build, threads: 1, allocators }, async (runtime) => {
      expect(runtime.leaks()).toEqual([]);
    }),
  );
});
