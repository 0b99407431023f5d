import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotSuspendable } from './fiberHooks.js';
import type { Site } from './hooks.js';
import { RaceInputError } from './raceTypes.js';
import { ScheduleError } from './scheduleText.js';

/** Where the compiled project is: frames in it are not the user's. */
const OWN = fileURLToPath(new URL('..', import.meta.url));

/**
 * An error of a scenario file - it cannot be loaded, its set-up throws, it uses what cannot be suspended - as one
 * line for its author: `FILE:LINE: reason`. Errors of our own stay as they are.
 */
export function inputError(error: unknown, sites: readonly Site[], file: string): unknown {
  if (error instanceof RaceInputError) return error;
  if (error instanceof NotSuspendable) {
    const site = sites[error.site];
    const place = site === undefined ? (userFrame(error) ?? file) : `${site.file}:${site.line}`;
    return new RaceInputError(`${place}: ${error.message}`);
  }
  if (error instanceof ScheduleError) return new RaceInputError(`${file}: ${error.message}`);
  if (!(error instanceof Error)) return new RaceInputError(`${file}: threw ${String(error)}`);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') {
    const missing = (error as NodeJS.ErrnoException).path ?? file;
    return new RaceInputError(
      `${shown(missing)}: cannot be read (${code}); accepted: a module that exports scenarios`,
    );
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    // Who imports it, in Node's words, is the module that looked it up for the file.
    return new RaceInputError(`${file}: ${error.message.replace(/ imported from .*/s, '')}`);
  }
  const place = userFrame(error);
  return place === null ? error : new RaceInputError(`${place}: ${error.name}: ${error.message}`);
}

/** The innermost frame of the error that is not the project's own: `mine.mjs:12`. */
function userFrame(error: Error): string | null {
  for (const line of (error.stack ?? '').split('\n')) {
    const match = /\(?((?:file:\/\/|\/|[A-Z]:\\)[^()]*?):(\d+):\d+\)?$/.exec(line);
    if (match === null) continue;
    const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1];
    if (!file.startsWith(OWN) && !file.includes('node_modules')) return `${shown(file)}:${match[2]}`;
  }
  return null;
}

function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
