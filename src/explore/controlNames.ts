import {
  BrcBucket,
  BuiltinType,
  Control,
  Geometry,
  HeapTag,
  NumberObject,
  ParkingBucket,
  ThreadBlock,
  TypeKind,
} from '../memory/layout.js';
import { type Enums, Fields, memberNamed } from './layoutNames.js';
import type { ObjectNames } from './objectNames.js';

const enum Static {
  /** Distance of the built-in types, and of the singletons. */
  TypeWords = 64,
  SingletonWords = 8,
  EmptyKeysWords = 16,
}

/** In the order of their addresses. */
const SINGLETONS = [
  { name: 'None', kind: TypeKind.None },
  { name: 'True', kind: TypeKind.Bool },
  { name: 'False', kind: TypeKind.Bool },
  { name: 'emptyTuple', kind: TypeKind.Tuple },
];

/** Names for the words of segment 0: the runtime's own state. */
export class ControlNames {
  private readonly control: Fields;
  private readonly thread: Fields;
  private readonly parking: Fields;
  private readonly bucket: Fields;
  private readonly keys: Fields;
  private readonly types: Enums[string];

  constructor(
    layout: Enums,
    private readonly objects: ObjectNames,
  ) {
    this.control = new Fields(layout.Control, {
      arrays: [
        'InterpreterFreeLists',
        'InterpreterAllocator',
        'SegmentTable',
        'SegmentArenas',
        'SharedHeaps',
        'Scratch',
        'StaticArena',
      ],
      except: ['ScratchWords', 'BucketCount', 'StaticArenaEnd'],
    });
    this.thread = new Fields(layout.ThreadBlock, { arrays: ['FreeLists', 'Counters', 'Heaps'] });
    this.parking = new Fields(layout.ParkingBucket);
    this.bucket = new Fields(layout.BrcBucket);
    this.keys = new Fields(layout.DictKeys, { arrays: ['Indices'] });
    this.types = layout.BuiltinType;
  }

  /** `control.stopRequested`, `thread#0.status`, `parking#12.lock`, `None.local`. */
  nameOf(word: number): string {
    return this.tableName(word) ?? this.staticName(word) ?? `control.${this.control.nameOf(word)}`;
  }

  private tableName(word: number): string | undefined {
    const buckets = Control.BucketCount;
    return (
      row(word, Control.ParkingBuckets, ParkingBucket.Words, buckets, 'parking', this.parking) ??
      row(word, Control.BrcBuckets, BrcBucket.Words, buckets, 'bucket', this.bucket) ??
      row(word, Control.Threads, ThreadBlock.Words, Geometry.ThreadSlots, 'thread', this.thread)
    );
  }

  private staticName(word: number): string | undefined {
    if (word >= Control.Types && word < BuiltinType.WeakValueDict + Static.TypeWords) {
      const type = word - ((word - Control.Types) % Static.TypeWords);
      return `${memberNamed(this.types, type)}Type.${this.object(word - type, TypeKind.Type)}`;
    }
    const integer = Math.floor((word - Control.SmallInts) / NumberObject.Stride);
    if (integer >= 0 && integer <= NumberObject.SmallMax - NumberObject.SmallMin) {
      const value = integer + NumberObject.SmallMin;
      return `int(${value}).${this.object((word - Control.SmallInts) % NumberObject.Stride, TypeKind.Int)}`;
    }
    const keys = word - Control.EmptyKeys;
    if (keys >= 0 && keys < Static.EmptyKeysWords) return `emptyKeys.${this.keys.nameOf(keys)}`;
    return this.singletonName(word);
  }

  private singletonName(word: number): string | undefined {
    const offset = word - Control.None;
    const singleton = SINGLETONS[Math.floor(offset / Static.SingletonWords)];
    if (singleton === undefined) return undefined;
    return `${singleton.name}.${this.object(offset % Static.SingletonWords, singleton.kind)}`;
  }

  private object(offset: number, kind: TypeKind): string {
    return this.objects.field(offset, HeapTag.Object, kind);
  }
}

/** The name of a word in a table of equal structs; undefined outside. */
function row(
  word: number,
  start: number,
  words: number,
  count: number,
  name: string,
  fields: Fields,
): string | undefined {
  const index = Math.floor((word - start) / words);
  if (index < 0 || index >= count) return undefined;
  return `${name}#${index}.${fields.nameOf((word - start) % words)}`;
}
