import { pathToFileURL } from 'node:url';
import { catalogue } from '../scenarios/catalogue.js';
import { explore } from './explorer.js';
import { loadScenarios } from './loadScenarios.js';
import type { Race, RaceHooks, RaceReport, RaceRequest } from './raceTypes.js';
import type { Exploration } from './results.js';
import { type NamedSetting, schemesOf, settingOf } from './settings.js';

/** See `Race`. */
export const race: Race = async (request, hooks, signal) => {
  const { settings, loaded } = await settingsOf(request);
  const explorations: Exploration[] = [];
  for (const [done, setting] of settings.entries()) {
    if (signal.aborted) break;
    const exploration = await explore(loaded, setting, {
      ...request,
      interrupted: () => signal.aborted,
      progress: (executions, estimate, leftMs) => {
        const { scheme, variant, scenario } = setting;
        hooks.progress({
          scenario: scenario.name,
          refcount: scheme,
          variant,
          done,
          total: settings.length,
          executions,
          estimate,
          leftMs,
        });
      },
      confirm: null,
    });
    explorations.push(exploration);
    hooks.found(exploration);
    // Lets a signal in.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { explorations, interrupted: signal.aborted };
};

export type { RaceHooks, RaceReport };

async function settingsOf(request: RaceRequest) {
  const files = request.files.map((file) => pathToFileURL(file).href);
  const builtIn = await catalogue();
  const built = builtIn.filter((info) => request.scenarios.includes(info.name));
  const urls = [
    ...new Set(built.map((info) => new URL(`../scenarios/${info.module}`, import.meta.url).href)),
    ...files,
  ];
  const loaded = await loadScenarios(urls);
  const names = new Set(built.map((info) => info.name));
  const known = new Set(builtIn.map((info) => info.name));
  const chosen = loaded.scenarios.filter((one) => names.has(one.name) || !known.has(one.name));
  const settings: NamedSetting[] = [];
  for (const scenario of chosen) {
    const variants = Object.keys(scenario.spec.variants ?? {});
    const wanted =
      request.variant === 'all'
        ? ['', ...variants]
        : request.variant === 'none'
          ? ['']
          : variants.filter((one) => one === request.variant);
    for (const variant of wanted) {
      for (const scheme of schemesOf(scenario, variant)) {
        if (scheme !== 'none' && request.refcount !== null && !request.refcount.includes(scheme)) continue;
        settings.push(settingOf(scenario, variant, scheme));
      }
    }
  }
  return { settings, loaded };
}
