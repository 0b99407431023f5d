import type { Allocator } from '../allocators/allocator.js';
import { PythonError } from '../memory/errors.js';
import { BuiltinType, Control, HeapTag, StrObject } from '../memory/layout.js';
import { allocStatic } from '../memory/staticArena.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import type { Mutex } from '../sync/mutex.js';
import type { ObjectContext } from './context.js';
import { InternTable } from './internTable.js';

/**
 * str (CPython `Objects/unicodeobject.c`): immutable code points, one, two or four bytes each, always the
 * narrowest width that holds them (PEP 393). Hence equal strings have equal widths. A lone surrogate is a code
 * point of its own, as in Python.
 *
 * Methods borrow their arguments and return new references; attached threads only; no method needs a lock.
 */
export class Strings {
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  private readonly u8: Uint8Array;
  private readonly refs: RefCounter;
  private readonly allocator: Allocator;
  private readonly mutex: Mutex;
  private readonly table: InternTable;
  /** Interned strings never die, so what this thread has seen stays true. */
  private readonly interned = new Map<string, Ref>();

  constructor(context: ObjectContext) {
    this.i32 = context.i32;
    this.u16 = context.memory.u16;
    this.u8 = context.memory.u8;
    this.refs = context.refs;
    this.allocator = context.allocator;
    this.mutex = context.mutex;
    this.table = new InternTable(context.i32);
  }

  /** A fresh str of this text. Throws MemoryError. */
  create(text: string): Ref {
    const width = textWidth(text);
    const length = textLength(text, width);
    const str = this.allocator.alloc(strWords(length, width), HeapTag.Object);
    this.refs.init(str, BuiltinType.Str, 0);
    this.setFields(str, length, width);
    this.write(str, text, width);
    return str;
  }

  /** A fresh str of the first `length` of these code points. Throws MemoryError. */
  fromCodePoints(points: Int32Array, length: number): Ref {
    let highest = 0;
    for (let i = 0; i < length; i++) highest |= points[i];
    const width = highest < 0x100 ? 1 : highest < 0x10000 ? 2 : 4;
    const str = this.allocator.alloc(strWords(length, width), HeapTag.Object);
    this.refs.init(str, BuiltinType.Str, 0);
    this.setFields(str, length, width);
    const data = str + StrObject.Data;
    const { u8, u16, i32 } = this;
    for (let i = 0; i < length; i++) {
      if (width === 1) u8[(data << 2) + i] = points[i];
      else if (width === 2) u16[(data << 1) + i] = points[i];
      else i32[data + i] = points[i];
    }
    return str;
  }

  /** The JavaScript string of the same code points. */
  text(str: Ref): string {
    const length = this.i32[str + StrObject.Length];
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCodePoint(this.codePointAt(str, i));
    return text;
  }

  /** Code points. */
  length(str: Ref): number {
    return this.i32[str + StrObject.Length];
  }

  /**
   * 32-bit FNV-1a over the code points, never 0. Cached in the object, a declared racy read: every thread computes
   * the same value, so racing plain writes of it are harmless, and a reader that misses it computes it again.
   */
  hash(str: Ref): number {
    const heap = this.i32;
    const cached = heap[str + StrObject.Hash];
    return cached !== 0 ? cached : this.computeHash(str);
  }

  /** Same code points. */
  equal(a: Ref, b: Ref): boolean {
    if (a === b) return true;
    const heap = this.i32;
    const length = heap[a + StrObject.Length];
    if (length !== heap[b + StrObject.Length]) return false;
    const width = heap[a + StrObject.Kind] & StrObject.KindMask;
    if (width !== (heap[b + StrObject.Kind] & StrObject.KindMask)) return false;
    return this.sameBytes(a, b, length * width);
  }

  /** Order by code points: -1, 0 or 1. */
  compare(a: Ref, b: Ref): number {
    const heap = this.i32;
    const lengthA = heap[a + StrObject.Length];
    const lengthB = heap[b + StrObject.Length];
    const common = Math.min(lengthA, lengthB);
    for (let i = 0; i < common; i++) {
      const difference = this.codePointAt(a, i) - this.codePointAt(b, i);
      if (difference !== 0) return difference < 0 ? -1 : 1;
    }
    return lengthA === lengthB ? 0 : lengthA < lengthB ? -1 : 1;
  }

  /** a + b. Throws MemoryError. */
  concat(a: Ref, b: Ref): Ref {
    const heap = this.i32;
    const lengthA = heap[a + StrObject.Length];
    const lengthB = heap[b + StrObject.Length];
    const widthA = heap[a + StrObject.Kind] & StrObject.KindMask;
    const widthB = heap[b + StrObject.Kind] & StrObject.KindMask;
    const width = Math.max(widthA, widthB);
    const str = this.allocator.alloc(strWords(lengthA + lengthB, width), HeapTag.Object);
    this.refs.init(str, BuiltinType.Str, 0);
    this.setFields(str, lengthA + lengthB, width);
    this.copy(str, width, 0, a, widthA, lengthA);
    this.copy(str, width, lengthA, b, widthB, lengthB);
    return str;
  }

  /** str[index] as a str of length 1; negative counts from the end. Throws IndexError, MemoryError. */
  at(str: Ref, index: number): Ref {
    const length = this.i32[str + StrObject.Length];
    const position = index < 0 ? index + length : index;
    if (position < 0 || position >= length) {
      throw new PythonError('IndexError', `string index ${index} out of range`);
    }
    return this.create(String.fromCodePoint(this.codePointAt(str, position)));
  }

  /** Code point at `index`, which must be in range. */
  codePointAt(str: Ref, index: number): number {
    const heap = this.i32;
    const data = str + StrObject.Data;
    const width = heap[str + StrObject.Kind] & StrObject.KindMask;
    if (width === 1) return this.u8[(data << 2) + index];
    return width === 2 ? this.u16[(data << 1) + index] : heap[data + index];
  }

