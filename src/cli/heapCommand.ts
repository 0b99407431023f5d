import { statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { renderHeap } from '../report/heapText.js';
import { plural } from '../report/text.js';
import { buildNamed } from '../runtime/builds.js';
import { whyUnfit } from '../runtime/fit.js';
import type { HeapRequest, HeapRun } from '../workloads/heapRun.js';
import { allocatorOption, parseAllocatorOption } from './allocatorOption.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus, UsageError } from './errors.js';
import { describeFailure, describeInterrupt, isOurInterrupt } from './failure.js';
import { parseBuilds, parseDuration, parseMemory, parseThreadCount } from './options.js';
import { prepareJson, textStream, writeResults } from './outputFile.js';
import { nearest } from './suggest.js';
import { coloursOf, widthOf } from './terminal.js';

/** Output that is no terminal has no width of its own. */
const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 40;

const EXAMPLES = `
Examples:
  ungil heap private-list-append                       a workload, on free-threaded
  ungil heap ./program.mjs --builds gil,free-threaded  your own program, on two builds
  ungil heap fib --check --debug                       verify the heap, and each operation
  ungil heap shared-dict-set --json - | jq '.runs[0].during.statistics.space'

In use is, in bytes: live (handed out), free (on a free list), unused (never cut into blocks) and waste (headers
and ends). A block in a free list of objects, or that waits for readers, is live.

JSON: { ungil, node, program, complete, runs: [ { build, threads, during, after, leaks } ] }; during (at the end of
run) and after (all threads exited): { statistics: { segmentSize, segments, space, owners: [ { owner, segments,
space, outside, tags: [ { tag, domain, space, classes: [ { size, pages, waitingPages, live, free, capacity, space } ]
} ] } ], pymalloc, waiting, caches }, problems }. All sizes in bytes; problems is null without --check.

Exit status: 0 done, 1 the program failed or --check found the heap broken, 2 bad usage, 130 interrupted.`;

interface RawOptions {
  builds: string;
  build?: string;
  threads: string;
  memory: string;
  allocator: string[];
  time: string;
  check?: boolean;
  debug?: boolean;
  json?: string;
}

/** `ungil heap`. `exit` receives the exit status. */
export function heapCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('heap')
    .description('run a program and print what its memory is used for, as sys._debugmallocstats does')
    .argument('<program>', "a program module's file, or a workload's name, see `ungil list`")
    .argument('[args...]', "given to the program's functions, as an array of strings")
    .option('--builds <names>', 'builds, separated by commas; switches as for compare', 'free-threaded')
    .option('--build <name>', 'the same')
    .option('--threads <count>', 'threads of the run', '2')
    .option('--memory <size>', 'size of the shared memory, in MiB or GiB', '1GiB')
    .addOption(allocatorOption())
    .option('--time <duration>', 'how long a workload runs, in ms or s', '200ms')
    .option('--check', 'verify the heap and every object; exit status 1 if something is wrong')
    .option('--debug', 'the runtime asserts its invariants at each operation; several times slower')
    .option(
      '--json <file>',
      'write the figures as JSON, - for standard output (the text then goes to standard error)',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (program: string, args: string[], raw: RawOptions) => {
      const requests = await parseRequests(program, args, raw, deps);
      prepareJson(raw.json);
      exit(await examineAll(program, requests, raw, deps));
    });
}

// --- The command line ---

async function parseRequests(
  program: string,
  args: string[],
  raw: RawOptions,
  deps: CliDependencies,
): Promise<HeapRequest[]> {
  const builds = parseBuilds(raw.build ?? raw.builds, deps.builds);
  const allocators = await parseAllocatorOption(raw.allocator, builds);
  const parsed = parseProgram(program, args, deps);
  if ('workload' in parsed) expectCounts(parsed.workload, builds, deps);
  const common = {
    program: parsed,
    threads: parseThreadCount(raw.threads),
    memoryBytes: parseMemory(raw.memory),
    timeMs: parseDuration(raw.time),
    args,
    check: raw.check === true,
    debug: raw.debug === true,
    ...(allocators === null ? {} : { allocators }),
  };
  return builds.map((build) => ({ ...common, build }));
}

/** A build without counts would free what some workloads go on to use. */
function expectCounts(workload: string, builds: readonly string[], deps: CliDependencies): void {
  const info = deps.workloads.find(({ name }) => name === workload);
  const build = builds.find((name) => buildNamed(name).refcount === 'none');
  const why = build === undefined || info === undefined ? null : whyUnfit(buildNamed(build), info);
  if (why !== null) throw new UsageError(`build '${build}' cannot run ${workload}: it ${why}`);
}

function parseProgram(
  program: string,
  args: readonly string[],
  deps: CliDependencies,
): HeapRequest['program'] {
  const names = deps.workloads.map((workload) => workload.name);
  if (names.includes(program)) {
    if (args.length > 0) throw new UsageError(`workload '${program}' takes no arguments, got '${args[0]}'`);
    return { workload: program };
  }
  const file = path.resolve(program);
  if (isFile(file)) return { file };
  const near = nearest(program, names);
  const hint = near === null ? '' : `did you mean '${near}'? `;
  throw new UsageError(
    `'${program}' is no workload and no file; ${hint}accepted: a file's path, or ${names.join(', ')}`,
  );
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

// --- Running and reporting ---

async function examineAll(
  program: string,
  requests: readonly HeapRequest[],
  raw: RawOptions,
  deps: CliDependencies,
): Promise<ExitStatus> {
  const runs: HeapRun[] = [];
  let failed = false;
  for (const request of requests) {
    if (deps.interrupt.aborted || failed) break;
    const run = await examineOne(program, request, deps);
    if (run === null) failed = !deps.interrupt.aborted;
    else {
      runs.push(run);
      print(run, runs.length > 1, raw, deps);
    }
  }
  const complete = runs.length === requests.length;
  const json = { ungil: deps.version, node: deps.node, program, complete, runs };
  const saved = writeResults(raw.json, `${JSON.stringify(json, null, 2)}\n`, deps);
  if (deps.interrupt.aborted && !complete) {
    deps.stderr.write(`interrupted: ${runs.length} of ${plural(requests.length, 'run')} finished\n`);
  }
  if (failed || !saved || runs.some(isBroken)) return ExitStatus.CheckFailed;
  return complete ? ExitStatus.Done : ExitStatus.Interrupted;
}

/** null: the run failed (and was reported), or was interrupted. */
async function examineOne(
  program: string,
  request: HeapRequest,
  deps: CliDependencies,
): Promise<HeapRun | null> {
  const during = `${program}, ${request.build}, ${plural(request.threads, 'thread')}`;
  try {
    const run = await deps.heap(request, deps.interrupt);
    for (const text of run.unraisable ?? []) deps.stderr.write(`${during}: ${text}\n`);
    return run;
  } catch (error) {
    if (isOurInterrupt(error, deps.interrupt)) {
      deps.stderr.write(describeInterrupt(error));
      return null;
    }
    deps.stderr.write(describeFailure(error, during));
    return null;
  }
}

function isBroken({ during, after }: HeapRun): boolean {
  return [during, after].some(({ problems }) => problems !== null && problems.length > 0);
}

function print(run: HeapRun, further: boolean, raw: RawOptions, deps: CliDependencies): void {
  const stream = textStream(raw.json, deps);
  const lines = renderHeap(run, {
    width: widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH),
    paint: coloursOf(stream, deps.env),
  });
  stream.write(`${further ? '\n' : ''}${lines.join('\n')}\n`);
}
