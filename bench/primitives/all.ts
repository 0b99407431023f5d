import type { Thread } from '../../src/runtime/thread.js';
import { dictPrimitives, listPrimitives } from './containers.js';
import { countPrimitives } from './counts.js';
import { lockPrimitives, threadPrimitives } from './locks.js';
import { memoryPrimitives } from './memory.js';
import { bodiesOf, objectPrimitives } from './objects.js';
import type { Primitive } from './types.js';
import { valuePrimitives } from './values.js';

/**
 * The primitives of the thread's build; of `gilectomy` its counts alone, the rest is as in the others. `other`: attached,
 * too, in this same JavaScript thread, for what two threads do to one object; null under a GIL.
 */
export function makePrimitives(thread: Thread, other: Thread | null): Primitive[] {
  thread.calls.start(bodiesOf(thread));
  const counts = countPrimitives(thread, other);
  if (thread.build.name === 'gilectomy') return counts;
  return [
    ...counts,
    ...memoryPrimitives(thread),
    ...valuePrimitives(thread),
    ...listPrimitives(thread),
    ...dictPrimitives(thread),
    ...objectPrimitives(thread),
    ...lockPrimitives(thread),
    ...threadPrimitives(thread),
  ];
}
