import {
  CodeObject,
  Control,
  DictEntry,
  DictKeys,
  DictKeysKind,
  DictObject,
  FunctionObject,
  GeneratorObject,
  Header,
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
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import { firstValue } from './dictKeys.js';
import { ManagedDict } from './instances.js';
import { recordReference } from './records.js';

/** A run of words that hold references, 0 meaning none: the first, the one behind the last, words from one to the next. */
export const enum Span {
  Start = 0,
  End = 1,
  Step = 2,
  Words = 3,
}

/**
 * Where an object keeps the counted references that it holds: what `tp_traverse` does in CPython, as data. The
 * collectors and the gc module read it here. check/references.ts looks for itself, and distrusts what it finds: it would
 * not notice a mistake that it shares.
 *
 * Nothing here is synchronised: the world is stopped, or the object is nobody else's. One instance a thread; `spans` is
 * overwritten by the next call.
 */
export class Referents {
  /** What `of` has found, `Span.Words` numbers each. */
  readonly spans = new Int32Array(4 * Span.Words);

  constructor(private readonly i32: Int32Array) {}

  /** Writes the object's spans to `spans`; returns how many there are. An object that holds none has 0. */
  of(object: Ref): number {
    const heap = this.i32;
    const type = heap[object + Header.Type];
    switch (heap[type + TypeObject.Kind] as TypeKind) {
      case TypeKind.List:
        return this.list(object);
      case TypeKind.Tuple: {
        const start = object + TupleObject.Items;
        return this.add(0, start, start + heap[object + TupleObject.Length], 1);
      }
      case TypeKind.Dict:
        return this.table(heap[object + DictObject.Keys]);
      case TypeKind.Instance:
        return this.instance(object, type);
      case TypeKind.Function:
        return this.add(0, object + FunctionObject.Globals, object + FunctionObject.Code + 1, 1);
      case TypeKind.Method:
        return this.add(0, object + MethodObject.Function, object + MethodObject.Self + 1, 1);
      case TypeKind.Weakref:
        return this.add(0, object + WeakrefObject.Callback, object + WeakrefObject.Key + 1, 1);
      case TypeKind.WeakDict:
        return this.add(0, object + WeakDictObject.Data, object + WeakDictObject.Self + 1, 1);
      case TypeKind.Type: {
        const init = this.add(0, object + TypeObject.Init, object + TypeObject.Init + 1, 1);
        const finalize = this.add(init, object + TypeObject.Finalize, object + TypeObject.Finalize + 1, 1);
        return this.add(finalize, object + TypeObject.Dict, object + TypeObject.Dict + 1, 1);
      }
      case TypeKind.Code:
        return this.add(0, object + CodeObject.Constants, object + CodeObject.Constants + 1, 1);
      case TypeKind.Generator: {
        const code = this.add(0, object + GeneratorObject.Code, object + GeneratorObject.Code + 1, 1);
        const locals = object + GeneratorObject.Locals;
        return this.add(code, locals, locals + heap[object + GeneratorObject.LocalCount], 1);
      }
      default:
        return this.record(object, heap[type + TypeObject.Kind]);
    }
  }

  private record(object: Ref, kind: TypeKind): number {
    const word = recordReference(kind);
    return word === 0 ? 0 : this.add(0, object + word, object + word + 1, 1);
  }

  private list(list: Ref): number {
    const heap = this.i32;
    const array = heap[list + ListObject.Items];
    const size = heap[list + ListObject.Size];
    return array === 0 ? 0 : this.add(0, array + ListArray.Items, array + ListArray.Items + size, 1);
  }

  /** Entries that were taken out are 0. */
  private table(keys: number): number {
    const heap = this.i32;
    const entries = heap[keys + DictKeys.Entries];
    if (entries === 0 || keys === Control.EmptyKeys) return 0;
    const first = firstValue(heap, keys);
    if (heap[keys + DictKeys.Kind] === DictKeysKind.Unicode) {
      return this.add(0, first - 1, first - 1 + entries * DictEntry.UnicodeWords, 1);
    }
    const words = entries * DictEntry.GeneralWords;
    const ofKeys = this.add(0, first - 1, first - 1 + words, DictEntry.GeneralWords);
    return this.add(ofKeys, first, first + words, DictEntry.GeneralWords);
  }

  /** The reference to its class, its dict, its values. */
  private instance(object: Ref, type: Ref): number {
    const heap = this.i32;
    const values = object + InstanceObject.Values;
    let count = this.add(0, object + Header.Type, object + Header.Type + 1, 1);
    const dict = heap[object + PreHeader.Dict];
    if (dict !== 0 && dict !== ManagedDict.Moving) {
      count = this.add(count, object + PreHeader.Dict, object + PreHeader.Dict + 1, 1);
    }
    return this.add(count, values, values + heap[type + TypeObject.InlineCapacity], 1);
  }

  private add(count: number, start: number, end: number, step: number): number {
    const { spans } = this;
    const at = count * Span.Words;
    spans[at + Span.Start] = start;
    spans[at + Span.End] = end;
    spans[at + Span.Step] = step;
    return count + 1;
  }
}
