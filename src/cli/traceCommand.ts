import { Command } from 'commander';
import { plural } from '../report/text.js';
import type { Traced } from '../report/tracing/record.js';
import { formatTraceFile, toTraceFile } from '../report/tracing/traceEvents.js';
import { renderTimeline } from '../report/tracing/traceText.js';
import { buildNamed } from '../runtime/builds.js';
import { whyUnfit } from '../runtime/fit.js';
import type { TraceOptions } from '../workloads/trace.js';
import { type CliDependencies, hostOf } from './dependencies.js';
import { ExitStatus, UsageError } from './errors.js';
import { describeFailure, describeInterrupt, isOurInterrupt } from './failure.js';
import { gcOptions, parseGcOptions, type RawGcOptions } from './gcOption.js';
import { checkNames, parseBuilds, parseDuration, parseMemory, parseThreadCount } from './options.js';
import { prepareFile, saveFile } from './outputFile.js';
import { parseSwitchInterval } from './switchInterval.js';

/** What V8 gets to compile the workload, and what records it, in front of the stretch. */
const WARMUP_MS = 200;

const EXAMPLES = `
Examples:
  ungil trace shared-list-append                      two threads and one list's lock
  ungil trace fib --build gil --threads 3             the GIL goes round
  ungil trace gc-churn --threads 4 --markers 2        pauses of the collector, and who marks
  ungil trace shared-counter-lock --time 5ms --out -  on standard output, the summary on stderr

Open the file in https://ui.perfetto.dev or chrome://tracing: a track for each thread, one for the
GIL and for each lock that somebody waited for, which shows its owner, arrows from a release to the
acquisition that waited for it, and counters. Recording takes time itself, at each lock that is
taken: threads run slower than without it.

Exit status: 0 done, 1 wrong result or failed program, 2 bad usage,
130 interrupted: what was recorded until then is written.`;

interface RawOptions extends RawGcOptions {
  build: string;
  threads: string;
  time: string;
  memory: string;
  switchInterval?: string;
  out: string;
}

/** `ungil trace`. `exit` receives the exit status. */
export function traceCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  const command = new Command('trace')
    .description('record what every thread does for a moment, as a timeline for Perfetto')
    .argument('<workload>', "a workload's name, see `ungil list`")
    .option('--build <name>', 'the build; switches as for compare', 'free-threaded')
    .option('--threads <count>', 'threads of the run', '2')
    .option('--time <duration>', 'how long the recorded stretch is, in ms or s', '50ms')
    .option('--out <file>', 'where to write it, - for standard output', 'trace.json')
    .option('--memory <size>', 'size of the shared memory, in MiB or GiB', '1GiB')
    .option('--switch-interval <duration>', "the GIL's switch interval, in us or ms (default: 5ms)");
  for (const option of gcOptions()) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(async (workload: string, raw: RawOptions) => {
    const options = parseOptions(workload, raw, deps);
    if (raw.out !== '-') prepareFile('--out', raw.out, "a file's path, or - for standard output");
    exit(await traceOnce(options, raw.out, deps));
  });
}

function parseOptions(name: string, raw: RawOptions, deps: CliDependencies): TraceOptions {
  const names = deps.workloads.map((info) => info.name);
  const [workload] = checkNames([name], 'workload', names);
  const builds = parseBuilds(raw.build, deps.builds);
  if (builds.length > 1) {
    throw new UsageError(
      `--build '${raw.build}' is more than one build; accepted: one, such as ${builds[0]}`,
    );
  }
  const [build] = builds;
  const info = deps.workloads.find((candidate) => candidate.name === workload);
  const why = info === undefined ? null : whyUnfit(buildNamed(build), info);
  if (why !== null) throw new UsageError(`build '${build}' cannot run ${workload}: it ${why}`);
  const gc = parseGcOptions(raw);
  return {
    workload,
    build,
    threads: parseThreadCount(raw.threads),
    timeMs: parseDuration(raw.time),
    warmupMs: WARMUP_MS,
    memoryBytes: parseMemory(raw.memory),
    ...(raw.switchInterval === undefined ? {} : { switchInterval: parseSwitchInterval(raw.switchInterval) }),
    ...(gc === null ? {} : { gc }),
  };
}

async function traceOnce(options: TraceOptions, out: string, deps: CliDependencies): Promise<ExitStatus> {
  const { workload, build, threads } = options;
  const during = `${workload}, ${build}, ${plural(threads, 'thread')}`;
  deps.stderr.write(`recording ${during}\n`);
  try {
    return report(await deps.trace(options, deps.interrupt), during, out, deps);
  } catch (error) {
    if (isOurInterrupt(error, deps.interrupt)) {
      deps.stderr.write(`${describeInterrupt(error)}interrupted: nothing was recorded\n`);
      return ExitStatus.Interrupted;
    }
    deps.stderr.write(describeFailure(error, during));
    return ExitStatus.CheckFailed;
  }
}

/** Writes the file before anything else: a reader that has closed its end of the pipe must not cost it. */
function report({ run, timeline }: Traced, during: string, out: string, deps: CliDependencies): ExitStatus {
  for (const text of run.unraisable) deps.stderr.write(`${during}: ${text}\n`);
  if (run.wrong !== null) deps.stderr.write(`ungil: wrong result (${during}): ${run.wrong}\n`);
  let saved = true;
  if (timeline !== null) {
    const text = formatTraceFile(toTraceFile(timeline, hostOf(deps), run.complete));
    const summary = `${renderTimeline(timeline).join('\n')}\n`;
    if (out === '-') {
      deps.stderr.write(summary);
      deps.stdout.write(text);
    } else {
      saved = saveFile(out, text, deps.stderr);
      deps.stdout.write(
        saved ? `${summary}\nopen ${out} in https://ui.perfetto.dev or chrome://tracing\n` : summary,
      );
    }
  }
  if (!run.complete) {
    deps.stderr.write(
      `interrupted: ${timeline === null ? 'nothing was recorded' : 'the recording ends there'}\n`,
    );
    return ExitStatus.Interrupted;
  }
  return saved && run.wrong === null && timeline !== null ? ExitStatus.Done : ExitStatus.CheckFailed;
}
