import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProgressStream } from '../report/progress.js';
import type { CliDependencies } from './dependencies.js';
import { UsageError } from './errors.js';

/** What may stand for a file where `-` means standard output. */
const FILE_OR_STDOUT = "a file's path, or - for standard output";

/**
 * Makes sure that the file can be written, before minutes of work: creates its folder, and leaves the file itself as
 * it was. `accepted` names what `option` takes. Throws UsageError.
 */
export function prepareFile(option: string, file: string, accepted: string): void {
  if (file === '') throw new UsageError(`${option} '' is not a file; accepted: ${accepted}`);
  try {
    makeFolder(path.dirname(path.resolve(file)));
    const existed = existsSync(file);
    closeSync(openSync(file, 'a'));
    if (!existed) rmSync(file);
  } catch (error) {
    const reason = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    const writable = accepted.replace(/^a file/, 'a writable file');
    throw new UsageError(`cannot write '${file}' (${reason ?? String(error)}); accepted: ${writable}`);
  }
}

/** Not `recursive`: where a folder above refuses with ENOENT, as in /proc, Node 20 tries for ever. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
}

/** Writes the file and says so. False if it could not although it could before the run, as when the disk is full. */
export function saveFile(file: string, text: string, stderr: ProgressStream): boolean {
  try {
    writeFileSync(file, text);
    stderr.write(`wrote ${file}\n`);
    return true;
  } catch (error) {
    stderr.write(`ungil: cannot write '${file}': ${error instanceof Error ? error.message : error}\n`);
    return false;
  }
}

// --- --json ---

/** Makes sure that `--json` can be written, if a file is given. Throws UsageError. */
export function prepareJson(option: string | undefined): void {
  if (option !== undefined && option !== '-') prepareFile('--json', option, FILE_OR_STDOUT);
}

/** Where the text for people goes: not among the JSON. */
export function textStream(option: string | undefined, deps: CliDependencies): ProgressStream {
  return option === '-' ? deps.stderr : deps.stdout;
}

/**
 * Writes the JSON's file if one is given, prints the text, and then the JSON if it is for standard output. The file
 * comes first: a reader that closed its end of the pipe must not cost the results. False if the file could not be
 * written.
 */
export function writeResults(
  option: string | undefined,
  json: string,
  deps: CliDependencies,
  printText: () => void = () => {},
): boolean {
  const saved = option === undefined || option === '-' || saveFile(option, json, deps.stderr);
  printText();
  if (option === '-') deps.stdout.write(json);
  return saved;
}

// --- --html ---

/** Makes sure that `--html` can be written, if it is given, beside `--json`. Throws UsageError. */
export function prepareHtml(html: string | undefined, json: string | undefined): void {
  if (html === undefined) return;
  if (html === '-') throw new UsageError("--html '-' is not a file; accepted: a file's path");
  prepareFile('--html', html, "a file's path");
  if (json !== undefined && path.resolve(json) === path.resolve(html)) {
    throw new UsageError(`--json and --html name the same file '${html}'; accepted: two files`);
  }
}
