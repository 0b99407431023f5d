import { isScenario } from '../scenarios/scenario.js';
import { type NamedSetting, settingOf } from './settings.js';
import type { ScenarioPlace } from './workerJob.js';

/** Loads a scenario as it is, not rewritten. Throws Error where the module does not export it. */
export async function findScenario(place: ScenarioPlace): Promise<NamedSetting> {
  const exported: Record<string, unknown> = await import(place.module);
  for (const value of Object.values(exported)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (isScenario(one) && one.name === place.scenario) return settingOf(one, place.variant, place.scheme);
    }
  }
  throw new Error(`${place.module} does not export the scenario '${place.scenario}'`);
}
