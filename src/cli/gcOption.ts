import { Option } from 'commander';
import { Geometry } from '../memory/layout.js';
import type { GcOptions } from '../runtime/gcOptions.js';
import { UsageError } from './errors.js';
import { parseWhole, splitList } from './options.js';

/** What was given of `gcOptions`. */
export interface RawGcOptions {
  readonly gcThreshold?: string;
  readonly markers?: string;
  readonly gcMemoryGate?: boolean;
}

/** The options of the collector of cycles. */
export function gcOptions(): Option[] {
  return [
    new Option(
      '--gc-threshold <numbers>',
      'when collections start by themselves: the thresholds of up to three generations, or 0 for never (default: ' +
        '2000,10,10; CPython had 700,10,10 until 3.12)',
    ),
    new Option(
      '--markers <count>',
      'threads that mark together while the world is stopped, in builds without a GIL (default: 1, as in CPython)',
    ),
    new Option(
      '--gc-memory-gate',
      'a due collection waits for memory to have grown, as in CPython 3.14.0 to 3.14.4',
    ),
  ];
}

/** Null if none was given. Throws UsageError. */
export function parseGcOptions(raw: RawGcOptions): GcOptions | null {
  const options: GcOptions = {
    ...(raw.gcThreshold === undefined ? {} : { thresholds: parseThresholds(raw.gcThreshold) }),
    ...(raw.markers === undefined ? {} : { markers: parseMarkers(raw.markers) }),
    ...(raw.gcMemoryGate === true ? { memoryGate: true } : {}),
  };
  return Object.keys(options).length === 0 ? null : options;
}

function parseThresholds(text: string): number[] {
  const accepted =
    'accepted: one to three whole numbers, separated by commas, such as 700,10,10, or 0 for never';
  const parts = splitList(text, '--gc-threshold', accepted);
  const numbers = parts.map(parseWhole).filter((value) => value !== null);
  if (numbers.length === parts.length && numbers.length <= 3) return numbers;
  throw new UsageError(`--gc-threshold '${text}' is not valid; ${accepted}`);
}

function parseMarkers(text: string): number {
  const count = parseWhole(text);
  if (count !== null && count >= 1 && count <= Geometry.MaxThreads) return count;
  throw new UsageError(
    `--markers '${text}' is not valid; accepted: a whole number from 1 to ${Geometry.MaxThreads}`,
  );
}
