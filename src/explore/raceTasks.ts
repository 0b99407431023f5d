import { pathToFileURL } from 'node:url';
import { catalogue } from '../scenarios/catalogue.js';
import type { Scenario } from '../scenarios/scenario.js';
import { formatFileTarget, parseFileTarget } from './fileTarget.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { RaceInputError, type RaceRequest } from './raceTypes.js';
import { type NamedSetting, schemesOf, settingOf } from './settings.js';

/** What is to be explored: a setting, and what names its scenario on a command line. */
export interface Task {
  readonly setting: NamedSetting;
  readonly target: string;
}

interface Chosen {
  readonly scenario: Scenario;
  readonly target: string;
}

/** File URLs of the modules to load: those of built-in scenarios, then the files. */
export async function modulesOf(request: RaceRequest): Promise<string[]> {
  const builtIn = (await catalogue()).filter(({ name }) => request.scenarios.includes(name));
  const urls = builtIn.map(({ module }) => new URL(`../scenarios/${module}`, import.meta.url).href);
  return [...new Set([...urls, ...request.files.map(urlOf)])];
}

/**
 * In the order of the catalogue, then of the files: as declared, then variants; each under its schemes. Throws
 * RaceInputError where that is nothing, or more than one for a replay.
 */
export async function tasksOf(request: RaceRequest, loaded: LoadedScenarios): Promise<Task[]> {
  const chosen = [...(await builtIn(request, loaded)), ...fromFiles(request, loaded)];
  checkVariant(request.variant, chosen);
  const tasks = chosen.flatMap(({ scenario, target }) =>
    variantsOf(scenario, request.variant).flatMap((variant) =>
      schemesOf(scenario, variant)
        .filter((scheme) => scheme === 'none' || (request.refcount?.includes(scheme) ?? true))
        .map((scheme) => ({ setting: settingOf(scenario, variant, scheme), target })),
    ),
  );
  checkSchemes(request, chosen, tasks);
  // Without a scheduler nobody keeps threads from switching.
  const possible =
    request.mode === 'stress' ? tasks.filter(({ setting }) => setting.scheme !== 'gil') : tasks;
  if (possible.length === 0) {
    throw new RaceInputError('mode stress does not run under gil; accepted: another scheme or mode');
  }
  if (request.replay !== null) checkReplay(tasks);
  return possible;
}

function urlOf(file: string): string {
  return pathToFileURL(parseFileTarget(file).path).href;
}

// --- Scenarios ---

async function builtIn(request: RaceRequest, loaded: LoadedScenarios): Promise<Chosen[]> {
  const known = new Map(
    (await catalogue()).map(({ name, module }) => [
      name,
      new URL(`../scenarios/${module}`, import.meta.url).href,
    ]),
  );
  return loaded.scenarios
    .filter((scenario) => request.scenarios.includes(scenario.name))
    .filter((scenario) => known.get(scenario.name) === loaded.moduleOf(scenario))
    .map((scenario) => ({ scenario, target: scenario.name }));
}

function fromFiles({ files }: RaceRequest, loaded: LoadedScenarios): Chosen[] {
  const chosen = new Map<Scenario, Chosen>();
  for (const file of files) {
    const { path, scenario: wanted } = parseFileTarget(file);
    const own = loaded.scenarios.filter((scenario) => loaded.moduleOf(scenario) === urlOf(file));
    const named = own.filter(({ name }) => wanted === null || name === wanted);
    if (named.length === 0 && wanted !== null) {
      throw new RaceInputError(`${path}: exports no scenario '${wanted}'; accepted: ${namesOf(own)}`);
    }
    for (const scenario of named) {
      const target = formatFileTarget({ path, scenario: own.length > 1 ? scenario.name : null });
      if (!chosen.has(scenario)) chosen.set(scenario, { scenario, target });
    }
  }
  return [...chosen.values()];
}

function namesOf(scenarios: readonly Scenario[]): string {
  return scenarios.map(({ name }) => name).join(', ');
}

// --- Variants and schemes ---

function variantsOf(scenario: Scenario, wanted: string): string[] {
  const variants = Object.keys(scenario.spec.variants ?? {});
  if (wanted === 'all') return ['', ...variants];
  return wanted === 'none' ? [''] : variants.filter((variant) => variant === wanted);
}

function checkVariant(wanted: string, chosen: readonly Chosen[]): void {
  if (chosen.some(({ scenario }) => variantsOf(scenario, wanted).length > 0)) return;
  const variants = chosen.flatMap(({ scenario }) => Object.keys(scenario.spec.variants ?? {}));
  throw new RaceInputError(
    `unknown variant '${wanted}'; accepted: ${['all', 'none', ...variants].join(', ')}`,
  );
}

function checkSchemes(
  { refcount, variant }: RaceRequest,
  chosen: readonly Chosen[],
  tasks: readonly Task[],
): void {
  if (tasks.length > 0) return;
  const own = chosen.flatMap(({ scenario }) =>
    variantsOf(scenario, variant).flatMap((name) => schemesOf(scenario, name)),
  );
  const asked = refcount?.join(', ') ?? '';
  throw new RaceInputError(`nothing to run under ${asked}; accepted: ${[...new Set(own)].join(', ')}`);
}

/** A schedule fits one scenario under one scheme. */
function checkReplay(tasks: readonly Task[]): void {
  if (tasks.length === 1) return;
  const targets = [...new Set(tasks.map(({ target }) => target))];
  if (targets.length > 1) {
    throw new RaceInputError(
      `--replay needs the one scenario that the schedule belongs to; accepted: one of ${targets.join(', ')}`,
    );
  }
  const schemes = tasks.map(({ setting }) => setting.scheme).join(', ');
  throw new RaceInputError(`--replay needs one scheme; accepted: --refcount with one of ${schemes}`);
}
