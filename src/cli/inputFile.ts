import { readFileSync } from 'node:fs';
import { parseCompareJson, parseRaceJson } from '../report/checkJson.js';
import { raceSection } from '../report/html/raceSection.js';
import type { CompareJson } from '../report/json.js';
import type { RaceJson } from '../report/raceJson.js';
import { UsageError } from './errors.js';

/** compare.json from a file. Throws UsageError. */
export function readCompareJson(file: string): CompareJson {
  const json = parseCompareJson(readText(file, 'compare.json'));
  if (typeof json !== 'string') return json;
  throw new UsageError(`cannot use '${file}': ${json}; accepted: what ungil compare --json wrote`);
}

/** race.json from a file, such that it can be shown. Throws UsageError. */
export function readRaceJson(file: string): RaceJson {
  const json = parseRaceJson(readText(file, 'race.json'));
  const wrong = typeof json === 'string' ? json : whyNotShown(json);
  if (wrong === null) return json as RaceJson;
  throw new UsageError(`cannot use '${file}': ${wrong}; accepted: what ungil race --json wrote`);
}

/** A file may be right at first sight and wrong inside: drawing it, before anything runs, shows that. */
function whyNotShown(json: RaceJson): string | null {
  try {
    raceSection(json);
    return null;
  } catch (error) {
    return `it cannot be shown (${error instanceof Error ? error.message : error})`;
  }
}

function readText(file: string, kind: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`cannot read '${file}' (${reason}); accepted: a ${kind}`);
  }
}
