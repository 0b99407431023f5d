import { MemoryError } from './errors.js';
import { Control } from './layout.js';

/**
 * Hands out `words` words of the static arena, 16-byte aligned, zeroed, never freed. What lives here is immortal:
 * its address is never a re-used block, so a reader may look into it without a reference (objects/). Any thread,
 * attached or not. Throws MemoryError('static'); the arena then stays as it was.
 */
export function allocStatic(heap: Int32Array, words: number): number {
  const size = (words + 3) & ~3;
  let next = Atomics.load(heap, Control.StaticNext);
  for (;;) {
    // 0: nobody has allocated yet.
    const address = next === 0 ? Control.StaticArena : next;
    if (address + size > Control.StaticArenaEnd) {
      const used = (address - Control.StaticArena) * 4;
      throw new MemoryError(size * 4, 'static', used, (Control.StaticArenaEnd - Control.StaticArena) * 4);
    }
    const seen = Atomics.compareExchange(heap, Control.StaticNext, next, address + size);
    if (seen === next) return address;
    next = seen;
  }
}
