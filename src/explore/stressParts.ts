import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Body } from '../scenarios/scenario.js';
import type { NamedSetting } from './settings.js';
import type { StressServices } from './stressServices.js';

/** What a worker has to run a scenario with. */
export interface StressParts {
  readonly memory: SharedMemory;
  readonly setting: NamedSetting;
  readonly services: StressServices;
  readonly control: Int32Array;
  readonly bodies: readonly Body<unknown>[];
  readonly thread: number;
}
