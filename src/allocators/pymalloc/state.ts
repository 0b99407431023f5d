import { FatalError } from '../../memory/errors.js';
import type { PymallocGeometry } from './geometry.js';
import { State } from './layout.js';

/**
 * Sets an interpreter's state up, if no thread has done so yet. Throws FatalError if it was set up for another
 * geometry. Under the interpreter's GIL.
 */
export function startState(heap: Int32Array, base: number, geometry: PymallocGeometry): void {
  const { arenaWords, poolWords } = geometry;
  if (heap[base + State.Started] === 0) {
    heap[base + State.Started] = 1;
    heap[base + State.ArenaWords] = arenaWords;
    heap[base + State.PoolWords] = poolWords;
    return;
  }
  if (heap[base + State.ArenaWords] !== arenaWords || heap[base + State.PoolWords] !== poolWords) {
    throw new FatalError(
      `pymalloc of this interpreter has arenas of ${heap[base + State.ArenaWords] * 4} bytes and pools of ` +
        `${heap[base + State.PoolWords] * 4}; a thread came with ${arenaWords * 4} and ${poolWords * 4}`,
    );
  }
}
