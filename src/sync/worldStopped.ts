import { Control, StopState, ThreadBlock } from '../memory/layout.js';

/** Address of an interpreter's `StopState`. */
export function stopOf(interpreter: number): number {
  return interpreter === 0 ? Control.StopRequested : Control.OtherStops + (interpreter - 1) * StopState.Words;
}

/** Address of the stop of the interpreter that the thread with this block belongs to; it never changes. */
export function ownStop(heap: Int32Array, block: number): number {
  return stopOf(heap[block + ThreadBlock.Interpreter]);
}

/** Whether the thread with this block, which runs, is the only one of its interpreter that does. */
export function isWorldStopped(heap: Int32Array, block: number): boolean {
  return (
    Atomics.load(heap, ownStop(heap, block) + StopState.Stopped) !== 0 ||
    Atomics.load(heap, Control.GlobalStop + StopState.Stopped) !== 0
  );
}
