import type { Result } from './results.js';
import { plural } from './text.js';
import type { LeakRecord, WorkloadInfo } from './types.js';

/** The build whose races are the point, whatever its switches: what goes wrong there is caught, not failed. */
const RACY_BUILD = /^unsafe(:|$)/;

/** Something that a check of the run found, in one line. */
export interface Problem {
  text: string;
  /** True if the run must end with exit status 1; false if it was expected. */
  fails: boolean;
}

/** Wrong results first, then leaks; each in the order of the results. */
export function findProblems(results: readonly Result[], workloads: readonly WorkloadInfo[]): Problem[] {
  return [...results.flatMap((result) => wrongResult(result, workloads)), ...results.flatMap(leak)];
}

function wrongResult(result: Result, workloads: readonly WorkloadInfo[]): Problem[] {
  if (result.wrong === null) return [];
  const racy =
    RACY_BUILD.test(result.build) ||
    workloads.some((info) => info.name === result.workload && info.races === true);
  const label = racy ? 'wrong result caught' : 'WRONG RESULT';
  return [{ text: oneLine(`* ${where(result)}: ${label}: ${result.wrong}`), fails: !racy }];
}

/** Lost counts are what races do on the racy build, so leaks are expected there; nowhere else, whatever the program. */
function leak(result: Result): Problem[] {
  if (result.leaks.length === 0) return [];
  const racy = RACY_BUILD.test(result.build);
  const what = result.leaks.map(describeLeak).join('; ');
  return [{ text: oneLine(`${where(result)}: ${racy ? 'leak caught' : 'LEAK'}: ${what}`), fails: !racy }];
}

function describeLeak(record: LeakRecord): string {
  const addresses = record.addresses.map((address, i) => {
    const place = record.places?.[i];
    return `0x${address.toString(16)}${place === undefined ? '' : ` (allocated at ${place})`}`;
  });
  if (record.addresses.length > 0 && record.addresses.length < record.count) addresses.push('...');
  return `${record.count} ${record.type}${addresses.length > 0 ? ` at ${addresses.join(', ')}` : ''}`;
}

function where(result: Result): string {
  return `${result.build}, ${result.workload}, ${plural(result.threads, 'thread')}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
