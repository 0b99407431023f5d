import { parseFileTarget } from '../explore/fileTarget.js';
import type { RaceRequest, RequestedMode } from '../explore/raceTypes.js';
import type { ScenarioInfo } from '../scenarios/scenarioInfo.js';
import { COUNT_SCHEMES, type Scheme } from '../scenarios/scheme.js';
import { UsageError } from './errors.js';
import { checkNames, parseDuration, parseSeed, parseWhole, splitList } from './options.js';

/** Parsers of the arguments of `ungil race`. Each gives a checked value or throws a UsageError. */

/** Options as commander hands them over; those that were not given are absent. */
export interface RawRaceOptions {
  mode: string;
  refcount?: string;
  variant?: string;
  budget: string;
  seed: string;
  maxSteps?: string;
  engine: string;
  replay?: string;
  json?: string;
  html?: string;
  list?: boolean;
  verbose?: boolean;
}

const MODES = 'auto, dpor, dfs, state, bound=N, pct=D, pos, surw, random, stress';
const MAX_PARAMETER = 99;
const MAX_STEPS = 10_000_000;

export function parseRace(
  targets: readonly string[],
  raw: RawRaceOptions,
  known: readonly ScenarioInfo[],
): RaceRequest {
  const refcount = raw.refcount === undefined ? null : parseSchemes(raw.refcount);
  const { scenarios, files } = parseTargets(targets, refcount, known);
  const chosen = { scenarios: known.filter((info) => scenarios.includes(info.name)), files };
  const replay = raw.replay === undefined ? null : checkReplay(raw.replay, chosen, refcount);
  return {
    scenarios,
    files,
    mode: parseMode(raw.mode),
    refcount,
    variant: parseVariant(raw.variant, chosen, replay),
    budgetMs: parseDuration(raw.budget),
    seed: parseSeed(raw.seed),
    maxSteps: raw.maxSteps === undefined ? null : parseMaxSteps(raw.maxSteps),
    engine: parseEngine(raw.engine),
    replay,
  };
}

interface Chosen {
  readonly scenarios: readonly ScenarioInfo[];
  readonly files: readonly string[];
}

// --- Scenarios ---

/** Names and files; for neither, all scenarios that run under one of the schemes. */
function parseTargets(
  targets: readonly string[],
  refcount: readonly Scheme[] | null,
  known: readonly ScenarioInfo[],
): { scenarios: string[]; files: string[] } {
  const files = [...new Set(targets.filter(isFile))];
  const names = targets.filter((target) => !isFile(target));
  if (targets.length === 0) {
    return { scenarios: known.filter((info) => runsUnder(info, refcount)).map((info) => info.name), files };
  }
  for (const file of files) refuseTypeScript(file);
  const accepted = known.map((info) => info.name);
  const scenarios = checkNames(names, 'scenario', accepted);
  for (const info of known) if (scenarios.includes(info.name)) checkSchemes(info, refcount);
  return { scenarios, files };
}

function isFile(target: string): boolean {
  return /[/\\]/.test(target) || /\.[cm]?[jt]s(#.*)?$/s.test(target);
}

function refuseTypeScript(file: string): void {
  const { path } = parseFileTarget(file);
  if (!/\.[cm]?ts$/.test(path)) return;
  const compiled = path.replace(/ts$/, 'js');
  throw new UsageError(`'${path}' is TypeScript; compile it first, and name what comes of it: '${compiled}'`);
}

// --- Schemes ---

function parseSchemes(text: string): Scheme[] {
  const names = splitList(text, '--refcount', `accepted: ${COUNT_SCHEMES.join(', ')}`);
  const checked = checkNames(names, 'scheme of reference counts', COUNT_SCHEMES);
  return COUNT_SCHEMES.filter((scheme) => checked.includes(scheme));
}

/** A scenario without counts has nothing to choose. */
function schemesOf(info: ScenarioInfo): Scheme[] {
  return info.refcount.filter((scheme) => scheme !== 'none');
}

function runsUnder(info: ScenarioInfo, refcount: readonly Scheme[] | null): boolean {
  const own = schemesOf(info);
  return refcount === null || own.length === 0 || own.some((scheme) => refcount.includes(scheme));
}

function checkSchemes(info: ScenarioInfo, refcount: readonly Scheme[] | null): void {
  if (runsUnder(info, refcount)) return;
  const own = schemesOf(info).join(', ');
  throw new UsageError(
    `scenario '${info.name}' does not run under ${refcount?.join(', ')}; accepted: ${own}`,
  );
}

// --- Variants ---

/** A schedule fits what it was found in, so a replay takes no variant but the one that is named. */
function parseVariant(text: string | undefined, { scenarios, files }: Chosen, replay: string | null): string {
  if (text === undefined) return replay === null ? 'all' : 'none';
  if (text === 'all' && replay !== null) {
    throw new UsageError("--replay runs one variant; accepted: --variant with a variant's name, or none");
  }
  // What a file's scenarios are called is not known before it is loaded.
  if (text === 'all' || text === 'none' || (files.length > 0 && text !== '')) return text;
  const names = [...new Set(scenarios.flatMap((info) => info.variants))];
  return checkNames([text], 'variant', ['all', 'none', ...names])[0];
}

// --- Replay ---

/** Whether it is clear what to replay; the explorer looks at the schedule itself. */
function checkReplay(text: string, { scenarios, files }: Chosen, refcount: readonly Scheme[] | null): string {
  if (text === '') throw new UsageError("--replay '' is no schedule; accepted: one that a report shows");
  if (scenarios.length + files.length !== 1) {
    throw new UsageError(
      '--replay needs the one scenario that the schedule belongs to; accepted: one name or file',
    );
  }
  const own = scenarios.flatMap(schemesOf).filter((scheme) => refcount === null || refcount.includes(scheme));
  if (own.length > 1 || (refcount !== null && refcount.length > 1)) {
    const accepted = own.length > 1 ? own : refcount;
    throw new UsageError(
      `--replay needs one scheme; accepted: --refcount with one of ${accepted?.join(', ')}`,
    );
  }
  return text;
}

// --- Modes and numbers ---

function parseMode(text: string): RequestedMode {
  const [name, parameter] = text.split('=', 2);
  switch (text) {
    case 'auto':
    case 'dpor':
    case 'dfs':
    case 'state':
    case 'pos':
    case 'surw':
    case 'random':
    case 'stress':
      return text;
  }
  const number = parameter === undefined || text !== `${name}=${parameter}` ? null : parseWhole(parameter);
  if (number !== null && number <= MAX_PARAMETER) {
    if (name === 'bound') return `bound=${number}`;
    if (name === 'pct' && number >= 1) return `pct=${number}`;
  }
  throw new UsageError(
    `mode '${text}' is not valid; accepted: ${MODES} (N preemptions, 0 to ${MAX_PARAMETER}; ` +
      `bugs of depth D, 1 to ${MAX_PARAMETER})`,
  );
}

function parseEngine(text: string): RaceRequest['engine'] {
  if (text === 'fiber' || text === 'worker') return text;
  throw new UsageError(`engine '${text}' is not valid; accepted: fiber, worker`);
}

function parseMaxSteps(text: string): number {
  const steps = parseWhole(text);
  if (steps !== null && steps >= 1 && steps <= MAX_STEPS) return steps;
  throw new UsageError(`--max-steps '${text}' is not valid; accepted: a whole number from 1 to ${MAX_STEPS}`);
}
