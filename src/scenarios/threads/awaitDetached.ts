import { ThreadBlock, ThreadStatus } from '../../memory/layout.js';
import { pause } from '../classic/pause.js';
import type { World } from '../world.js';

/**
 * Waits until the thread with this number is detached: asleep for something, or at its end. For a scenario whose
 * question begins there; what happens on the way to sleep is asked by others.
 */
export function awaitDetached(w: World, index: number): void {
  const status = w.thread(index).block + ThreadBlock.Status;
  while (Atomics.load(w.i32, status) !== ThreadStatus.Detached) pause();
}
