/**
 * One turn of a spin loop. Under exploration the thread goes on when something that it has read is written; real
 * engines have `Atomics.pause` from Node 24 on, before that a turn passes at once.
 */
export function pause(): void {
  (Atomics as unknown as { pause(): void }).pause();
}
