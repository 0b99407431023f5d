import type { LoadedScenarios } from './loadScenarios.js';

/** `refcount/biased.ts:231 BiasedRefCounter.decref`; a free has no place of its own. */
export function placeOf(loaded: LoadedScenarios, site: number): string {
  if (site < 0) return 'free';
  const { file, line, function: name } = loaded.sites[site];
  return `${file}:${line} ${name}`;
}
