import type { AblationPlan } from '../report/ablation.js';
import { buildNamed, MECHANISM_NAMES, REFCOUNTS, whyWithout, withoutMechanism } from '../runtime/builds.js';
import type { CliDependencies } from './dependencies.js';
import { UsageError } from './errors.js';
import { checkNames, parseBuilds, splitList } from './options.js';

/**
 * Where the mechanisms matter, one or two workloads for each: few enough for an ablation of all of them to take less
 * than three minutes at the default of `ABLATION_TIME`.
 */
export const ABLATION_WORKLOADS: readonly string[] = [
  'fib',
  'int-add',
  'shared-list-read-immortal',
  'shared-dict-get',
  'call-shared-function',
  'alloc-drop-instance',
];

/** How long one repeat runs by default: there are eight builds to measure instead of two. */
export const ABLATION_TIME = '100ms';

/** What a comparison measures. */
interface Measured {
  readonly names: readonly string[];
  readonly time: string;
  readonly builds: string[];
  /** Of an ablation, a plan for each build; else none. */
  readonly plans: readonly AblationPlan[];
}

interface RawMeasured {
  readonly builds: string;
  readonly time: string;
  readonly ablate?: string | true;
  readonly refcount?: string;
}

/**
 * What the command line asks for. An ablation has its own defaults, and measures each build with and without.
 * `isDefault`: an option was not given. Throws UsageError.
 */
export function parseMeasured(
  given: readonly string[],
  raw: RawMeasured,
  isDefault: (option: keyof RawMeasured | 'group') => boolean,
  deps: Pick<CliDependencies, 'builds' | 'workloads'>,
): Measured {
  const chosen = (): string[] => withScheme(parseBuilds(raw.builds, deps.builds), raw.refcount);
  if (raw.ablate === undefined) return { names: given, time: raw.time, builds: chosen(), plans: [] };
  const known = deps.workloads.map((info) => info.name);
  const { mechanisms, workloads } = parseAblate(raw.ablate, known);
  const names = [...workloads, ...given];
  const bases = isDefault('builds') ? withScheme(['free-threaded'], raw.refcount) : chosen();
  const plans = planAblation(bases, mechanisms);
  return {
    names: names.length > 0 || !isDefault('group') ? names : ABLATION_WORKLOADS,
    time: isDefault('time') ? ABLATION_TIME : raw.time,
    builds: [...new Set(plans.flatMap((plan) => [plan.build, ...plan.without.map(({ build }) => build)]))],
    plans,
  };
}

/** Each build with the counts of `--refcount`; one that has them already keeps its name. Throws UsageError. */
function withScheme(builds: readonly string[], scheme: string | undefined): string[] {
  if (scheme === undefined) return [...builds];
  checkNames([scheme], 'scheme of counts', REFCOUNTS);
  return builds.map((name) => {
    if (buildNamed(name).refcount === scheme) return name;
    try {
      return buildNamed(`${name}:refcount=${scheme}`).name;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(`--refcount ${scheme} does not fit ${error.message}`);
    }
  });
}

/** What `--ablate`, whose value may be left out, was given. */
interface AblateArguments {
  /** Null: all that the build has. */
  readonly mechanisms: readonly string[] | null;
  /** Workloads that were taken for the option's value. */
  readonly workloads: readonly string[];
}

/** The value of `--ablate`: mechanisms separated by commas, nothing, or a workload's name that stood behind it. */
function parseAblate(value: string | true, workloads: readonly string[]): AblateArguments {
  if (value === true) return { mechanisms: null, workloads: [] };
  if (workloads.includes(value)) return { mechanisms: null, workloads: [value] };
  const names = splitList(value, '--ablate', `accepted: ${MECHANISM_NAMES.join(', ')}`);
  return { mechanisms: checkNames(names, 'mechanism', MECHANISM_NAMES), workloads: [] };
}

/** The builds to measure for each of `builds`. Throws UsageError where one has no such mechanism, and why. */
function planAblation(builds: readonly string[], mechanisms: readonly string[] | null): AblationPlan[] {
  return builds.map((name) => {
    const build = buildNamed(name);
    const refused = mechanisms?.find((mechanism) => whyWithout(build, mechanism) !== null);
    if (refused !== undefined) {
      throw new UsageError(
        `build '${name}' cannot do without '${refused}': ${whyWithout(build, refused)}; ` +
          `accepted there: ${MECHANISM_NAMES.filter((known) => whyWithout(build, known) === null).join(', ')}`,
      );
    }
    const own = mechanisms ?? MECHANISM_NAMES.filter((known) => whyWithout(build, known) === null);
    return {
      build: name,
      without: own.map((mechanism) => ({ mechanism, build: withoutMechanism(build, mechanism).name })),
    };
  });
}
