import type { ConformanceCase } from './conformanceCase.js';
import { CYCLES } from './cycles.js';
import { FINALISERS } from './finalisers.js';
import { MODULE } from './module.js';
import { WEAKREFS } from './weakrefs.js';

export const CASES: readonly ConformanceCase[] = [...CYCLES, ...FINALISERS, ...WEAKREFS, ...MODULE];
