import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';

/** Thread 0, in `setup`: a new list with a place for what each thread keeps alive, None at first. */
export function createPlaces(t: Thread): Ref {
  const places = t.lists.create();
  for (let i = 0; i < t.i32[Control.RunThreads]; i++) t.lists.append(places, Control.None);
  return places;
}
