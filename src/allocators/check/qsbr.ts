import { Control, Geometry, ThreadBlock } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import type { CheckContext } from './context.js';

/** INV-5.1: nobody has observed the future, and nobody who is online is behind what counts as seen by all. */
export function checkQsbr(context: CheckContext): void {
  const heap = context.i32;
  const write = Atomics.load(heap, Control.WriteSequence);
  const read = Atomics.load(heap, Control.ReadSequence);
  const slots = Atomics.load(heap, Control.QsbrSlots);
  context.expect(
    (write & 1) === 1 && (read & 1) === 1,
    () => `sequences are odd numbers, not ${write} (written) and ${read} (read)`,
  );
  context.expect(
    ((read - write) | 0) <= 0,
    () => `INV-5.1: the sequence seen by all, ${read}, is beyond the written one, ${write}`,
  );
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const seen = Atomics.load(heap, threadBlock(slot) + ThreadBlock.QsbrSequence);
    if (seen === 0) continue;
    context.expect(slot < slots, () => `thread slot ${slot} is online, scanners look at ${slots} slots`);
    context.expect(
      ((seen - write) | 0) <= 0 && ((read - seen) | 0) <= 0,
      () => `INV-5.1: thread slot ${slot} has observed ${seen}, read ${read} to written ${write}`,
    );
  }
}
