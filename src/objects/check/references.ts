import type { CheckContext } from '../../allocators/check/context.js';
import {
  BuiltinFunctionObject,
  CodeObject,
  Control,
  DictKeys,
  DictKeysKind,
  DictObject,
  FunctionObject,
  GeneratorObject,
  Header,
  HeapTag,
  InstanceObject,
  ListArray,
  ListObject,
  MethodDescriptorObject,
  MethodObject,
  ModuleObject,
  PreHeader,
  ThreadLocalObject,
  TupleObject,
  TypeKind,
  TypeObject,
  WeakDictObject,
  WeakrefObject,
} from '../../memory/layout.js';
import { entryWords, firstValue } from '../dictKeys.js';

/** Called for each counted reference that an object holds. */
export type ReferenceVisitor = (target: number) => void;

/**
 * The counted references that a container holds, found by its type (what `tp_traverse` does in CPython). Reports
 * arrays and tables that are not blocks, or not as large as they say. `words`: of the object's block.
 */
export function visitReferences(
  context: CheckContext,
  object: number,
  words: number,
  visit: ReferenceVisitor,
): void {
  const heap = context.i32;
  const type = heap[object + Header.Type];
  switch (heap[type + TypeObject.Kind] as TypeKind) {
    case TypeKind.List:
      visitList(context, object, visit);
      return;
    case TypeKind.Tuple:
      visitTuple(context, object, words, visit);
      return;
    case TypeKind.Dict:
      visitDict(context, object, visit);
      return;
    case TypeKind.Function:
      visit(heap[object + FunctionObject.Code]);
      if (heap[object + FunctionObject.Globals] !== 0) visit(heap[object + FunctionObject.Globals]);
      return;
    case TypeKind.Type:
      roomOf(context, heap[object + TypeObject.SharedKeys], `class ${object}: its keys`);
      visitWords(heap, object + TypeObject.Init, 1, visit);
      visitWords(heap, object + TypeObject.Finalize, 1, visit);
      visitWords(heap, object + TypeObject.Dict, 1, visit);
      return;
    case TypeKind.Code:
      visitWords(heap, object + CodeObject.Constants, 1, visit);
      return;
    case TypeKind.Module:
      visit(heap[object + ModuleObject.Dict]);
      return;
    case TypeKind.BuiltinFunction:
      visitWords(heap, object + BuiltinFunctionObject.Self, 1, visit);
      return;
    case TypeKind.MethodDescriptor:
      visit(heap[object + MethodDescriptorObject.Owner]);
      return;
    case TypeKind.ThreadLocal:
      visit(heap[object + ThreadLocalObject.Key]);
      return;
    case TypeKind.Generator:
      visitGenerator(context, object, words, visit);
      return;
    case TypeKind.Method:
      visitWords(heap, object + MethodObject.Function, 2, visit);
      return;
    case TypeKind.Weakref:
      visitWords(heap, object + WeakrefObject.Callback, 2, visit);
      return;
    case TypeKind.WeakDict:
      visitWords(heap, object + WeakDictObject.Data, 2, visit);
      return;
    case TypeKind.Instance:
      visitInstance(context, object, type, words, visit);
      return;
  }
}

/** Words of the object that hold a reference or 0. */
function visitWords(heap: Int32Array, first: number, words: number, visit: ReferenceVisitor): void {
  for (let word = first; word < first + words; word++) if (heap[word] !== 0) visit(heap[word]);
}

function visitGenerator(
  context: CheckContext,
  generator: number,
  words: number,
  visit: ReferenceVisitor,
): void {
  const heap = context.i32;
  const count = heap[generator + GeneratorObject.LocalCount];
  if (count < 0 || GeneratorObject.Locals + count > words) {
    context.report(`generator ${generator}: ${count} locals in ${words} words`);
    return;
  }
  visit(heap[generator + GeneratorObject.Code]);
  visitWords(heap, generator + GeneratorObject.Locals, count, visit);
}

function visitList(context: CheckContext, list: number, visit: ReferenceVisitor): void {
  const heap = context.i32;
  const size = heap[list + ListObject.Size];
  const array = heap[list + ListObject.Items];
  if (array === 0) {
    context.expect(size === 0, () => `list ${list} has ${size} items and no array`);
    return;
  }
  const room = roomOf(context, array, `list ${list}: its array`) - ListArray.Items;
  const capacity = heap[array + ListArray.Capacity];
  if (size < 0 || size > capacity || capacity > room) {
    if (room >= 0) context.report(`list ${list}: ${size} items, capacity ${capacity}, room for ${room}`);
    return;
  }
  for (let i = 0; i < size; i++) visit(heap[array + ListArray.Items + i]);
}

function visitTuple(context: CheckContext, tuple: number, words: number, visit: ReferenceVisitor): void {
  const heap = context.i32;
  const length = heap[tuple + TupleObject.Length];
  if (length < 1 || TupleObject.Items + length > words) {
    context.report(`tuple ${tuple}: ${length} items in ${words} words`);
    return;
  }
  for (let i = 0; i < length; i++) visit(heap[tuple + TupleObject.Items + i]);
}

function visitDict(context: CheckContext, dict: number, visit: ReferenceVisitor): void {
  const heap = context.i32;
  const keys = heap[dict + DictObject.Keys];
  const used = heap[dict + DictObject.Used];
  if (keys === Control.EmptyKeys) {
    context.expect(used === 0, () => `dict ${dict} counts ${used} entries in the empty table`);
    return;
  }
  const room = roomOf(context, keys, `dict ${dict}: its table`);
  const kind = heap[keys + DictKeys.Kind];
  const entries = heap[keys + DictKeys.Entries];
  if (room < 0) return;
  const first = firstValue(heap, keys);
  const step = entryWords(kind);
  const known = kind === DictKeysKind.General || kind === DictKeysKind.Unicode;
  if (!known || entries < 0 || first + (entries - 1) * step >= keys + room) {
    context.report(`dict ${dict}: table ${keys} of kind ${kind} has ${entries} entries in ${room} words`);
    return;
  }
  let live = 0;
  for (let i = 0, slot = first; i < entries; i++, slot += step) {
    if (heap[slot] === 0) continue;
    live++;
    visit(heap[slot - 1]);
    visit(heap[slot]);
  }
  context.expect(live === used, () => `dict ${dict} has ${live} entries and counts ${used}`);
}

function visitInstance(
  context: CheckContext,
  object: number,
  type: number,
  words: number,
  visit: ReferenceVisitor,
): void {
  const heap = context.i32;
  const capacity = heap[type + TypeObject.InlineCapacity];
  if (capacity < 0 || InstanceObject.Values + capacity > words) {
    context.report(`instance ${object}: room for ${capacity} values in ${words} words`);
    return;
  }
  visit(type);
  visitWords(heap, object + PreHeader.Dict, 1, visit);
  visitWords(heap, object + InstanceObject.Values, capacity, visit);
}

/** Words of the block at this address, -1 (reported) if there is none, or somebody else has it too. */
function roomOf(context: CheckContext, block: number, what: string): number {
  const wrong = context.claim(block, HeapTag.Mem);
  if (wrong === null) return context.wordsOf(block, HeapTag.Mem);
  context.report(`${what} ${block} ${wrong}`);
  return -1;
}
