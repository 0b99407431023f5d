import type { Buffers } from './buffers.js';
import { OpKind } from './hooks.js';
import { Cell, ThreadCell, Touch, Virtual, Visible } from './machineLayout.js';
import { coerced, type MemoryViews } from './memoryViews.js';
import type { ShadowHeap } from './shadowHeap.js';

/** What announced steps would do, and which of them depend on each other: value-aware, in the state as it is. */
export class Dependence {
  private readonly c: Int32Array;
  private readonly visible: Uint8Array;

  constructor(
    buffers: Buffers,
    private readonly views: MemoryViews,
    private readonly shadow: ShadowHeap,
  ) {
    this.c = buffers.cells;
    this.visible = buffers.visible;
  }

  /** What the announced step would do to its location if it were taken now. */
  touch(thread: number): Touch {
    const c = this.c;
    const T = Cell.Thread + thread * ThreadCell.Words;
    const bit = 1 << thread;
    if (c[Cell.Gil] !== 0 && c[T + ThreadCell.Location] === Virtual.Gil)
      return Touch.Write | Touch.QueueWrite;
    if ((c[Cell.Woken] & bit) !== 0) return Touch.None;
    if ((c[Cell.Asleep] & bit) !== 0) return Touch.QueueWrite;
    switch (c[T + ThreadCell.Kind]) {
      case OpKind.Read:
      case OpKind.Load:
        return Touch.Read;
      case OpKind.CompareExchange:
        return this.views.read(c[T + ThreadCell.View], c[T + ThreadCell.Index]) ===
          coerced(c[T + ThreadCell.View], c[T + ThreadCell.A])
          ? Touch.Write
          : Touch.Read;
      // Also where nobody will sleep or be woken: to tell these apart would save some executions of a futex mutex
      // (16 instead of 28), but the queue of an address is then one more thing that a value decides.
      case OpKind.Wait:
        return Touch.Read | Touch.QueueWrite;
      case OpKind.Notify:
        return Touch.QueueWrite;
      case OpKind.Choose:
        return Touch.None;
      default:
        return Touch.Write;
    }
  }

  /** Whether the announced steps of two threads depend on each other, in the state as it is. */
  dependent(p: number, q: number): boolean {
    const c = this.c;
    const P = Cell.Thread + p * ThreadCell.Words;
    const Q = Cell.Thread + q * ThreadCell.Words;
    // Any step but its own lets a time-out wait that comes when nobody can go on.
    if (this.followsAll(P, p) || this.followsAll(Q, q)) return true;
    const touchP = this.touch(p);
    const touchQ = this.touch(q);
    if (c[P + ThreadCell.Kind] === OpKind.Free || c[Q + ThreadCell.Kind] === OpKind.Free) {
      if (this.overlap(P, Q)) return true;
    } else if (c[P + ThreadCell.Location] === c[Q + ThreadCell.Location]) return conflict(touchP, touchQ);
    return this.writesWatched(P, touchP) && this.writesWatched(Q, touchQ);
  }

  /** A time-out that comes when nobody else can go on. */
  followsAll(T: number, thread: number): boolean {
    const c = this.c;
    return (c[Cell.Asleep] & c[Cell.Timed] & (1 << thread)) !== 0 && c[T + ThreadCell.EarlyTimeouts] === 0;
  }

  /** Whether the step of this record writes a word that `never` looks at. */
  writesWatched(T: number, touch: Touch): boolean {
    return (touch & Touch.Write) !== 0 && this.visible[this.c[T + ThreadCell.Word]] === Visible.Watched;
  }

  private overlap(P: number, Q: number): boolean {
    const c = this.c;
    const startP = c[P + ThreadCell.Word];
    const startQ = c[Q + ThreadCell.Word];
    const lengthP = c[P + ThreadCell.Kind] === OpKind.Free ? this.shadow.size(startP) : 1;
    const lengthQ = c[Q + ThreadCell.Kind] === OpKind.Free ? this.shadow.size(startQ) : 1;
    return startP < startQ + lengthQ && startQ < startP + lengthP;
  }
}

/** Whether two touches of one location depend on each other. */
export function conflict(p: Touch, q: Touch): boolean {
  const words = Touch.Read | Touch.Write;
  const queues = Touch.QueueRead | Touch.QueueWrite;
  return (
    ((p & Touch.Write) !== 0 && (q & words) !== 0) ||
    ((q & Touch.Write) !== 0 && (p & words) !== 0) ||
    ((p & Touch.QueueWrite) !== 0 && (q & queues) !== 0) ||
    ((q & Touch.QueueWrite) !== 0 && (p & queues) !== 0)
  );
}
