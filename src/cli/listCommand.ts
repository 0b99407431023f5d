import { Command } from 'commander';
import { wrap } from '../report/text.js';
import type { BuildInfo, WorkloadInfo } from '../report/types.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus } from './errors.js';

/** Read at 100 columns whatever the terminal: names and descriptions are short. */
const WIDTH = 100;

/** `ungil list`. `exit` receives the exit status. */
export function listCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('list')
    .description('list the workloads, with what each does in Python, and the builds')
    .addHelpText('after', '\nExample:\n  ungil list')
    .action(() => {
      const lines = [...listWorkloads(deps.workloads), '', ...listBuilds(deps.builds)];
      deps.stdout.write(`${lines.join('\n')}\n`);
      exit(ExitStatus.Done);
    });
}

function listWorkloads(workloads: readonly WorkloadInfo[]): string[] {
  const rows = workloads.map(({ name, cpython, races }): [string, string] => [
    name,
    races === true ? `${cpython} (races; only when named)` : cpython,
  ]);
  return ['Workloads, and what each does in Python:', ...definitions(rows)];
}

function listBuilds(builds: readonly BuildInfo[]): string[] {
  const rows = builds.map((build): [string, string] => [
    build.available === false ? `${build.name} (not yet)` : build.name,
    build.summary === undefined ? composition(build) : `${build.summary} (${composition(build)})`,
  ]);
  return ['Builds:', ...definitions(rows)];
}

function composition({ lock, refcount, allocator, collector, containers }: BuildInfo): string {
  return (
    `lock: ${lock}; counts: ${refcount}; allocator: ${allocator}; collector: ${collector}; ` +
    `containers: ${containers}`
  );
}

/** Names in a column, the text beside them wrapped. */
function definitions(rows: readonly [string, string][]): string[] {
  const column = rows.reduce((widest, [name]) => Math.max(widest, name.length), 0);
  const margin = ' '.repeat(column + 4);
  return rows.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrap(text, WIDTH - margin.length);
    return [`  ${name.padEnd(column)}  ${first}`, ...rest.map((line) => margin + line)];
  });
}
