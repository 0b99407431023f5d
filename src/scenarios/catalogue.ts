import { MODULES } from './modules.js';
import { isScenario, type Scenario } from './scenario.js';
import type { ScenarioInfo } from './scenarioInfo.js';

/** The built-in scenarios, in the order of their modules. Loads them as they are, not to be run. */
export async function catalogue(): Promise<readonly ScenarioInfo[]> {
  const infos: ScenarioInfo[] = [];
  for (const module of MODULES) {
    const exported: Record<string, unknown> = await import(`./${module}`);
    for (const value of Object.values(exported)) if (isScenario(value)) infos.push(infoOf(value, module));
  }
  return infos;
}

function infoOf({ name, spec }: Scenario, module: string): ScenarioInfo {
  return {
    name,
    about: spec.about,
    litmus: spec.litmus ?? [],
    refcount: spec.refcount ?? [],
    variants: Object.keys(spec.variants ?? {}),
    module,
  };
}
