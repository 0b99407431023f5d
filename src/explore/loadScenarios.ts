import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { isScenario, type Scenario, type Scheme } from '../scenarios/scenario.js';
import type { Services } from '../scenarios/services.js';
import type { World } from '../scenarios/world.js';
import { faultOf } from './checkScenario.js';
import { EngineMemories } from './engineMemory.js';
import { FiberHooks } from './fiberHooks.js';
import type { Site } from './hooks.js';
import { RaceInputError } from './raceTypes.js';
import { Program, Refusal } from './rewrite/program.js';

type WorldClass = typeof World;

/** Scenario modules and the production modules that they use, rewritten. */
export interface LoadedScenarios {
  readonly scenarios: readonly Scenario[];
  readonly World: WorldClass;
  readonly prepareMemory: (memory: SharedMemory, scheme: Scheme, services: Services) => void;
  readonly sites: readonly Site[];
  marks(site: number): number;
  /** File URL of the module that exports the scenario. */
  moduleOf(scenario: Scenario): string;
  readonly memories: EngineMemories;
  /** What the rewritten modules call, whichever engine runs. */
  readonly hooks: FiberHooks;
}

/** Methods of `Services` that are steps. The world has methods of the same names, which only call them. */
const STEPS = ['free', 'poll', 'choose', 'call', 'returned'];

const WORLD = new URL('../scenarios/world.js', import.meta.url).href;
const SCENARIO = new URL('../scenarios/scenario.js', import.meta.url).href;
const RACE = new URL('../race.js', import.meta.url).href;

/**
 * Loads files that export scenarios, with all that they import, in a form that can be suspended. Throws
 * RaceInputError: the file does not load, exports no scenario, or uses what cannot be suspended.
 */
export async function loadScenarios(urls: readonly string[]): Promise<LoadedScenarios> {
  const hooks = new FiberHooks();
  const program = new Program({
    hooks,
    native: (url) => url === SCENARIO || url === RACE,
    suspending: STEPS,
    aliases: { 'ungil/race': RACE },
  });
  const [world, ...modules] = await load(program, [WORLD, ...urls]);
  const scenarios = modules.flatMap((module, i) => scenariosOf(module, urls[i]));
  const moduleOf = new Map(
    modules.flatMap((module, i) => scenariosOf(module, urls[i]).map((one) => [one, urls[i]] as const)),
  );
  const marks = Uint8Array.from(program.sites, (site) => site.marks);
  return {
    scenarios,
    World: world.World as WorldClass,
    prepareMemory: world.prepareMemory as LoadedScenarios['prepareMemory'],
    sites: program.sites,
    marks: (site) => marks[site],
    moduleOf: (scenario) => moduleOf.get(scenario) ?? '',
    hooks,
    memories: new EngineMemories(),
  };
}

async function load(program: Program, urls: readonly string[]): Promise<Readonly<Record<string, unknown>>[]> {
  try {
    return await program.load(urls);
  } catch (error) {
    if (error instanceof Refusal) throw new RaceInputError(error.message);
    throw error;
  }
}

function scenariosOf(module: Readonly<Record<string, unknown>>, url: string): Scenario[] {
  const found = new Set<Scenario>();
  for (const value of Object.values(module)) {
    for (const one of Array.isArray(value) ? value : [value]) if (isScenario(one)) found.add(one);
  }
  const file = path.relative(process.cwd(), fileURLToPath(url));
  if (found.size === 0) {
    throw new RaceInputError(`${file}: exports no scenario; accepted: what scenario(name, ...) returns`);
  }
  const names = new Set<string>();
  for (const scenario of found) {
    const twice = names.has(scenario.name) ? `two scenarios are called '${scenario.name}'` : null;
    const fault = faultOf(scenario) ?? twice;
    if (fault !== null) throw new RaceInputError(`${file}: ${fault}`);
    names.add(scenario.name);
  }
  return [...found];
}