  /**
   * The one str of this text that lives for ever, borrowed; two interned strings are equal only if they are the same.
   * In the free-threaded build every interned string is immortal (INV-10.1); here in every build that has immortals.
   * May detach while another thread interns. Throws MemoryError('static').
   */
  intern(text: string): Ref {
    const known = this.interned.get(text);
    return known !== undefined ? known : this.internShared(text);
  }

  /** True for a str made by `intern`. */
  isInterned(str: Ref): boolean {
    return (this.i32[str + StrObject.Kind] & StrObject.Interned) !== 0;
  }

  /** The last reference is gone. */
  dealloc(str: Ref): void {
    this.allocator.free(str, HeapTag.Object);
  }

  private internShared(text: string): Ref {
    const hash = hashText(text);
    const byte = Control.InternMutex << 2;
    let str = 0;
    this.mutex.lock(byte);
    try {
      str = this.findInterned(text, hash);
      if (str === 0) {
        this.table.reserve();
        str = this.createStatic(text, hash);
        this.table.insert(str, hash);
      }
    } finally {
      this.mutex.unlock(byte);
    }
    this.interned.set(text, str);
    return str;
  }

  /** Under InternMutex: the table's str of this text or 0. */
  private findInterned(text: string, hash: number): Ref {
    const heap = this.i32;
    let slot = this.table.first(hash);
    for (;;) {
      const str = slot === 0 ? 0 : heap[slot];
      if (str === 0 || (heap[str + StrObject.Hash] === hash && this.text(str) === text)) return str;
      slot = this.table.following(slot);
    }
  }

  private createStatic(text: string, hash: number): Ref {
    const width = textWidth(text);
    const length = textLength(text, width);
    const str = allocStatic(this.i32, strWords(length, width));
    this.refs.initImmortal(str, BuiltinType.Str);
    this.setFields(str, length, width);
    this.write(str, text, width);
    this.i32[str + StrObject.Kind] = width | StrObject.Interned;
    this.i32[str + StrObject.Hash] = hash;
    return str;
  }

  private setFields(str: Ref, length: number, width: number): void {
    const heap = this.i32;
    heap[str + StrObject.Hash] = 0;
    heap[str + StrObject.Length] = length;
    heap[str + StrObject.Kind] = width;
  }

  private write(str: Ref, text: string, width: number): void {
    const data = str + StrObject.Data;
    const units = text.length;
    if (width === 1) {
      const u8 = this.u8;
      for (let i = 0; i < units; i++) u8[(data << 2) + i] = text.charCodeAt(i);
    } else if (width === 2) {
      const u16 = this.u16;
      for (let i = 0; i < units; i++) u16[(data << 1) + i] = text.charCodeAt(i);
    } else {
      const heap = this.i32;
      let target = data;
      for (let i = 0; i < units; i++) {
        const code = text.codePointAt(i) as number;
        if (code > 0xffff) i++;
        heap[target++] = code;
      }
    }
  }

  /** Copies `length` code points of `source` to position `at` of a fresh str that is at least as wide. */
  private copy(str: Ref, width: number, at: number, source: Ref, sourceWidth: number, length: number): void {
    const data = str + StrObject.Data;
    if (width === sourceWidth) {
      const from = (source + StrObject.Data) << 2;
      this.u8.copyWithin((data << 2) + at * width, from, from + length * width);
      return;
    }
    const heap = this.i32;
    const u16 = this.u16;
    for (let i = 0; i < length; i++) {
      const code = this.codePointAt(source, i);
      if (width === 2) u16[(data << 1) + at + i] = code;
      else heap[data + at + i] = code;
    }
  }

  private sameBytes(a: Ref, b: Ref, bytes: number): boolean {
    const heap = this.i32;
    const words = bytes >> 2;
    for (let i = 0; i < words; i++) {
      if (heap[a + StrObject.Data + i] !== heap[b + StrObject.Data + i]) return false;
    }
    const u8 = this.u8;
    const dataA = (a + StrObject.Data) << 2;
    const dataB = (b + StrObject.Data) << 2;
    for (let i = words << 2; i < bytes; i++) {
      if (u8[dataA + i] !== u8[dataB + i]) return false;
    }
    return true;
  }

  /** Declared racy reads and writes of the cached hash: all write the same value. */
  private computeHash(str: Ref): number {
    const heap = this.i32;
    const length = heap[str + StrObject.Length];
    let hash = HashSeed.Offset | 0;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ this.codePointAt(str, i), HashSeed.Prime);
    if (hash === 0) hash = 1;
    heap[str + StrObject.Hash] = hash;
    return hash;
  }
}

/** FNV-1a, 32 bits. */
const enum HashSeed {
  Offset = 0x811c9dc5,
  Prime = 0x01000193,
}

/** The hash that `Strings.hash` gives a str of this text. */
export function hashText(text: string): number {
  let hash = HashSeed.Offset | 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code > 0xffff) i++;
    hash = Math.imul(hash ^ code, HashSeed.Prime);
  }
  return hash === 0 ? 1 : hash;
}

function strWords(length: number, width: number): number {
  return StrObject.Data + Math.ceil((length * width) / 4);
}

/** Bytes a code point needs: 1, 2 or 4. A surrogate pair is one code point beyond 16 bits. */
function textWidth(text: string): number {
  let width = 1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) {
      if ((text.codePointAt(i) as number) > 0xffff) return 4;
      width = 2;
    }
  }
  return width;
}

/** Code points. */
function textLength(text: string, width: number): number {
  if (width < 4) return text.length;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.codePointAt(i) as number) > 0xffff) i++;
    length++;
  }
  return length;
}
