// Reachability in plain JavaScript over a memory at rest: what the collectors are held against. It knows the layouts and
// nothing else of the runtime but how to walk the blocks.
import { HeapVisitor } from '#ungil/allocators/visitor.js';
import {
  Control,
  DictKeys,
  DictKeysKind,
  DictObject,
  FunctionObject,
  GcBits,
  Header,
  HeapTag,
  InstanceObject,
  ListArray,
  ListObject,
  MethodObject,
  PreHeader,
  TupleObject,
  TypeKind,
  TypeObject,
  WeakDictObject,
  WeakrefObject,
} from '#ungil/memory/layout.js';

export function graphOf(memory) {
  const heap = memory.i32;
  const graph = new Map();
  new HeapVisitor(memory).visit((block, _words, tag) => {
    if (tag !== HeapTag.Gc && tag !== HeapTag.GcPre) return;
    const object = tag === HeapTag.GcPre ? block + PreHeader.Words : block;
    const tracked = ((heap[object] >>> 24) & GcBits.Tracked) !== 0;
    // What is not tracked may be a block of a free list, with nothing in it that means anything.
    graph.set(object, tracked ? nodeOf(heap, object) : { type: 0, tracked, refs: [] });
  });
  return graph;
}

export function reachable(graph, roots) {
  const found = new Set();
  const stack = [...roots];
  while (stack.length > 0) {
    const object = stack.pop();
    if (found.has(object) || !graph.has(object)) continue;
    found.add(object);
    stack.push(...graph.get(object).refs);
  }
  return found;
}

function nodeOf(heap, object) {
  const type = heap[object + Header.Type];
  const words = [];
  const node = { type, tracked: true, refs: words };
  const range = (start, count) => {
    for (let word = start; word < start + count; word++) words.push(heap[word]);
  };
  switch (heap[type + TypeObject.Kind]) {
    case TypeKind.List: {
      const items = heap[object + ListObject.Items];
      if (items !== 0) range(items + ListArray.Items, heap[object + ListObject.Size]);
      break;
    }
    case TypeKind.Tuple:
      range(object + TupleObject.Items, heap[object + TupleObject.Length]);
      break;
    case TypeKind.Dict:
      dictEntries(heap, heap[object + DictObject.Keys], range);
      break;
    case TypeKind.Instance:
      words.push(type, heap[object + PreHeader.Dict]);
      range(object + InstanceObject.Values, heap[type + TypeObject.InlineCapacity]);
      break;
    case TypeKind.Function:
      words.push(heap[object + FunctionObject.Globals], heap[object + FunctionObject.Code]);
      break;
    case TypeKind.Method:
      words.push(heap[object + MethodObject.Function], heap[object + MethodObject.Self]);
      break;
    case TypeKind.Type:
      words.push(heap[object + TypeObject.Init], heap[object + TypeObject.Finalize]);
      break;
    case TypeKind.Weakref:
      words.push(heap[object + WeakrefObject.Callback], heap[object + WeakrefObject.Key]);
      node.target = heap[object + WeakrefObject.Object];
      break;
    case TypeKind.WeakDict:
      words.push(heap[object + WeakDictObject.Data], heap[object + WeakDictObject.Self]);
      break;
  }
  node.refs = words.filter((ref) => ref > 1);
  return node;
}

/** Key and value of each entry; those that were taken out are 0. */
function dictEntries(heap, keys, range) {
  if (keys === Control.EmptyKeys) return;
  const log2 = heap[keys + DictKeys.Log2Size];
  const bytes = log2 < 8 ? 1 : log2 < 16 ? 2 : 4;
  const first = keys + DictKeys.Indices + ((bytes << log2) >> 2);
  const general = heap[keys + DictKeys.Kind] === DictKeysKind.General;
  for (let entry = 0; entry < heap[keys + DictKeys.Entries]; entry++) {
    range(first + entry * (general ? 3 : 2) + (general ? 1 : 0), 2);
  }
}
