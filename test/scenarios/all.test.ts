import { testScenarios } from '#ungil/raceTest.js';
import { MODULES } from '#ungil/scenarios/modules.js';

const FOLDER = new URL('../../dist/src/scenarios/', import.meta.url);

await testScenarios(MODULES.map((module) => new URL(module, FOLDER)));
