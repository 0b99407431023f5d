import { ProductionParts } from './threadParts.js';

/** What the threads of a traced build stand on: the same classes, what threads do and wait for recorded with its time. */
export class TracedParts extends ProductionParts {}
