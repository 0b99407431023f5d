import { Command } from 'commander';
import type { RaceProgress, RaceRequest } from '../explore/raceTypes.js';
import type { Exploration } from '../explore/results.js';
import { renderRaceHtml } from '../report/raceHtml.js';
import { formatRaceJson, type RaceRun, toRaceJson } from '../report/raceJson.js';
import { createRaceProgress } from '../report/raceProgress.js';
import { renderRace } from '../report/raceText.js';
import { summariseRace } from '../report/raceVerdict.js';
import { kindOf } from '../report/raceWords.js';
import { COUNT_SCHEMES } from '../scenarios/scheme.js';
import { type CliDependencies, hostOf } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { describeFailure, isOurInterrupt } from './failure.js';
import { listScenarios, listWidth } from './listCommand.js';
import { prepareHtml, prepareJson, saveFile, textStream, writeResults } from './outputFile.js';
import { parseRace, type RawRaceOptions } from './raceOptions.js';
import { coloursOf, widthOf } from './terminal.js';

const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 40;

const EXAMPLES = `
Examples:
  ungil race                                  all scenarios, schemes and variants
  ungil race owner-exit                       one of them, in full
  ungil race owner-exit --refcount biased --variant none
  ungil race ./my-scenario.mjs --budget 60s   your own, from a module that exports them
  ungil race owner-exit --refcount biased --replay a3-b2
  ungil race --json - | jq '.results[] | select(.ok | not)'

Exit status: 0 as expected, 1 a forbidden outcome, a required one missing or a broken variant not
caught, 2 bad usage or input, 3 nothing failed but not all interleavings were
covered, 130 interrupted.
Ctrl-C prints what was explored until then; a second one ends at once.`;

/** `ungil race`. `exit` receives the exit status. */
export function raceCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('race')
    .description(
      'explore the interleavings of race scenarios on the real modules, and check what they lead to',
    )
    .argument(
      '[scenario...]',
      'scenarios by name, see --list, or files that export some, FILE or FILE#NAME (default: all built-in)',
    )
    .option(
      '--mode <mode>',
      'auto, dpor, dfs, state, bound=N (N preemptions), pct=D (depth D), pos, surw, random or stress',
      'auto',
    )
    .option(
      '--refcount <schemes>',
      `of ${COUNT_SCHEMES.join(', ')}, separated by commas (default: all declared)`,
    )
    .option(
      '--variant <name>',
      'one variant of the scenarios, all of them, or none (default: all; with --replay none)',
    )
    .option('--budget <duration>', 'time for each scenario that cannot be exhausted, in ms or s', '10s')
    .option('--seed <number>', 'seed of all that is random', '1')
    .option('--max-steps <count>', "steps after which an execution is a livelock (default: the scenario's)")
    .option('--engine <name>', 'fiber: rewritten code on one thread, fast; worker: real workers', 'fiber')
    .option('--replay <schedule>', 'execute this one schedule, as a report shows it')
    .option(
      '--json <file>',
      'write the results as JSON, - for standard output (the report then goes to standard error)',
    )
    .option('--html <file>', 'write the report as one page that needs nothing else')
    .option('--verbose', 'show every exploration in full')
    .option('--list', 'list the scenarios, their schemes and variants')
    .addHelpText('after', EXAMPLES)
    .action(async (targets: string[], raw: RawRaceOptions) => {
      if (raw.list === true) {
        deps.stdout.write(`${listScenarios(deps.scenarios, listWidth(deps)).join('\n')}\n`);
        exit(ExitStatus.Done);
        return;
      }
      const request = parseRace(targets, raw, deps.scenarios);
      prepareJson(raw.json);
      prepareHtml(raw.html, raw.json);
      const run = await explore(request, deps);
      exit(report(run, raw, deps));
    });
}

// --- Exploring ---

/** What came of the exploring, whole or not. */
interface Run {
  readonly request: RaceRequest;
  readonly explorations: readonly Exploration[];
  /** How many there were to make; 0 while that is not known. */
  readonly total: number;
  readonly interrupted: boolean;
  /** The program's error that ended the run, else null. */
  readonly failure: { error: unknown; during: string } | null;
}

/** Throws RaceInputError. */
async function explore(request: RaceRequest, deps: CliDependencies): Promise<Run> {
  const line = createRaceProgress(deps.stderr, deps.env.TERM, deps.now);
  const found: Exploration[] = [];
  let total = 0;
  let during = '';
  const hooks = {
    found: (exploration: Exploration): void => void found.push(exploration),
    progress(progress: RaceProgress): void {
      total = progress.total;
      during = `${progress.scenario}, ${kindOf(progress)}`;
      line.show(progress);
    },
  };
  try {
    const { explorations, interrupted } = await deps.race(request, hooks, deps.interrupt);
    return { request, explorations, total, interrupted, failure: null };
  } catch (error) {
    if (isOurInterrupt(error, deps.interrupt)) {
      return { request, explorations: found, total, interrupted: true, failure: null };
    }
    if ((error as { code?: unknown } | null)?.code === 'UNGIL_USAGE') throw error;
    return { request, explorations: found, total, interrupted: false, failure: { error, during } };
  } finally {
    line.finish();
  }
}

// --- Reporting ---

/** Writes files and text; gives the exit status. */
function report(run: Run, raw: RawRaceOptions, deps: CliDependencies): ExitStatus {
  const forReport = toReport(run, deps);
  const json = formatRaceJson(toRaceJson(forReport));
  let savedPage = true;
  const savedJson = writeResults(raw.json, json, deps, () => {
    if (raw.html !== undefined) savedPage = saveFile(raw.html, renderRaceHtml(forReport), deps.stderr);
    printText(forReport, raw, deps);
  });
  if (run.failure !== null) {
    deps.stderr.write(describeFailure(run.failure.error, run.failure.during));
    deps.stderr.write(
      `failed: the results are incomplete, ${run.explorations.length} of ${run.total} made\n`,
    );
  }
  return exitStatus(run, !savedJson || !savedPage);
}

function toReport({ request, explorations, interrupted, failure }: Run, deps: CliDependencies): RaceRun {
  return {
    host: hostOf(deps),
    request,
    explorations,
    complete: failure === null && !summariseRace(explorations, interrupted).interrupted,
    interrupted,
    repeat: {
      builtIn: deps.scenarios.map(({ name }) => name),
      files: request.files,
      maxSteps: request.maxSteps,
    },
  };
}

function printText(run: RaceRun, raw: RawRaceOptions, deps: CliDependencies): void {
  const stream = textStream(raw.json, deps);
  const { scenarios, files } = run.request;
  const names = new Set(run.explorations.map(({ scenario }) => scenario));
  const lines = renderRace(run.explorations, {
    width: widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH),
    paint: coloursOf(stream, deps.env),
    verbose: raw.verbose === true,
    single: scenarios.length + files.length === 1 && names.size === 1,
    interrupted: run.interrupted,
    repeat: run.repeat,
  });
  stream.write(`${lines.join('\n')}\n`);
}

function exitStatus({ explorations, interrupted, failure }: Run, unsaved: boolean): ExitStatus {
  const summary = summariseRace(explorations, interrupted);
  if (summary.interrupted) return ExitStatus.Interrupted;
  if (failure !== null || unsaved || summary.failed > 0) return ExitStatus.CheckFailed;
  return summary.notExhaustive > 0 ? ExitStatus.NotExhaustive : ExitStatus.Done;
}
