import { describe, expect, it } from 'vitest';
import { parseCompareJson, parseRaceJson } from '#ungil/report/checkJson.js';
import { formatCompareJson } from '#ungil/report/json.js';
import { formatRaceJson, toRaceJson } from '#ungil/report/raceJson.js';
import { compared } from './html/fixture.js';
import { exploration, REQUEST } from './raceFixtures.js';

const compare = formatCompareJson(compared({ workloads: 2 }).json);
const race = formatRaceJson(
  toRaceJson({
    host: { ungil: '0.5.0', node: 'v20.0.0', cpus: 2 },
    request: REQUEST,
    explorations: [exploration()],
    complete: true,
    interrupted: false,
    repeat: { builtIn: [], files: [], maxSteps: null },
  }),
);

describe('a JSON that is given', () => {
  it('is taken as it is if it is right', () => {
    expect(parseCompareJson(compare)).toEqual(JSON.parse(compare));
    expect(parseRaceJson(race)).toEqual(JSON.parse(race));
  });

  it.each([
    ['', 'it is empty'],
    ['hello', 'it is no JSON'],
    [compare.slice(0, 5000), 'it is no whole JSON: it may be truncated'],
    ['[1, 2]', 'it is JSON, but no compare.json'],
    ['null', 'it is JSON, but no compare.json'],
    ['{"name": "ungil", "version": "1"}', "it is no compare.json of this version: 'ungil' is missing"],
    [race, "it is no compare.json of this version: 'cpythonSource' is missing (made by ungil 0.5.0)"],
  ])('%j: %s', (text, wrong) => {
    const said = parseCompareJson(text);
    // A race.json lacks more than one field.
    if (text === race)
      expect(said).toMatch(/^it is no compare\.json of this version: '\w+' is missing \(made by ungil/);
    else expect(said).toBe(wrong);
  });

  it('of another version is named, with the field', () => {
    const old = JSON.parse(compare);
    delete old.results[3].warnings;
    old.ungil = '0.4.0';
    expect(parseCompareJson(JSON.stringify(old))).toBe(
      "it is no compare.json of this version: in results[3] 'warnings' is missing (made by ungil 0.4.0)",
    );
    expect(parseRaceJson(compare)).toBe(
      "it is no race.json of this version: in results[0] 'scenario' is missing (made by ungil 0.5.0)",
    );
  });

  it('may hold null where a figure is not defined, and nothing else', () => {
    const json = JSON.parse(compare);
    json.results[0].nsPerOp = null;
    expect(typeof parseCompareJson(JSON.stringify(json))).toBe('object');
    json.results[0].nsPerOp = '12';
    expect(parseCompareJson(JSON.stringify(json))).toContain("in results[0] 'nsPerOp' is no number or null");
  });
});
