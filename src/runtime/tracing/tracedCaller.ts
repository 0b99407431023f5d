import { ThreadBlock, UserCodeKind } from '../../memory/layout.js';
import type { Caller } from '../../objects/gcSlots.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Recorder } from './recorder.js';
import { TraceState } from './recording.js';

/** Records finalisers and callbacks of weak references. */
export class TracedCaller implements Caller {
  constructor(
    private readonly inner: Caller,
    private readonly i32: Int32Array,
    private readonly recorder: Recorder,
  ) {}

  callWith(callee: Ref, argument: Ref): Ref | undefined {
    const { recorder } = this;
    recorder.push(TraceState.Finalising, recorder.note(this.kind()));
    try {
      return this.inner.callWith(callee, argument);
    } finally {
      recorder.pop(TraceState.Finalising);
    }
  }

  private kind(): string {
    const code = this.i32[this.recorder.block + ThreadBlock.UserCode] & UserCodeKind.Mask;
    return code === UserCodeKind.Finalizer ? 'finaliser' : 'weakref callback';
  }
}
