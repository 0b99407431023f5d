import type { Step } from '../explore/results.js';
import { stepWords, valueWords } from './raceWords.js';
import { type Paint, wrap } from './text.js';

/** A schedule as lanes: one column a thread, one row a step. No line is longer than `width`, none wraps. */
export function renderLanes(
  threads: readonly string[],
  trace: readonly Step[],
  width: number,
  paint: Paint,
): string[] {
  const shape = shapeOf(threads, trace, width);
  return [paint('bold', heading(shape, threads)), ...trace.flatMap((step) => row(shape, step, paint))];
}

// --- Widths ---

const GAP = '  ';
/** A lane narrower than this says too little; the source then goes below its step. */
const ROOMY_LANE = 20;
/** Where even that does not help, all threads share one lane. */
const NARROW_LANE = 14;

/** How wide everything is. */
interface Shape {
  readonly width: number;
  /** The column of step numbers. */
  readonly index: number;
  /** One for each thread; empty if the threads share one. */
  readonly lanes: readonly number[];
  /** What the column of sources shows; null: the source stands below its step. */
  readonly source: ((step: Step) => string) | null;
  readonly threads: readonly string[];
}

/** The first that fits: all in full, operations in short, sources without folder, steps cut, sources below. */
function shapeOf(threads: readonly string[], trace: readonly Step[], width: number): Shape {
  const index = widest(trace, (step) => String(step.index));
  const full = lanesWanted(threads, trace, stepWords);
  const short = lanesWanted(threads, trace, (step) => stepWords(inShort(step)));
  const room = width - index - threads.length * GAP.length;
  const attempts: [wanted: readonly number[], source: (step: Step) => string, least: number][] = [
    [full, (step) => step.source, Number.POSITIVE_INFINITY],
    [short, (step) => step.source, Number.POSITIVE_INFINITY],
    [short, fileOnly, Number.POSITIVE_INFINITY],
    [short, fileOnly, ROOMY_LANE],
  ];
  for (const [wanted, source, least] of attempts) {
    const lanes = deal(wanted, room - GAP.length - widest(trace, source), least);
    if (lanes !== null) return { width, index, threads, lanes, source };
  }
  const lanes = deal(full, room, Number.POSITIVE_INFINITY) ?? deal(short, room, NARROW_LANE) ?? [];
  return { width, index, threads, lanes, source: null };
}

function widest(trace: readonly Step[], text: (step: Step) => string): number {
  return trace.reduce((most, step) => Math.max(most, text(step).length), 0);
}

function lanesWanted(
  threads: readonly string[],
  trace: readonly Step[],
  text: (step: Step) => string,
): number[] {
  return threads.map((name, thread) =>
    Math.max(
      name.length,
      widest(
        trace.filter((step) => step.thread === thread),
        text,
      ),
    ),
  );
}

/** `biased.ts:231`. */
function fileOnly({ source }: Step): string {
  return source.slice(source.lastIndexOf('/') + 1);
}

/** Shares `room` out: a lane that wants little gets it, the others equal parts. Null if a part is below `least`. */
function deal(wanted: readonly number[], room: number, least: number): number[] | null {
  const lanes = wanted.map(() => 0);
  let left = room;
  const modest = wanted.map((_, lane) => lane).sort((a, b) => wanted[a] - wanted[b]);
  modest.forEach((lane, dealt) => {
    const part = Math.min(wanted[lane], Math.floor(left / (modest.length - dealt)));
    lanes[lane] = part;
    left -= part;
  });
  return lanes.some((part, lane) => part < Math.min(wanted[lane], least)) ? null : lanes;
}

// --- Rows ---

function heading({ index, lanes, width }: Shape, threads: readonly string[]): string {
  const number = '#'.padEnd(index);
  if (lanes.length === 0) return cutEnd(`${number}${GAP}${threads.join(', ')}`, width);
  return join([number, ...threads.map((name, thread) => cutEnd(name, lanes[thread]).padEnd(lanes[thread]))]);
}

function row(shape: Shape, step: Step, paint: Paint): string[] {
  const number = String(step.index).padEnd(shape.index);
  const lines = shape.lanes.length === 0 ? sharedLane(shape, step, number) : ownLane(shape, step, number);
  const margin = ' '.repeat(shape.index + GAP.length);
  const notes =
    step.note === ''
      ? []
      : wrap(`! ${step.note}`, shape.width - margin.length, '  ').map((line) => margin + paint('red', line));
  const below =
    shape.source === null && step.source !== '' ? [paint('dim', sourceBelow(shape, step, margin))] : [];
  return [...lines, ...below, ...notes];
}

function ownLane({ lanes, source }: Shape, step: Step, number: string): string[] {
  const cells = lanes.map((lane, thread) => (thread === step.thread ? fitStep(step, lane) : '').padEnd(lane));
  return [join(source === null ? [number, ...cells] : [number, ...cells, source(step)])];
}

function sharedLane({ threads, width }: Shape, step: Step, number: string): string[] {
  const head = `${number}${GAP}${cutEnd(threads[step.thread] ?? `thread ${step.thread}`, 12)}: `;
  return [head + fitStep(step, width - head.length)];
}

function sourceBelow({ lanes, width }: Shape, step: Step, margin: string): string {
  const before = lanes.slice(0, step.thread).reduce((sum, lane) => sum + lane + GAP.length, 0);
  const indent = `${margin}${' '.repeat(before)}`;
  // Right of the lane there is nothing in this row.
  return `${indent}${cutStart(step.source, width - indent.length)}`;
}

function join(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

// --- Cutting ---

const SHORT: Readonly<Record<string, string>> = { 'compare-exchange': 'cas', exchange: 'xchg' };

function inShort(step: Step): Step {
  return { ...step, operation: SHORT[step.operation] ?? step.operation };
}

/** The step in so many characters: first the operation is abbreviated, then the location, whose end says most. */
function fitStep(step: Step, width: number): string {
  const full = stepWords(step);
  if (full.length <= width) return full;
  const brief = inShort(step);
  const short = stepWords(brief);
  if (short.length <= width) return short;
  const value = valueWords(step.value);
  const fixed = brief.operation.length + 1 + (value === '' ? 0 : value.length + 1);
  const room = width - fixed;
  if (room < 4 || step.location === '') return cutEnd(short, width);
  return stepWords({ ...brief, location: cutStart(step.location, room) });
}

function cutEnd(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function cutStart(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - Math.max(0, width - 1))}`;
}
