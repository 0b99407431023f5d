import { GcHead } from '../../memory/layout.js';

/**
 * Circular lists of objects through their `GcHead`s, each with a head of its own (CPython Python/gc.c, `gc_list_*`). Their
 * links carry no low bits here. Under the GIL.
 */

export function clearList(heap: Int32Array, head: number): void {
  heap[head + GcHead.Next] = head;
  heap[head + GcHead.Previous] = head;
}

export function isEmptyList(heap: Int32Array, head: number): boolean {
  return heap[head + GcHead.Next] === head;
}

/** The object is in no list. */
export function appendToList(heap: Int32Array, object: number, head: number): void {
  const last = heap[head + GcHead.Previous];
  heap[last + GcHead.Next] = object;
  heap[object + GcHead.Previous] = last;
  heap[object + GcHead.Next] = head;
  heap[head + GcHead.Previous] = object;
}

/** Takes an object out of whatever list it is in. Its own links stay as they are. */
export function unlink(heap: Int32Array, object: number): void {
  const next = heap[object + GcHead.Next];
  const previous = heap[object + GcHead.Previous];
  heap[previous + GcHead.Next] = next;
  heap[next + GcHead.Previous] = previous;
}

/** From whatever list the object is in to the end of another (`gc_list_move`). */
export function moveToList(heap: Int32Array, object: number, head: number): void {
  unlink(heap, object);
  appendToList(heap, object, head);
}

/** All objects of a list to the end of another; the first is empty then (`gc_list_merge`). */
export function mergeLists(heap: Int32Array, from: number, to: number): void {
  if (heap[from + GcHead.Next] === from) return;
  const first = heap[from + GcHead.Next];
  const last = heap[from + GcHead.Previous];
  const tail = heap[to + GcHead.Previous];
  heap[tail + GcHead.Next] = first;
  heap[first + GcHead.Previous] = tail;
  heap[last + GcHead.Next] = to;
  heap[to + GcHead.Previous] = last;
  clearList(heap, from);
}

/** Walks the whole list. */
export function listSize(heap: Int32Array, head: number): number {
  let size = 0;
  for (let object = heap[head + GcHead.Next]; object !== head; object = heap[object + GcHead.Next]) size++;
  return size;
}
