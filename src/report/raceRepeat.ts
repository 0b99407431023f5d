import type { Exploration } from '../explore/results.js';

/** What of the command line a repeated run needs again. */
export interface RepeatContext {
  /** Names of the built-in scenarios. */
  readonly builtIn: readonly string[];
  /** Files that were named. */
  readonly files: readonly string[];
  readonly maxSteps: number | null;
}

/** The command that executes the schedule again, ready to be pasted into a shell. */
export function repeatCommand(
  { scenario, refcount, variant }: Exploration,
  schedule: string,
  context: RepeatContext,
): string {
  const fromFile = context.files.length > 0 && !context.builtIn.includes(scenario);
  const words = ['ungil', 'race', ...(fromFile ? context.files : [scenario])];
  if (refcount !== 'none') words.push('--refcount', refcount);
  if (variant !== '') words.push('--variant', variant);
  if (context.maxSteps !== null) words.push('--max-steps', String(context.maxSteps));
  return [...words, '--replay', schedule].map(quote).join(' ');
}

/** For POSIX shells. `!` must be quoted too: interactive ones replace `!1` by an old command. */
function quote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
