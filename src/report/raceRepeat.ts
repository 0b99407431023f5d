import type { Exploration } from '../explore/results.js';

/** What of the command line a repeated run needs again. */
export interface RepeatContext {
  /** Names of the built-in scenarios. */
  readonly builtIn: readonly string[];
  /** Files that were named. */
  readonly files: readonly string[];
  readonly maxSteps: number | null;
}

/**
 * The command that executes the schedule again, ready to be pasted into a shell. Where there is no schedule - nobody
 * scheduled the workers, or nothing could be - it is the one that explores again.
 */
export function repeatCommand(
  { scenario, target, refcount, variant, engine }: Exploration,
  schedule: string,
  context: RepeatContext,
): string {
  const fromFile = context.files.length > 0 && !context.builtIn.includes(scenario);
  const targets = target !== undefined ? [target] : fromFile ? context.files : [scenario];
  const words = ['ungil', 'race', ...targets];
  if (refcount !== 'none') words.push('--refcount', refcount);
  if (variant !== '') words.push('--variant', variant);
  if (context.maxSteps !== null) words.push('--max-steps', String(context.maxSteps));
  if (schedule !== '') words.push('--replay', schedule);
  else if (engine === 'stress') words.push('--mode', 'stress');
  return words.map(quote).join(' ');
}

/** For POSIX shells. `!` must be quoted too: interactive ones replace `!1` by an old command. */
function quote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
