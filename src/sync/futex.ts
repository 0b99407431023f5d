import { RunAborted } from '../memory/errors.js';
import { AbortReason, Control } from '../memory/layout.js';

/** No wait sleeps longer than this without looking at `Control.Abort`, so that no wait outlives a dead peer. */
const ABORT_POLL_MS = 50;

/** Throws RunAborted if the run has been told to end. */
export function checkAbort(heap: Int32Array): void {
  const reason = Atomics.load(heap, Control.Abort);
  if (reason === AbortReason.None) return;
  throw new RunAborted(
    reason === AbortReason.Error ? 'error' : reason === AbortReason.Died ? 'died' : 'interrupt',
  );
}

/**
 * Sleeps while `heap[word]` equals `expected`, until woken or `timeoutMs` (Infinity: for ever) has passed. May
 * return early; the caller re-checks its condition. Returns 'timed-out' only when the whole time has passed.
 * Throws RunAborted. The one place that calls `Atomics.wait`: callers have detached, or hold
 * nothing that anybody else could need.
 */
export function futexWait(
  heap: Int32Array,
  word: number,
  expected: number,
  timeoutMs: number,
): 'ok' | 'not-equal' | 'timed-out' {
  let left = timeoutMs;
  for (;;) {
    checkAbort(heap);
    const slice = Math.min(left, ABORT_POLL_MS);
    const result = Atomics.wait(heap, word, expected, slice);
    if (result !== 'timed-out') return result;
    left -= slice;
    if (left <= 0) return 'timed-out';
  }
}

/** Wakes up to `count` threads asleep on the word; returns how many. */
export function futexWake(heap: Int32Array, word: number, count: number): number {
  return Atomics.notify(heap, word, count);
}
