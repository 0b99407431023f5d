import { freedBefore } from './cause.js';
import { OpKind } from './hooks.js';
import type { LoadedScenarios } from './loadScenarios.js';
import { FindKind } from './machineLayout.js';
import type { Step } from './results.js';
import type { Frame } from './stackFrames.js';
import { hasFault, isAccess, operationOf, valueText, writes } from './steps.js';
import type { Teller } from './suspicion.js';
import type { TracedStep } from './traceRecorder.js';

/**
 * The steps that are worth showing: on words that several threads touch and somebody writes, writes to blocks that
 * several threads touch, those that wait, wake, free or choose, and what a detector found. `needed`: indices that are
 * shown in any case.
 */
export function chooseSteps(steps: readonly TracedStep[], needed: ReadonlySet<number>): number[] {
  const words = new WordUse(steps);
  return [...steps.keys()].filter((at) => needed.has(at) || isTelling(steps, at, words));
}

function isTelling(steps: readonly TracedStep[], at: number, words: WordUse): boolean {
  const step = steps[at];
  if (isFirstFault(steps, at)) return true;
  switch (step.kind) {
    case OpKind.Clock:
      return false;
    // Only where another thread goes on.
    case OpKind.Poll:
      return at + 1 < steps.length && steps[at + 1].thread !== step.thread;
    case OpKind.Notify:
      return step.result !== 0 || words.isShared(step.word);
    default:
      return !isAccess(step) || words.isTold(step);
  }
}

/** What follows in the same block says nothing new. */
function isFirstFault(steps: readonly TracedStep[], at: number): boolean {
  if (!hasFault(steps[at])) return false;
  return !steps.slice(0, at).some((step) => step.block === steps[at].block && sameFault(step, steps[at]));
}

function sameFault(a: TracedStep, b: TracedStep): boolean {
  return a.finds.some(({ kind }) => kind !== FindKind.DataRace && b.finds.some((find) => find.kind === kind));
}

/** Who touches which words in one execution. */
class WordUse {
  /** Threads as bits, by word and by block. */
  private readonly threads = new Map<number, number>();
  private readonly blocks = new Map<number, number>();
  private readonly written = new Set<number>();

  constructor(steps: readonly TracedStep[]) {
    for (const step of steps) {
      for (let word = step.word; word < step.word + step.length; word++) {
        this.threads.set(word, (this.threads.get(word) ?? 0) | (1 << step.thread));
        // A free is none: what nobody else writes says nothing more in a freed block.
        if (writes(step) && step.kind !== OpKind.Free) this.written.add(word);
      }
      this.blocks.set(step.block, (this.blocks.get(step.block) ?? 0) | (1 << step.thread));
    }
  }

  isShared(word: number): boolean {
    return isSeveral(this.threads.get(word) ?? 0);
  }

  /** Of a shared block also what only one thread writes: counts of its own. */
  isTold(step: TracedStep): boolean {
    if (!this.written.has(step.word)) return false;
    return this.isShared(step.word) || (writes(step) && isSeveral(this.blocks.get(step.block) ?? 0));
  }
}

function isSeveral(threads: number): boolean {
  return (threads & (threads - 1)) !== 0;
}

/** What is known of a shown step beyond the step itself. */
export interface Details {
  readonly location: string;
  /** Where it has no place of its own (a free, a poll): who called. */
  readonly frames: readonly Frame[];
}

/** The rows of the lanes. */
export function rowsOf(
  steps: readonly TracedStep[],
  chosen: readonly number[],
  details: ReadonlyMap<number, Details>,
  tell: Teller,
  loaded: LoadedScenarios,
  racing: readonly number[],
): Step[] {
  return chosen.map((at, i) => {
    const step = steps[at];
    const { location, frames } = details.get(at) ?? { location: '', frames: [] };
    const site = step.site >= 0 ? loaded.sites[step.site] : null;
    return {
      index: i + 1,
      thread: step.thread,
      operation: operationOf(step),
      location,
      value: valueText(step),
      source: site !== null ? `${site.file}:${site.line}` : (frames[0]?.place ?? ''),
      function: site !== null ? site.function : (frames[0]?.function ?? ''),
      note: noteOf(steps, at, tell, racing),
    };
  });
}

function noteOf(steps: readonly TracedStep[], at: number, tell: Teller, racing: readonly number[]): string {
  for (const { kind, word } of isFirstFault(steps, at) ? steps[at].finds : []) {
    if (kind === FindKind.DataRace) continue;
    const freed = freedBefore(steps, at, word);
    const by = freed < 0 ? '' : `: ${tell.who(freed)} freed it in step ${tell.number(freed)}`;
    if (kind === FindKind.UseAfterFree) return `use after free${by}`;
    if (kind === FindKind.DoubleFree) return `double free${by}`;
    return `type confusion${by}`;
  }
  const [first, second] = racing;
  return at === second ? `data race with ${tell.who(first)}'s step ${tell.number(first)}` : '';
}
