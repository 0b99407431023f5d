import type { ProgressStream } from '../report/progress.js';
import { type Paint, painter } from '../report/text.js';

/** Columns of the terminal, at least `least`; output that is no terminal has no width of its own: `otherwise`. */
export function widthOf(stream: ProgressStream, least: number, otherwise: number): number {
  return Math.max(least, (stream.isTTY === true ? stream.columns : undefined) ?? otherwise);
}

/** Colours on a terminal that knows them, unless `NO_COLOR` is set. */
export function coloursOf(stream: ProgressStream, env: Readonly<Record<string, string | undefined>>): Paint {
  return painter(stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}
