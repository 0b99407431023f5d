import { BuiltinType, GcHead, GcPrevious, Header } from '../../memory/layout.js';
import { HeaderBits } from './layout.js';
import { Traversal } from './traversal.js';

/** `subtract_refs`: takes the references among the objects of a list off what their links count (INV-9.1). */
export class Subtraction extends Traversal {
  /** Returns whether there is a tuple in the list. */
  run(young: number): boolean {
    const heap = this.i32;
    let tuples = false;
    for (let object = heap[young + GcHead.Next]; object !== young; object = heap[object + GcHead.Next]) {
      this.traverse(object);
      if (heap[object + Header.Type] === BuiltinType.Tuple) tuples = true;
    }
    return tuples;
  }

  /** `visit_decref`. Objects of other lists have no `Collecting`. */
  protected visit(start: number, end: number, step: number): void {
    const heap = this.i32;
    for (let word = start; word < end; word += step) {
      const target = heap[word];
      if ((heap[target] & HeaderBits.Tracked) === 0) continue;
      const previous = heap[target + GcHead.Previous];
      if ((previous & GcPrevious.Collecting) === 0) continue;
      heap[target + GcHead.Previous] = previous - (1 << GcPrevious.Shift);
    }
  }
}
