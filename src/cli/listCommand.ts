import { Command } from 'commander';
import { wrap } from '../report/text.js';
import type { BuildInfo, WorkloadInfo } from '../report/types.js';
import { COLLECTOR_SWITCH, REFCOUNT_SWITCH, switchInfos } from '../runtime/builds.js';
import type { ScenarioInfo } from '../scenarios/scenarioInfo.js';
import { GROUPS } from '../workloads/workload.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus } from './errors.js';
import { widthOf } from './terminal.js';

/** Longer lines are hard to read; output that is no terminal has no width of its own. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 60;

/** What the scenarios of a folder are about. */
const TOPICS: Readonly<Record<string, string>> = {
  refcount: 'reference counts',
  containers: 'lists, dicts, variables',
  memory: 'delayed reclamation and heaps',
  locks: 'locks',
  threads: 'stop-the-world',
  classic: 'classic algorithms',
};

/** `ungil list`. `exit` receives the exit status. */
export function listCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('list')
    .description('list the workloads, with what each does in Python, the builds and the race scenarios')
    .addHelpText('after', '\nExample:\n  ungil list')
    .action(() => {
      const width = listWidth(deps);
      const parts = [
        ...listWorkloads(deps.workloads, width),
        listBuilds(deps.builds, width),
        listSwitches(width),
        listScenarios(deps.scenarios, width),
      ];
      const lines = parts.flatMap((part, i) => (i > 0 ? ['', ...part] : part));
      deps.stdout.write(`${lines.join('\n')}\n`);
      exit(ExitStatus.Done);
    });
}

/** Groups whose workloads are best told by their Python; the others by what they ask. */
const TOLD_IN_PYTHON: readonly string[] = ['sharing', 'scaling'];

/** A part for each group, under the question that it answers; the names of all in one column. */
function listWorkloads(workloads: readonly WorkloadInfo[], width: number): string[][] {
  const column = widest(workloads.map(({ name }) => name));
  const groups = Object.entries(GROUPS).flatMap(([group, question]) => {
    const own = workloads.filter((info) => (info.group ?? 'sharing') === group);
    if (own.length === 0) return [];
    const rows = own.map(({ name, cpython, title, races }): [string, string] => [
      name,
      (TOLD_IN_PYTHON.includes(group) ? cpython : title) +
        (races === true ? ' (races; only when named)' : ''),
    ]);
    return [[...wrap(`${group}: ${question}`, width), ...definitions(rows, width, column)]];
  });
  const heading =
    'Workloads, by the question that they answer; ungil compare --group NAMES runs groups of them:';
  return [wrap(heading, width), ...groups];
}

function listBuilds(builds: readonly BuildInfo[], width: number): string[] {
  const rows = builds.map((build): [string, string] => [
    build.available === false ? `${build.name} (not yet)` : build.name,
    build.summary === undefined ? composition(build) : `${build.summary} (${composition(build)})`,
  ]);
  return ['Builds:', ...definitions(rows, width)];
}

function composition({ lock, refcount, allocator, collector, containers }: BuildInfo): string {
  return (
    `lock: ${lock}; counts: ${refcount}; allocator: ${allocator}; collector: ${collector}; ` +
    `containers: ${containers}`
  );
}

/** What a build's name may carry behind colons. */
function listSwitches(width: number): string[] {
  const rows = switchInfos().map(({ name, off, builds }): [string, string] => [
    `${name}=off`,
    `${off} (${builds.join(', ')})`,
  ]);
  const counts = 'another scheme of reference counts; side-table: apart from the objects';
  return [
    ...wrap(
      "Switches of a build's name, as in free-threaded:deferred=off:qsbr=off, and who has them:",
      width,
    ),
    ...definitions(
      [
        ...rows,
        ['refcount=SCHEME', `${counts} (SCHEME: ${REFCOUNT_SWITCH.slice(9)})`],
        [COLLECTOR_SWITCH, `cyclic garbage stays, and is reported as a leak (all that have a collector)`],
      ],
      width,
    ),
  ];
}

/** Columns of a list on standard output. */
export function listWidth({ stdout }: Pick<CliDependencies, 'stdout'>): number {
  return Math.min(MAX_WIDTH, widthOf(stdout, MIN_WIDTH, MAX_WIDTH));
}

/** By topic. Lines without newlines. */
export function listScenarios(scenarios: readonly ScenarioInfo[], width: number): string[] {
  const column = widest(scenarios.map(({ name }) => name));
  const topics = [...new Set(scenarios.map(topicOf))];
  return [
    ...wrap('Race scenarios, with the schemes of reference counts that each runs under:', width),
    ...topics.flatMap((topic) => [
      ...(topic === '' ? [] : [`${topic}:`]),
      ...definitions(scenarios.filter((info) => topicOf(info) === topic).map(scenarioRow), width, column),
    ]),
  ];
}

function topicOf({ module = '' }: ScenarioInfo): string {
  return TOPICS[module.split('/')[0]] ?? '';
}

function scenarioRow({ name, about, litmus, refcount, variants }: ScenarioInfo): [string, string] {
  const schemes = refcount.filter((scheme) => scheme !== 'none');
  const under = schemes.length > 0 ? schemes.join(', ') : 'no counts';
  const tests = litmus !== undefined && litmus.length > 0 ? `; litmus ${litmus.join(', ')}` : '';
  const more = variants.length > 0 ? `; variants: ${variants.join(', ')}` : '';
  return [name, `${about} (${under}${tests}${more})`];
}

/** Names in a column, the text beside them wrapped. */
function definitions(
  rows: readonly [string, string][],
  width: number,
  column = widest(rows.map(([name]) => name)),
): string[] {
  const margin = ' '.repeat(column + 4);
  return rows.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrap(text, width - margin.length);
    return [`  ${name.padEnd(column)}  ${first}`, ...rest.map((line) => margin + line)];
  });
}

function widest(names: readonly string[]): number {
  return names.reduce((most, name) => Math.max(most, name.length), 0);
}
