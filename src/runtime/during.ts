import { Control, Geometry, ThreadBlock, UserCodeKind } from '../memory/layout.js';
import { userCodeText } from '../objects/userCode.js';
import { threadBlock } from '../threads/evalBreaker.js';
import type { Thread } from './thread.js';

/**
 * What threads of a run were doing that explains why it ended, or did not end by itself: finalisers and callbacks that
 * ran, and who had stopped the world. By the host, when the run has ended; `only`: one thread, by number. A phrase, or ''.
 *
 * Declared racy reads: threads that never look whether the run has ended may still be at it.
 */
export function duringRun(host: Thread, only: number | null = null): string {
  const heap = host.i32;
  const requester = Atomics.load(heap, Control.StopRequester);
  const parts: string[] = [];
  for (let slot = 0; slot < Geometry.MaxThreads; slot++) {
    const block = threadBlock(slot);
    const index = heap[block + ThreadBlock.Index];
    if (Atomics.load(heap, block + ThreadBlock.Alive) === 0 || (only !== null && index !== only)) continue;
    const code = Atomics.load(heap, block + ThreadBlock.UserCode);
    if (code !== 0) parts.push(`thread ${index} was in ${codeText(host, code)}`);
    if (requester === block) parts.push(`thread ${index} had stopped the world`);
  }
  return parts.join('; ');
}

function codeText(host: Thread, code: number): string {
  const kind = userCodeText((code & UserCodeKind.Mask) as UserCodeKind);
  return `${kind} ${host.unraisable.nameOf(code & ~UserCodeKind.Mask)}`;
}
