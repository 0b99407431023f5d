import type { Scenario, ScenarioSpec, Variant, WorldOptions } from '../scenarios/scenario.js';
import { COUNT_SCHEMES } from '../scenarios/scheme.js';

type Names<T> = { readonly [name in keyof Required<T>]: true };

const FIELDS: Names<ScenarioSpec<unknown>> = {
  about: true,
  litmus: true,
  refcount: true,
  setup: true,
  threads: true,
  after: true,
  outcomes: true,
  never: true,
  linearizable: true,
  variants: true,
  replay: true,
  world: true,
  maxSteps: true,
};
const VARIANT_FIELDS: Names<Variant<unknown>> = (({ variants, ...rest }) => ({
  ...rest,
  overrides: true as const,
  finds: true as const,
}))(FIELDS);
const WORLD_FIELDS: Names<WorldOptions> = {
  allocator: true,
  leaks: true,
  spuriousWakes: true,
  timeouts: true,
  clockJumps: true,
  dataRaces: true,
};
const ALLOCATORS = ['model', 'reuse', 'real'];
const EXPECTATIONS = ['required', 'expected', 'interesting', 'forbidden'];

/**
 * What is wrong with a declaration, in one line; null: nothing. Plain JavaScript has no compiler to tell its author,
 * and a misspelt `linearizable` would be a proof of nothing.
 */
export function faultOf({ name, spec }: Scenario): string | null {
  const found =
    fieldsFault(spec, FIELDS, '') ??
    (typeof spec.about === 'string' ? null : `'about' is not a text; accepted: one line`) ??
    (Array.isArray(spec.litmus ?? []) ? null : `'litmus' is not an array; accepted: an array of names`) ??
    partsFault(spec, '');
  if (found !== null) return `scenario '${name}': ${found}`;
  for (const [variant, changed] of Object.entries(spec.variants ?? {})) {
    const where = ` of variant '${variant}'`;
    const fault = fieldsFault(changed, VARIANT_FIELDS, where) ?? partsFault(changed, where);
    if (fault !== null) return `scenario '${name}': ${fault}`;
  }
  return null;
}

/** Of what a scenario and a variant have in common. */
function partsFault(spec: Partial<ScenarioSpec<unknown>>, where: string): string | null {
  const { threads = {}, refcount = [], world = {}, outcomes = {} } = spec;
  for (const [key, body] of Object.entries(threads)) {
    if (typeof body !== 'function') return `thread ${key}${where} is not a function`;
    // A generator cannot be told from an ordinary body, which is one by now.
    if (body.constructor.name.startsWith('Async')) {
      return `thread ${key}${where} is async; accepted: an ordinary function`;
    }
  }
  return (
    listFault(refcount, COUNT_SCHEMES, `'refcount'${where}`) ??
    fieldsFault(world, WORLD_FIELDS, ` of world${where}`) ??
    listFault([world.allocator ?? 'model'], ALLOCATORS, `world.allocator${where}`) ??
    outcomesFault(outcomes, where)
  );
}

function outcomesFault(outcomes: ScenarioSpec<unknown>['outcomes'], where: string): string | null {
  for (const [outcome, expected] of Object.entries(outcomes)) {
    const what = `outcome '${outcome}'${where}`;
    if (typeof expected === 'object' && expected !== null) {
      const fault =
        listFault(Object.keys(expected), [...COUNT_SCHEMES, 'none', 'else'], what) ??
        listFault(Object.values(expected), EXPECTATIONS, what);
      if (fault !== null) return fault;
    } else {
      const fault = listFault([expected], EXPECTATIONS, what);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function fieldsFault(value: object, known: Readonly<Record<string, true>>, where: string): string | null {
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return null;
  return `unknown field '${unknown}'${where}; accepted: ${Object.keys(known).join(', ')}`;
}

function listFault(values: unknown, accepted: readonly string[], what: string): string | null {
  if (!Array.isArray(values)) return `${what} is not a list; accepted: a list of ${accepted.join(', ')}`;
  const wrong = values.find((value) => !accepted.includes(String(value)));
  return wrong === undefined ? null : `${what} has '${String(wrong)}'; accepted: ${accepted.join(', ')}`;
}
