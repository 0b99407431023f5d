import type { SharedMemory } from '../memory/sharedMemory.js';
import { DebugQsbr } from './debugQsbr.js';
import type { Qsbr } from './qsbr.js';
import { ThreadState } from './threadState.js';

/** `ThreadState` of the debug build. */
export class DebugThreadState extends ThreadState {
  protected override makeQsbr(memory: SharedMemory, block: number): Qsbr {
    return new DebugQsbr(memory, block);
  }
}
