import type { CausePart, Exploration, Violation } from '../explore/results.js';
import { renderLanes } from './raceLanes.js';
import { type RepeatContext, repeatCommand } from './raceRepeat.js';
import { confirmationWords } from './raceWords.js';
import { type Paint, wrap } from './text.js';

export interface ViolationOptions {
  readonly width: number;
  readonly paint: Paint;
  readonly repeat: RepeatContext;
  /** The last steps that are shown; the bug is at the end. */
  readonly maxSteps: number;
}

/** What happened, the schedule as lanes, the cause, and how to repeat it. Lines without newlines. */
export function renderViolation(
  exploration: Exploration,
  violation: Violation,
  options: ViolationOptions,
): string[] {
  const { width, paint } = options;
  return [
    ...headline(violation, width, paint),
    ...lanes(exploration, violation, options),
    ...cause(violation, width, paint),
    ...repeat(repeatCommand(exploration, violation.schedule, options.repeat), width),
    ...wrap(confirmationWords(violation), width, '  '),
  ];
}

function headline({ kind, message, allowed }: Violation, width: number, paint: Paint): string[] {
  // The kind is often how the message begins.
  const what = message.toLowerCase().startsWith(kind) ? message : `${kind}: ${message}`;
  const text = allowed ? `${what} (allowed here)` : what;
  return wrap(text, width, '  ').map((line) => paint(allowed ? 'bold' : 'red', line));
}

function lanes({ threads }: Exploration, { trace }: Violation, options: ViolationOptions): string[] {
  if (trace.length === 0) return [];
  const { width, paint, maxSteps } = options;
  const hidden = Math.max(0, trace.length - maxSteps);
  const note = hidden > 0 ? [paint('dim', `... ${hidden} earlier steps: --verbose`)] : [];
  return [...note, ...renderLanes(threads, trace.slice(hidden), width, paint)];
}

function cause({ cause: found }: Violation, width: number, paint: Paint): string[] {
  if (found === null) return [];
  return [
    ...part('first', found.first, width, paint),
    ...part('second', found.second, width, paint),
    ...field('missing', found.missing, width),
  ];
}

function part(name: string, { thread, step, what, stack }: CausePart, width: number, paint: Paint): string[] {
  const frames = stack.flatMap((frame) => wrap(`at ${frame}`, width - 4, '   ').map((line) => `    ${line}`));
  return [
    ...field(name, `${thread}, step ${step}: ${what}`, width),
    ...frames.map((line) => paint('dim', line)),
  ];
}

/** In one piece, however long, so that it can be copied. */
function repeat(command: string, width: number): string[] {
  const line = `repeat: ${command}`;
  return line.length <= width ? [line] : ['repeat:', `  ${command}`];
}

function field(name: string, text: string, width: number): string[] {
  return wrap(`${name}: ${text}`, width, '  ');
}
