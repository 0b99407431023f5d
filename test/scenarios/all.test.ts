import { testScenarios } from '#ungil/raceTest.js';
import { MODULES } from '#ungil/scenarios/modules.js';

const FOLDER = new URL('../../dist/src/scenarios/', import.meta.url);

// All but a few are exhausted in milliseconds; the budget is for busy machines.
await testScenarios(
  MODULES.map((module) => new URL(module, FOLDER)),
  { budgetMs: 4000 },
);
