import { Command } from 'commander';
import { formatBenchJson, renderFigures, type SuiteFigures } from '../report/bench.js';
import type { BenchSuite, Figure } from '../report/benchTypes.js';
import { wrap } from '../report/text.js';
import { type CliDependencies, hostOf } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { describeFailure, isOurInterrupt } from './failure.js';
import { checkNames } from './options.js';
import { prepareJson, textStream, writeResults } from './outputFile.js';
import { widthOf } from './terminal.js';

/** Characters of a line where the output is no terminal, and at least. */
const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 60;

interface RawOptions {
  json?: string;
}

/** `ungil bench`. `exit` receives the exit status. */
export function benchCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('bench')
    .description('measure single mechanisms, and whether they reach their targets on this machine')
    .argument('[suite...]', 'suites by name (default: all)')
    .option(
      '--json <file>',
      'write the figures as JSON, - for standard output (tables then go to standard error)',
    )
    .addHelpText('after', () => helpText(deps.suites))
    .action(async (names: string[], raw: RawOptions) => {
      const chosen = chooseSuites(names, deps.suites);
      prepareJson(raw.json);
      exit(await runSuites(chosen, raw, deps));
    });
}

function helpText(suites: readonly BenchSuite[]): string {
  const width = suites.reduce((widest, { name }) => Math.max(widest, name.length), 0);
  const indent = ' '.repeat(width + 4);
  const lines = suites.flatMap(({ name, about }) => {
    const [first, ...rest] = wrap(about, DEFAULT_WIDTH - indent.length);
    return [`  ${name.padEnd(width)}  ${first}`, ...rest.map((line) => indent + line)];
  });
  return `
Suites:
${lines.join('\n')}

Examples:
  ungil bench                           all suites, some minutes
  ungil bench allocators --json -

Exit status: 0 measured, whether or not a target was reached: that depends on the machine; 1 a wrong
result, leak or failed suite, 2 bad usage, 130 interrupted.
Ctrl-C prints what was measured until then.`;
}

function chooseSuites(names: readonly string[], known: readonly BenchSuite[]): BenchSuite[] {
  if (names.length === 0) return [...known];
  const checked = checkNames(
    names,
    'suite',
    known.map((suite) => suite.name),
  );
  return known.filter((suite) => checked.includes(suite.name));
}

async function runSuites(
  suites: readonly BenchSuite[],
  raw: RawOptions,
  deps: CliDependencies,
): Promise<ExitStatus> {
  const measured: SuiteFigures[] = [];
  let failed = false;
  for (const suite of suites) {
    if (deps.interrupt.aborted || failed) break;
    const figures: Figure[] = [];
    measured.push({ name: suite.name, about: suite.about, figures });
    failed = !(await runSuite(suite, figures, deps));
    printTables(figures, raw, deps);
  }
  const interrupted = deps.interrupt.aborted;
  const complete = !failed && !interrupted;
  const json = formatBenchJson(hostOf(deps), measured, complete);
  const saved = writeResults(raw.json, json, deps);
  if (!complete) {
    textStream(raw.json, deps).write(`${failed ? 'failed' : 'interrupted'}: the figures are incomplete\n`);
  }
  if (failed || !saved) return ExitStatus.CheckFailed;
  return interrupted ? ExitStatus.Interrupted : ExitStatus.Done;
}

/** False if the suite failed, which is said. */
async function runSuite(suite: BenchSuite, figures: Figure[], deps: CliDependencies): Promise<boolean> {
  let during = suite.name;
  const io = {
    progress(text: string): void {
      during = `${suite.name}: ${text}`;
      deps.stderr.write(`${during}\n`);
    },
    figure(figure: Figure): void {
      figures.push(figure);
    },
    signal: deps.interrupt,
  };
  try {
    await suite.run(io);
    return true;
  } catch (error) {
    if (isOurInterrupt(error, deps.interrupt)) return true;
    deps.stderr.write(describeFailure(error, during));
    return false;
  }
}

function printTables(figures: readonly Figure[], raw: RawOptions, deps: CliDependencies): void {
  const stream = textStream(raw.json, deps);
  const lines = renderFigures(figures, widthOf(stream, MIN_WIDTH, DEFAULT_WIDTH));
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n\n`);
}
