import { Command } from 'commander';
import { wrap } from '../report/text.js';
import type { BuildInfo, WorkloadInfo } from '../report/types.js';
import { REFCOUNT_SWITCH, switchInfos } from '../runtime/builds.js';
import type { ScenarioInfo } from '../scenarios/scenarioInfo.js';
import { GROUPS } from '../workloads/workload.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus } from './errors.js';

/** Read at 100 columns whatever the terminal: names and descriptions are short. */
const WIDTH = 100;

/** `ungil list`. `exit` receives the exit status. */
export function listCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('list')
    .description('list the workloads, with what each does in Python, the builds and the race scenarios')
    .addHelpText('after', '\nExample:\n  ungil list')
    .action(() => {
      const parts = [
        ...listWorkloads(deps.workloads),
        listBuilds(deps.builds),
        listSwitches(),
        listScenarios(deps.scenarios),
      ];
      const lines = parts.flatMap((part, i) => (i > 0 ? ['', ...part] : part));
      deps.stdout.write(`${lines.join('\n')}\n`);
      exit(ExitStatus.Done);
    });
}

/** A part for each group: the patterns of sharing as Python, the others by what they ask. */
function listWorkloads(workloads: readonly WorkloadInfo[]): string[][] {
  return Object.entries(GROUPS).flatMap(([group, question]) => {
    const own = workloads.filter((info) => (info.group ?? 'sharing') === group);
    if (own.length === 0) return [];
    const sharing = group === 'sharing';
    const rows = own.map(({ name, cpython, title, races }): [string, string] => [
      name,
      (sharing ? cpython : title) + (races === true ? ' (races; only when named)' : ''),
    ]);
    const heading = sharing
      ? `Workloads, and what each does in Python: ${question}`
      : `Workloads of group ${group}, after mimalloc-bench: ${question}`;
    return [[heading, ...definitions(rows)]];
  });
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

/** What a build's name may carry behind colons. */
function listSwitches(): string[] {
  const rows = switchInfos().map(({ name, off, builds }): [string, string] => [
    `${name}=off`,
    `${off} (${builds.join(', ')})`,
  ]);
  const counts = 'another scheme of reference counts; side-table: apart from the objects';
  return [
    "Switches of a build's name, as in free-threaded:deferred=off:qsbr=off, and who has them:",
    ...definitions([...rows, ['refcount=SCHEME', `${counts} (SCHEME: ${REFCOUNT_SWITCH.slice(9)})`]]),
  ];
}

/** Lines without newlines. */
export function listScenarios(scenarios: readonly ScenarioInfo[]): string[] {
  const rows = scenarios.map(({ name, about, litmus, refcount, variants }): [string, string] => {
    const schemes = refcount.filter((scheme) => scheme !== 'none');
    const under = schemes.length > 0 ? schemes.join(', ') : 'no counts';
    const rows = litmus !== undefined && litmus.length > 0 ? `; litmus ${litmus.join(', ')}` : '';
    const more = variants.length > 0 ? `; variants: ${variants.join(', ')}` : '';
    return [name, `${about} (${under}${rows}${more})`];
  });
  return ['Race scenarios, with the schemes of reference counts that each runs under:', ...definitions(rows)];
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
