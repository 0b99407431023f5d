import { Command, type CommanderError } from 'commander';
import { benchCommand } from './benchCommand.js';
import { compareCommand } from './compareCommand.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus, UsageError } from './errors.js';
import { heapCommand } from './heapCommand.js';
import { listCommand } from './listCommand.js';
import { raceCommand } from './raceCommand.js';
import { reportCommand } from './reportCommand.js';
import { soakCommand } from './soakCommand.js';
import { traceCommand } from './traceCommand.js';

const EXAMPLES = `
Examples:
  ungil compare
  ungil compare fib --threads 1,2,4
  ungil race owner-exit
  ungil trace shared-list-append
  ungil heap private-dict
  ungil bench allocators
  ungil list`;

/**
 * Runs one command line (without `node` and the script's name) and resolves to the exit status. Bad usage is one
 * line on standard error; other errors of a command are shown with their stack.
 */
export async function runCli(args: readonly string[], deps: CliDependencies): Promise<ExitStatus> {
  let status = ExitStatus.Done;
  const program = buildProgram(deps, (result) => {
    status = result;
  });
  try {
    if (args.length === 0) throw new UsageError(`no command given; ${acceptedBy(program)}`);
    await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof HelpShown) return ExitStatus.Done;
    if (isUsageError(error)) {
      deps.stderr.write(`ungil: ${oneLine(error.message)}\n`);
      return ExitStatus.BadUsage;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    deps.stderr.write(`ungil: ${text}\n`);
    return ExitStatus.CheckFailed;
  }
}

/** The command tree. `exit` receives the status of the command that ran. */
function buildProgram(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  const program = new Command('ungil')
    .description(
      "an executable model of CPython's memory management, with and without the global interpreter lock",
    )
    .version(deps.version, '-V, --version', 'print the version')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  const commands = [
    compareCommand(deps, exit),
    raceCommand(deps, exit),
    traceCommand(deps, exit),
    heapCommand(deps, exit),
    benchCommand(deps, exit),
    soakCommand(deps, exit),
    reportCommand(deps, exit),
    listCommand(deps, exit),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands]) connect(command, deps);
  return program;
}

/** Ours, or the explorer's of a scenario or schedule that cannot be run. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === 'UNGIL_USAGE';
}

/** Help or version was asked for and printed. */
class HelpShown extends Error {}

/** Sends a command's output to our streams and its complaints to `runCli`. */
function connect(command: Command, deps: CliDependencies): void {
  const width = (): number => (deps.stdout.isTTY === true ? deps.stdout.columns : undefined) ?? 100;
  command.configureOutput({
    writeOut: (text) => void deps.stdout.write(text),
    writeErr: (text) => void deps.stderr.write(text),
    // Commander's own message is reworded in `exitOverride`.
    outputError: () => {},
    getOutHelpWidth: width,
    getErrHelpWidth: width,
  });
  command.exitOverride((error: CommanderError) => {
    if (error.exitCode === 0) throw new HelpShown();
    throw new UsageError(`${error.message.replace(/^error: /, '')}; ${acceptedBy(command)}`);
  });
}

/** What may follow the command: its sub-commands, else its options. */
function acceptedBy(command: Command): string {
  const names = command.commands.map((sub) => sub.name());
  const options = command.options.map((option) => option.long ?? option.flags);
  const help = command.parent === null ? 'ungil --help' : `ungil ${command.name()} --help`;
  return `accepted: ${[...names, ...options, '--help'].join(', ')} (see ${help})`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
