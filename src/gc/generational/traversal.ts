import {
  BuiltinType,
  Control,
  DictEntry,
  DictKeys,
  DictKeysKind,
  DictObject,
  Header,
  ListArray,
  ListObject,
  TupleObject,
} from '../../memory/layout.js';
import { firstValue } from '../../objects/dictKeys.js';
import { Referents, Span } from '../../objects/referents.js';

/**
 * A pass over the references of objects. Lists, tuples and dicts with str keys are looked into here, for there are many of
 * them; `Referents` knows the others. Two subclasses, so that V8 inlines what they do with a reference.
 */
export abstract class Traversal {
  protected readonly i32: Int32Array;
  private readonly referents: Referents;

  constructor(i32: Int32Array) {
    this.i32 = i32;
    this.referents = new Referents(i32);
  }

  /** Looks at the words of a span; 0 in one of them is no reference. */
  protected abstract visit(start: number, end: number, step: number): void;

  /** `tp_traverse`. */
  protected traverse(object: number): void {
    const heap = this.i32;
    const type = heap[object + Header.Type];
    if (type === BuiltinType.List) {
      const array = heap[object + ListObject.Items];
      if (array === 0) return;
      const first = array + ListArray.Items;
      this.visit(first, first + heap[object + ListObject.Size], 1);
    } else if (type === BuiltinType.Dict) {
      const keys = heap[object + DictObject.Keys];
      if (keys === Control.EmptyKeys) return;
      if (heap[keys + DictKeys.Kind] === DictKeysKind.Unicode) this.visitValues(keys);
      else this.traverseOther(object);
    } else if (type === BuiltinType.Tuple) {
      const first = object + TupleObject.Items;
      this.visit(first, first + heap[object + TupleObject.Length], 1);
    } else this.traverseOther(object);
  }

  /** Keys that are str refer to nothing. */
  private visitValues(keys: number): void {
    const first = firstValue(this.i32, keys);
    const end = first + this.i32[keys + DictKeys.Entries] * DictEntry.UnicodeWords;
    this.visit(first, end, DictEntry.UnicodeWords);
  }

  private traverseOther(object: number): void {
    const { referents } = this;
    const end = referents.of(object) * Span.Words;
    const { spans } = referents;
    for (let at = 0; at < end; at += Span.Words) {
      this.visit(spans[at + Span.Start], spans[at + Span.End], spans[at + Span.Step]);
    }
  }
}
