import { ProductionParts } from './threadParts.js';

/** What the threads of a counted build stand on: the same classes, each operation that could be contended counted. */
export class CountedParts extends ProductionParts {}
