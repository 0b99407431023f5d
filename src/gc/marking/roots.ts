import { BuiltinType, Control, GcState, Geometry, ThreadBlock, TypeObject } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';

/**
 * Where marking begins, as runs of words [start, end), a pair of numbers each (CPython `gc_mark_alive_from_roots`): the
 * globals of the run, the attributes of built-in types, what the collector itself holds, and of every thread its shadow stack and its handles. Such a word
 * is 0 or a reference, with a tag in its low two bits.
 *
 * In a stopped world, every stack published.
 */
export function rootSpans(heap: Int32Array): number[] {
  const spans: number[] = [];
  const add = (start: number, end: number): void => {
    if (start !== end) spans.push(start, end);
  };
  add(Control.RunGlobals, Control.RunGlobals + 1);
  for (let type: number = BuiltinType.Type; type < BuiltinType.End; type += BuiltinType.Words) {
    if (heap[type + TypeObject.Dict] !== 0) add(type + TypeObject.Dict, type + TypeObject.Dict + 1);
  }
  add(Control.Gc + GcState.Garbage, Control.Gc + GcState.Callbacks + 1);
  for (let slot = 0; slot < Geometry.ThreadSlots; slot++) {
    const block = threadBlock(slot);
    if (heap[block + ThreadBlock.Alive] === 0) continue;
    add(heap[block + ThreadBlock.StackBase], heap[block + ThreadBlock.StackTop]);
    const table = heap[block + ThreadBlock.HandleTable];
    if (table !== 0) add(table, table + heap[block + ThreadBlock.HandleCapacity]);
  }
  return spans;
}
