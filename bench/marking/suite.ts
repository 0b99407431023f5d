import type { BenchIo, BenchSuite, Target } from '../../src/report/benchTypes.js';
import { runWorker } from '../workers.js';
import { type Medians, type Setting, SHAPES, type Shape } from './settings.js';

const OBJECTS = 1_000_000;
const ROUNDS = 25;

/** CPython's free-threaded build, `cpython-measured.json`. */
const CPYTHON_MS = 21;

async function run(io: BenchIo): Promise<void> {
  for (const shape of SHAPES) {
    io.progress(shape);
    const setting: Setting = { shape, objects: OBJECTS, rounds: ROUNDS };
    const medians = await runWorker<Medians>(new URL('./cases.js', import.meta.url), setting, io.signal);
    if (medians === null) return;
    report(io, shape, medians);
  }
}

function report(io: BenchIo, shape: Shape, { milliseconds, cpu, helped, rounds }: Medians): void {
  const table = `1,000,000 objects: ${shape}`;
  const serial = milliseconds['mark: serial'];
  const one = milliseconds['collect: one marker'];
  for (const [name, value] of Object.entries(milliseconds)) {
    const base = name.startsWith('mark') ? serial : one;
    io.figure({ table, name, value, unit: 'ms', note: `${(value / base).toFixed(2)}x` });
  }
  const aim = (name: string, value: number, unit: string, target: Target, note = ''): void =>
    io.figure({ table: `${table}: targets`, name, value, unit, note, target });
  if (shape === 'lists in one list') {
    aim('collect with one marker', one, 'ms', { bound: 'at most', value: CPYTHON_MS }, "CPython's time");
  }
  const code = milliseconds['mark: one marker'] / serial;
  aim('one marker over the serial marker', code, 'x', { bound: 'at most', value: 1.1 });
  const work = cpu['mark: two markers'] / cpu['mark: one marker'];
  aim('processor time of two markers over that of one', work, 'x', { bound: 'at most', value: 1.33 });
  const gain = one / milliseconds['collect: two markers'];
  const note = `on free cores; it helped in ${helped} of ${rounds}`;
  aim('gain of a second marker', gain, 'x', { bound: 'at least', value: 1.5 }, note);
}

/** The marker of the free-threaded collector, alone and with a thread that helps. */
export const marking: BenchSuite = {
  name: 'marking',
  about:
    'marking and collecting a million live objects: serial, with other orders of loads, with two markers',
  run,
};
