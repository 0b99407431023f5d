import { expect, test } from 'vitest';
import { MODULES } from '#ungil/scenarios/modules.js';
import { isScenario, type Scenario } from '#ungil/scenarios/scenario.js';

const FOLDER = new URL('../../dist/src/scenarios/', import.meta.url);

async function builtIn(): Promise<Scenario[]> {
  const scenarios: Scenario[] = [];
  for (const module of MODULES) {
    const exported: Record<string, unknown> = await import(new URL(module, FOLDER).href);
    for (const value of Object.values(exported)) if (isScenario(value)) scenarios.push(value);
  }
  return scenarios;
}

const scenarios = await builtIn();
const of = (litmus: string) => scenarios.filter(({ spec }) => spec.litmus?.includes(litmus));
const isBroken = ({ spec }: Scenario) =>
  Object.values(spec.variants ?? {}).some((variant) => variant.finds !== undefined);

test.each([
  ...[
    'D1',
    'D2',
    'D3',
    'D4',
    'D5',
    'D6',
    'D7',
    'D8',
    'D9',
    'D11',
    'D12',
    'D13',
    'D14',
    'D15',
    'D16',
    'D17',
    'D18',
    'D19',
  ],
  ...['D20', 'D21', 'D22', 'D27', 'D28', 'D29', 'D30'],
])('litmus %s has a scenario, and a broken variant that must be caught', (litmus) => {
  expect(of(litmus).map(({ name }) => name)).not.toEqual([]);
  expect(of(litmus).some(isBroken)).toBe(true);
});

test('litmus D10 has a scenario; there is nothing to break in it', () => {
  expect(of('D10').map(({ name }) => name)).toEqual(['qsbr-deferred']);
});

test('litmus rows are named as in the table', () => {
  for (const { spec } of scenarios) {
    for (const litmus of spec.litmus ?? []) expect(litmus).toMatch(/^D([1-9]|[12]\d|30)$/);
  }
});
