import { ProgramError, RunAborted } from '../memory/errors.js';

/** Whether an error of a run is only how the interrupt arrived: it may come as the error that ended the threads. */
export function isOurInterrupt(error: unknown, interrupt: AbortSignal): boolean {
  if (!interrupt.aborted) return false;
  const code = (error as { code?: unknown } | null)?.code;
  return error === interrupt.reason || code === 'UNGIL_ABORTED' || code === 'ABORT_ERR';
}

/** What held an interrupted run up: a line, or '' if nothing did. */
export function describeInterrupt(error: unknown): string {
  return error instanceof RunAborted && error.during !== '' ? `ungil: ${error.message}\n` : '';
}

/** The error that ended a run, with its stack, the thread's number and what was running. Ends in a newline. */
export function describeFailure(error: unknown, during: string): string {
  const thread = (error as { thread?: unknown } | null)?.thread;
  const place = [during, typeof thread === 'number' ? `thread ${thread}` : ''].filter((part) => part !== '');
  const text = error instanceof ProgramError ? stackOf(error.original) : stackOf(error);
  return `ungil: the run failed${place.length > 0 ? ` (${place.join('; ')})` : ''}: ${text}\n`;
}

function stackOf(error: unknown): string {
  const { stack, name, message } = (error ?? {}) as { stack?: string; name?: string; message?: string };
  if (message === undefined) return String(error);
  return stack === undefined || stack === '' ? `${name}: ${message}` : stack;
}
