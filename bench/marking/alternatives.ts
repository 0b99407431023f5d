import { Entry } from '../../src/gc/marking/layout.js';
import { MapScale } from '../../src/gc/marking/markMap.js';
import { SerialMarker } from '../../src/gc/marking/serialMarker.js';
import { GcBits, Header } from '../../src/memory/layout.js';

const enum Ring {
  Capacity = 64,
  /** CPython's `BUFFER_LO` and `BUFFER_HI`. */
  Low = 8,
  High = 16,
  /** Longer spans are looked at as the serial marker does. */
  LongSpan = 32,
}

/**
 * CPython's prefetch buffer (`gc_mark_alive_from_roots`), as far as JavaScript has it: references wait in a ring, their
 * headers are loaded when they enter it, and looked at when they leave it.
 */
export class RingMarker extends SerialMarker {
  private readonly objects = new Int32Array(Ring.Capacity);
  private readonly headers = new Int32Array(Ring.Capacity);
  private head = 0;
  private tail = 0;

  protected override markAll(): void {
    const heap = this.i32;
    for (;;) {
      if (this.tail - this.head < Ring.Low) this.fill();
      if (this.tail === this.head) return;
      const at = this.head & (Ring.Capacity - 1);
      this.head++;
      const object = this.objects[at];
      if ((this.headers[at] & ((GcBits.Tracked | GcBits.Frozen) << 24)) !== GcBits.Tracked << 24) continue;
      const byte = this.bytes + (object >>> MapScale.ByteShift);
      if (this.u8[byte] !== 0) continue;
      this.u8[byte] = 1;
      this.marked++;
      this.traverse(object, heap[object + Header.Type]);
    }
  }

  private fill(): void {
    const heap = this.i32;
    const { objects, headers } = this;
    while (this.tail - this.head < Ring.High && this.hasEntry()) {
      const top = this.top - Entry.Words;
      const packed = heap[top + Entry.Count];
      const step = packed & Entry.StepMask;
      const count = packed >>> Entry.StepBits;
      if (count > Ring.LongSpan) {
        this.markEntry();
        continue;
      }
      const taken = Math.min(count, Ring.High - (this.tail - this.head));
      const start = heap[top + Entry.Start];
      if (taken === count) this.top = top;
      heap[top + Entry.Start] = start + taken * step;
      heap[top + Entry.Count] = packed - (taken << Entry.StepBits);
      for (let i = 0; i < taken; i++) {
        const object = heap[start + i * step];
        const at = this.tail & (Ring.Capacity - 1);
        objects[at] = object;
        headers[at] = heap[object];
        this.tail++;
      }
    }
  }
}

/** Strictly depth first: the first reference of a span, all that it leads to, then the next. */
export class OneByOneMarker extends SerialMarker {
  protected override markEntry(): void {
    const heap = this.i32;
    const top = this.top - Entry.Words;
    const start = heap[top + Entry.Start];
    const packed = heap[top + Entry.Count];
    const step = packed & Entry.StepMask;
    heap[top + Entry.Start] = start + step;
    heap[top + Entry.Count] = packed - (1 << Entry.StepBits);
    if (packed >>> Entry.StepBits === 1) this.top = top;
    this.scan(start, 1, step);
  }
}
