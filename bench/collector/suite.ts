import type { BenchIo, BenchSuite } from '../../src/report/benchTypes.js';
import { reportGrid } from './grid.js';
import { reportBuilding, reportGarbage, reportLive, reportOrder, reportYoung } from './reports.js';
import { reportStops } from './stops.js';

/** What collections of cycles take, and what the collectors must reach, in one run. */
export const collector: BenchSuite = {
  name: 'collector',
  about: 'collections of cycles: live objects, garbage, automatic ones, how long threads take to stop',
  async run(io: BenchIo): Promise<void> {
    for (const part of [
      reportLive,
      reportOrder,
      reportYoung,
      reportGarbage,
      reportBuilding,
      reportStops,
      reportGrid,
    ]) {
      if (io.signal.aborted) return;
      await part(io);
    }
  },
};
