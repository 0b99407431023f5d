import { Geometry } from '../memory/layout.js';
import type { BuildInfo, WorkloadInfo } from '../report/types.js';
import { buildNamed, SWITCH_FORMS, SWITCH_KEYS } from '../runtime/builds.js';
import { GROUPS } from '../workloads/workload.js';
import { UsageError } from './errors.js';
import { nearest } from './suggest.js';

/** Parsers of arguments. Each gives a checked value or throws a UsageError that names what is accepted. */

const MAX_TIME_MS = 600_000;
const MAX_REPEATS = 1000;
const MAX_SEED = 0xffff_ffff;
const MIB = 1024 * 1024;
const MIN_MEMORY_BYTES = Geometry.MinSegments * Geometry.SegmentBytes;
const MAX_MEMORY_BYTES = Geometry.MaxSegments * Geometry.SegmentBytes;

/**
 * Names of known workloads without repetition; for none given, all of the groups whose programs do not race. `both`: these,
 * and then those named.
 */
export function parseWorkloads(
  names: readonly string[],
  known: readonly WorkloadInfo[],
  groups: string,
  both = false,
): string[] {
  const asked = splitList(groups, '--group', `accepted: ${Object.keys(GROUPS).join(', ')}`);
  checkNames(asked, 'group of workloads', Object.keys(GROUPS));
  const ofGroup = known.filter((info) => asked.includes(info.group ?? 'sharing') && info.races !== true);
  const grouped = names.length === 0 || both ? ofGroup.map((info) => info.name) : [];
  const accepted = known.map((info) => info.name);
  return [...new Set([...grouped, ...checkNames(names, 'workload', accepted)])];
}

/**
 * A comma-separated list of builds that can run: rows of the table, with switches behind colons, as in
 * `free-threaded:deferred=off:qsbr=off`.
 */
export function parseBuilds(text: string, known: readonly BuildInfo[]): string[] {
  const available = known.filter((build) => build.available !== false).map((build) => build.name);
  const names = splitList(text, '--builds', `accepted: ${available.join(', ')}`);
  const rows = names.map((name) => name.split(':')[0]);
  const planned = rows.find((row) => known.some((build) => build.name === row && build.available === false));
  if (planned !== undefined) {
    throw new UsageError(`build '${planned}' is not available yet; available: ${available.join(', ')}`);
  }
  checkNames(rows, 'build', available);
  for (const name of names) if (name.includes(':')) checkSwitches(name);
  return [...new Set(names)];
}

/** Throws a UsageError where the switches of a build's name are unknown or do not fit it. */
function checkSwitches(name: string): void {
  const [row, ...switches] = name.split(':');
  for (const text of switches) {
    const [key] = text.split('=');
    if (SWITCH_KEYS.includes(key)) continue;
    const near = nearest(key, SWITCH_KEYS);
    const hint = near === null ? '' : `did you mean '${near}'? `;
    throw new UsageError(
      `unknown switch '${text}' of build '${row}'; ${hint}accepted: ${SWITCH_FORMS.join(', ')}`,
    );
  }
  try {
    buildNamed(name);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** A comma-separated list of numbers of threads, sorted, without repetition. */
export function parseThreads(text: string): number[] {
  const accepted = `accepted: whole numbers from 1 to ${Geometry.MaxThreads}, separated by commas`;
  const counts = splitList(text, '--threads', accepted).map((part) => {
    const count = parseWhole(part);
    if (count === null || count < 1 || count > Geometry.MaxThreads) {
      throw new UsageError(`thread count '${part}' is out of range; ${accepted}`);
    }
    return count;
  });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** One number of threads. */
export function parseThreadCount(text: string): number {
  const accepted = `accepted: one whole number from 1 to ${Geometry.MaxThreads}`;
  if (text.includes(',')) throw new UsageError(`--threads '${text}' is more than one number; ${accepted}`);
  const count = parseWhole(text);
  if (count !== null && count >= 1 && count <= Geometry.MaxThreads) return count;
  throw new UsageError(`thread count '${text}' is out of range; ${accepted}`);
}

/** A duration such as `500ms` or `1.5s`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  const milliseconds = match === null ? Number.NaN : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  if (milliseconds >= 1 && milliseconds <= MAX_TIME_MS) return milliseconds;
  throw new UsageError(
    `duration '${text}' is not valid; accepted: 1ms to ${MAX_TIME_MS / 1000}s, such as 500ms or 2s`,
  );
}

/** A number of repeats. */
export function parseRepeats(text: string): number {
  const repeats = parseWhole(text);
  if (repeats !== null && repeats >= 1 && repeats <= MAX_REPEATS) return repeats;
  throw new UsageError(`repeats '${text}' is not valid; accepted: a whole number from 1 to ${MAX_REPEATS}`);
}

/** A size such as `512MiB` or `1GiB`, in bytes. */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(MiB|GiB)$/.exec(text);
  const bytes =
    match === null ? Number.NaN : Math.ceil(Number(match[1]) * MIB * (match[2] === 'GiB' ? 1024 : 1));
  if (bytes >= MIN_MEMORY_BYTES && bytes <= MAX_MEMORY_BYTES) return bytes;
  const range = `${MIN_MEMORY_BYTES / MIB}MiB to ${MAX_MEMORY_BYTES / MIB / 1024}GiB`;
  throw new UsageError(`memory '${text}' is not valid; accepted: ${range}, such as 512MiB or 1GiB`);
}

/** A seed of random numbers: 32 bits. */
export function parseSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (seed <= MAX_SEED) return seed;
  throw new UsageError(`seed '${text}' is not valid; accepted: a whole number from 0 to ${MAX_SEED}`);
}

/** A whole number of at most nine digits, or null. */
export function parseWhole(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** The parts between commas; none may be empty. */
export function splitList(text: string, option: string, accepted: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new UsageError(`${option} '${text}' has an empty entry; ${accepted}`);
  return parts;
}

/** The names without repetition, if all are accepted; else a UsageError with the likeliest one. */
export function checkNames(names: readonly string[], what: string, accepted: readonly string[]): string[] {
  const unknown = names.find((name) => !accepted.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, accepted);
    const hint = near === null ? '' : `did you mean '${near}'? `;
    throw new UsageError(`unknown ${what} '${unknown}'; ${hint}accepted: ${accepted.join(', ')}`);
  }
  return [...new Set(names)];
}
