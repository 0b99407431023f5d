/** Exit statuses that scripts rely on. */
export const enum ExitStatus {
  Done = 0,
  /** A wrong result, a leak, a forbidden outcome, or a program that failed. */
  CheckFailed = 1,
  BadUsage = 2,
  /** Nothing failed, but the budget ended before all interleavings were explored. */
  NotExhaustive = 3,
  /** 128 + SIGINT. */
  Interrupted = 130,
}

/** What the user typed cannot be done. The message is one line: what is wrong, and what is accepted. */
export class UsageError extends Error {
  readonly code = 'UNGIL_USAGE';
  override readonly name = 'UsageError';
}
