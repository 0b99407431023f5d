import type { Allocator } from '../../allocators/allocator.js';
import {
  BuiltinType,
  Control,
  DictEntry,
  DictKeys,
  DictKeysKind,
  DictObject,
  GcBits,
  Header,
  InstanceObject,
  ListArray,
  ListObject,
  PreHeader,
  TupleObject,
  TypeKind,
  TypeObject,
} from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { firstValue } from '../../objects/dictKeys.js';
import { ManagedDict } from '../../objects/instances.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Entry, Portion } from './layout.js';
import type { Marker } from './marker.js';
import { MapScale, type MarkMap } from './markMap.js';
import { MarkStack } from './markStack.js';

/** In a header's first word: an object that collectors see, and leave alone. */
const SEEN = (GcBits.Tracked | GcBits.Frozen) << 24;
const TRACKED = GcBits.Tracked << 24;

/** Of a root's word. */
const TAG = 3;

/**
 * One thread marks, depth first, with a stack of spans (CPython `gc_mark_alive_from_roots`, `gc_propagate_alive`).
 *
 * A span is looked at in portions of `Portion.Scan` references. Nothing that is read of one object decides what is read of
 * the next one, so that the processor has several header loads under way: what CPython's prefetch ring of 16 does.
 */
export class SerialMarker extends MarkStack implements Marker {
  markers = 1;
  /** Objects that this marker has marked. */
  protected marked = 0;
  /** `MarkMap.bytes` of the map in use. */
  protected bytes = 0;
  protected readonly u8: Uint8Array;
  private readonly referents: Referents;

  constructor(memory: SharedMemory, allocator: Allocator) {
    super(memory, allocator);
    this.u8 = memory.u8;
    this.referents = new Referents(memory.i32);
  }

  markAlive(map: MarkMap, roots: readonly number[]): number {
    this.marked = 0;
    this.bytes = map.bytes;
    try {
      this.open();
      for (let i = 0; i < roots.length; i += 2) this.markRoots(roots[i], roots[i + 1]);
      this.markAll();
    } finally {
      this.close();
    }
    return this.marked;
  }

  /** Nobody is asked. */
  help(): void {}

  /** Until nothing is left. Throws MemoryError. */
  protected markAll(): void {
    while (this.hasEntry()) this.markEntry();
  }

  private markRoots(start: number, end: number): void {
    const heap = this.i32;
    for (let word = start; word < end; word++) {
      const object = heap[word] & ~TAG;
      if ((heap[object] & SEEN) !== TRACKED) continue;
      const byte = this.bytes + (object >>> MapScale.ByteShift);
      if (this.u8[byte] !== 0) continue;
      this.u8[byte] = 1;
      this.marked++;
      this.traverse(object, heap[object + Header.Type]);
    }
  }

  /** Takes the entry on top and looks at its first portion. */
  protected markEntry(): void {
    const heap = this.i32;
    const top = this.top - Entry.Words;
    const start = heap[top + Entry.Start];
    const packed = heap[top + Entry.Count];
    const count = packed >>> Entry.StepBits;
    const step = packed & Entry.StepMask;
    if (count <= Portion.Scan) {
      this.top = top;
      this.scan(start, count, step);
    } else {
      heap[top + Entry.Start] = start + Portion.Scan * step;
      heap[top + Entry.Count] = packed - (Portion.Scan << Entry.StepBits);
      this.scan(start, Portion.Scan, step);
    }
  }

  /**
   * Declared racy read and write of the map, where several mark: a byte only goes from 0 to 1, and two who both see 0 both
   * traverse the object, which does no harm. Everything else stands still.
   */
  protected scan(start: number, count: number, step: number): void {
    const heap = this.i32;
    const bytes = this.u8;
    const base = this.bytes;
    let marked = 0;
    for (let at = start, end = start + count * step; at < end; at += step) {
      const object = heap[at];
      if ((heap[object] & SEEN) !== TRACKED) continue;
      const byte = base + (object >>> MapScale.ByteShift);
      if (bytes[byte] !== 0) continue;
      bytes[byte] = 1;
      marked++;
      const type = heap[object + Header.Type];
      if (type === BuiltinType.List) {
        const size = heap[object + ListObject.Size];
        if (size !== 0) this.push(heap[object + ListObject.Items] + ListArray.Items, size, 1);
      } else {
        this.traverse(object, type);
      }
    }
    this.marked += marked;
  }

  protected traverse(object: Ref, type: Ref): void {
    const heap = this.i32;
    if (type === BuiltinType.Tuple) {
      const length = heap[object + TupleObject.Length];
      if (length !== 0) this.push(object + TupleObject.Items, length, 1);
    } else if (type === BuiltinType.Dict) {
      this.dict(object, heap[object + DictObject.Keys]);
    } else if (heap[type + TypeObject.Kind] === TypeKind.Instance) {
      this.instance(object, type);
    } else {
      this.others(object);
    }
  }

  /** Names are untracked: of a table of names only the values. */
  private dict(dict: Ref, keys: number): void {
    const heap = this.i32;
    if (heap[keys + DictKeys.Kind] !== DictKeysKind.Unicode) {
      this.others(dict);
      return;
    }
    const entries = heap[keys + DictKeys.Entries];
    if (entries === 0 || keys === Control.EmptyKeys) return;
    this.push(firstValue(heap, keys), entries, DictEntry.UnicodeWords);
  }

  private instance(object: Ref, type: Ref): void {
    const heap = this.i32;
    if (this.u8[this.bytes + (type >>> MapScale.ByteShift)] === 0) this.push(object + Header.Type, 1, 1);
    const dict = heap[object + PreHeader.Dict];
    if (dict !== 0 && dict !== ManagedDict.Moving) this.push(object + PreHeader.Dict, 1, 1);
    const values = heap[type + TypeObject.InlineCapacity];
    if (values !== 0) this.push(object + InstanceObject.Values, values, 1);
  }

  private others(object: Ref): void {
    const { referents } = this;
    const spans = referents.of(object);
    for (let at = 0; at < spans * Span.Words; at += Span.Words) {
      const start = referents.spans[at + Span.Start];
      const step = referents.spans[at + Span.Step];
      this.push(start, Math.ceil((referents.spans[at + Span.End] - start) / step), step);
    }
  }
}
