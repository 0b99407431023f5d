import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './errors.js';

/**
 * Makes sure that the file can be written, before minutes of measuring: creates its folder, and leaves the file
 * itself as it was. Throws UsageError.
 */
export function prepareJsonFile(file: string): void {
  if (file === '')
    throw new UsageError("--json '' is not a file; accepted: a file's path, or - for standard output");
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const existed = existsSync(file);
    closeSync(openSync(file, 'a'));
    if (!existed) rmSync(file);
  } catch (error) {
    const reason = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    const accepted = "accepted: a writable file's path, or - for standard output";
    throw new UsageError(`cannot write '${file}' (${reason ?? String(error)}); ${accepted}`);
  }
}

export function writeJsonFile(file: string, text: string): void {
  writeFileSync(file, text);
}
