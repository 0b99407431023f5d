/** What a scenario file imports: `import { scenario } from 'ungil/race'`. */
export {
  type Body,
  type Expectation,
  type Expected,
  type Fault,
  isScenario,
  type Outcome,
  type Outcomes,
  type Override,
  type Scenario,
  type ScenarioSpec,
  type Scheme,
  type SequentialSpec,
  scenario,
  type Variant,
  type WorldOptions,
} from './scenarios/scenario.js';
export type { World } from './scenarios/world.js';
