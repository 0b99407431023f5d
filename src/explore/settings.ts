import type { Scenario, ScenarioSpec, Scheme, Variant } from '../scenarios/scenario.js';
import type { Setting } from './fiberEngine.js';

/** A setting with what the checks need to know of it. */
export interface NamedSetting extends Setting {
  /** '' = as declared. */
  readonly variant: string;
  /** Outcomes that a broken variant must reach; empty: nothing is broken. */
  readonly finds: readonly string[];
}

/** The scenario as declared (`variant` ''), or with a variant's fields in place of its own. */
export function settingOf(scenario: Scenario, variant: string, scheme: Scheme): NamedSetting {
  const { variants = {}, ...declared } = scenario.spec;
  if (variant === '') return { scenario, spec: scenario.spec, overrides: [], scheme, variant, finds: [] };
  const { overrides = [], finds = [], ...changed } = variants[variant] as Variant<unknown>;
  const spec: ScenarioSpec<unknown> = { ...declared, replay: [], ...changed };
  return { scenario, spec, overrides: overrides as never, scheme, variant, finds };
}

/** Schemes under which a variant runs; `none` alone for scenarios without counts. */
export function schemesOf(scenario: Scenario, variant: string): readonly Scheme[] {
  const own = variant === '' ? undefined : scenario.spec.variants?.[variant].refcount;
  const schemes = own ?? scenario.spec.refcount ?? [];
  return schemes.length === 0 ? ['none'] : schemes;
}
