import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explore } from './explore/explorer.js';
import { inputError } from './explore/inputErrors.js';
import { type LoadedScenarios, loadScenarios } from './explore/loadScenarios.js';
import type { RequestedMode } from './explore/raceTypes.js';
import type { Exploration } from './explore/results.js';
import { schemesOf, settingOf } from './explore/settings.js';
import { renderRace } from './report/raceText.js';
import type { Scenario } from './scenarios/scenario.js';

export interface RaceTestOptions {
  /** Milliseconds for each exploration that cannot be exhausted; 2,000 by default. */
  readonly budgetMs?: number;
  readonly mode?: RequestedMode;
  readonly seed?: number;
}

const WIDTH = 100;
/** Beyond the budget: loading, shrinking, a busy machine. */
const GRACE_MS = 30_000;

/**
 * Registers one vitest test for each scenario of these modules (compiled JavaScript), scheme and variant. It fails,
 * with the report that `ungil race` prints, on a forbidden outcome, on a required one that an exhaustive search has
 * not reached, and on a broken variant that is not caught. At the top of a test file:
 * `await testScenarios(new URL('./counter.scenario.js', import.meta.url))`.
 */
export async function testScenarios(
  files: URL | readonly URL[],
  options: RaceTestOptions = {},
): Promise<void> {
  const urls = files instanceof URL ? [files] : files;
  const loaded = await load(urls);
  for (const scenario of loaded.scenarios) {
    describe(scenario.name, () =>
      registerScenario(
        loaded,
        scenario,
        options,
        urls.map((url) => fileURLToPath(url)),
      ),
    );
  }
}

async function load(urls: readonly URL[]): Promise<LoadedScenarios> {
  try {
    return await loadScenarios(urls.map((url) => url.href));
  } catch (error) {
    throw inputError(error, [], urls.map((url) => fileURLToPath(url)).join(', '));
  }
}

function registerScenario(
  loaded: LoadedScenarios,
  scenario: Scenario,
  options: RaceTestOptions,
  files: readonly string[],
): void {
  const { budgetMs = 2000, mode = 'auto', seed = 1 } = options;
  for (const variant of ['', ...Object.keys(scenario.spec.variants ?? {})]) {
    for (const scheme of schemesOf(scenario, variant)) {
      const name = [scheme === 'none' ? 'explored' : scheme, variant]
        .filter((part) => part !== '')
        .join(': ');
      it(name, { timeout: budgetMs + GRACE_MS }, async () => {
        const exploration = await explore(loaded, settingOf(scenario, variant, scheme), {
          mode,
          budgetMs,
          seed,
          maxSteps: null,
          interrupted: () => false,
          progress: () => {},
          confirm: null,
        });
        expect(exploration.ok, report(exploration, files)).toBe(true);
      });
    }
  }
}

function report(exploration: Exploration, files: readonly string[]): string {
  const lines = renderRace([exploration], {
    width: WIDTH,
    paint: (_, text) => text,
    verbose: true,
    single: true,
    interrupted: false,
    repeat: { builtIn: [], files, maxSteps: null },
  });
  return lines.join('\n');
}
