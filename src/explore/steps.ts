import { OpKind } from './hooks.js';
import { FindKind, Touch } from './machineLayout.js';
import type { TracedStep } from './traceRecorder.js';

const WORDS: Readonly<Partial<Record<OpKind, string>>> = {
  [OpKind.Read]: 'read',
  [OpKind.Write]: 'write',
  [OpKind.Load]: 'load',
  [OpKind.Store]: 'store',
  [OpKind.Add]: 'add',
  [OpKind.Sub]: 'sub',
  [OpKind.And]: 'and',
  [OpKind.Or]: 'or',
  [OpKind.Xor]: 'xor',
  [OpKind.Exchange]: 'exchange',
  [OpKind.CompareExchange]: 'compare-exchange',
  [OpKind.Wait]: 'wait',
  [OpKind.Notify]: 'notify',
  [OpKind.Clock]: 'clock',
  [OpKind.Poll]: 'poll',
  [OpKind.Free]: 'free',
  [OpKind.Call]: 'call',
  [OpKind.Return]: 'return',
  [OpKind.Choose]: 'choose',
};

/** `load`, `compare-exchange`; the end of a wait is `woken` or `time-out`. */
export function operationOf({ kind, wakes, result }: TracedStep): string {
  if (wakes) return result === 'timed-out' ? 'time-out' : 'woken';
  return WORDS[kind] ?? '';
}

/** What was read, or `old -> new`. */
export function valueText(step: TracedStep): string {
  const { kind, old, value, result } = step;
  switch (kind) {
    case OpKind.Read:
    case OpKind.Load:
      return String(old);
    case OpKind.CompareExchange:
      return writes(step) ? `${old} -> ${value}` : `failed, saw ${old}`;
    case OpKind.Wait:
      if (step.wakes) return '';
      return step.sleeps ? `${old}, sleeps` : `${old}, goes on`;
    case OpKind.Notify:
      return `${result} woken`;
    case OpKind.Choose:
    case OpKind.Clock:
      return String(result);
    default:
      return isAccess(step) ? `${old} -> ${value}` : '';
  }
}

/** Reads or writes a word: everything up to compare-exchange. */
export function isAccess({ kind }: TracedStep): boolean {
  return kind >= OpKind.Read && kind <= OpKind.CompareExchange;
}

export function writes({ touch, kind }: TracedStep): boolean {
  return (touch & Touch.Write) !== 0 && (kind <= OpKind.CompareExchange || kind === OpKind.Free);
}

/** Looks at what was there: everything but stores. */
export function reads(step: TracedStep): boolean {
  return isAccess(step) && step.kind !== OpKind.Write && step.kind !== OpKind.Store;
}

/** Whether the step is one of this word, or frees it. */
export function touches(step: TracedStep, word: number): boolean {
  return word >= step.word && word < step.word + step.length;
}

/** Whether a detector other than that for data races has found something in it. */
export function hasFault({ finds }: TracedStep): boolean {
  return finds.some(({ kind }) => kind !== FindKind.DataRace);
}
