import { BuiltinType, Header, HeapTag, PreHeader, TypeKind, TypeObject } from '../memory/layout.js';
import { objectInBlock } from '../memory/objectInBlock.js';
import { type Enums, type FieldOptions, Fields, memberNamed } from './layoutNames.js';

const NUMBER: FieldOptions = { except: ['Stride', 'SmallMin', 'SmallMax'] };

/** The layout of each kind of object, behind the header. */
const KINDS: readonly (readonly [kind: TypeKind, layout: string, options: FieldOptions])[] = [
  [TypeKind.Type, 'TypeObject', {}],
  [TypeKind.Bool, 'NumberObject', NUMBER],
  [TypeKind.Int, 'NumberObject', NUMBER],
  [TypeKind.Float, 'NumberObject', NUMBER],
  [TypeKind.Str, 'StrObject', { arrays: ['Data'], except: ['KindMask', 'Interned'] }],
  [TypeKind.Tuple, 'TupleObject', { arrays: ['Items'] }],
  [TypeKind.List, 'ListObject', {}],
  [TypeKind.Dict, 'DictObject', {}],
  [TypeKind.Function, 'FunctionObject', {}],
  [TypeKind.Code, 'CodeObject', {}],
  [TypeKind.Lock, 'LockObject', {}],
  [TypeKind.Instance, 'InstanceObject', { arrays: ['Values'] }],
  [TypeKind.Weakref, 'WeakrefObject', {}],
  [TypeKind.Method, 'MethodObject', {}],
  [TypeKind.WeakDict, 'WeakDictObject', {}],
  [TypeKind.Module, 'ModuleObject', {}],
  [TypeKind.BuiltinFunction, 'BuiltinFunctionObject', {}],
  [TypeKind.MethodDescriptor, 'MethodDescriptorObject', {}],
  [TypeKind.Generator, 'GeneratorObject', { arrays: ['Locals'] }],
  [TypeKind.ThreadLocal, 'ThreadLocalObject', {}],
  [TypeKind.MethodCaller, 'MethodCallerObject', {}],
];

/** Knows what kinds of objects there are, and the names of their words. */
export class ObjectNames {
  private readonly kinds: Enums[string];
  private readonly header: Fields;
  private readonly preHeader: Fields;
  private readonly bodies = new Map<TypeKind, Fields>();

  constructor(
    private readonly i32: Int32Array,
    layout: Enums,
  ) {
    this.kinds = layout.TypeKind;
    this.header = new Fields(layout.Header, { except: ['OwnerMask', 'MutexByte', 'GcBitsByte'] });
    this.preHeader = new Fields(layout.PreHeader);
    for (const [kind, name, options] of KINDS) this.bodies.set(kind, new Fields(layout[name], options));
  }

  /** The kind of the object in a block of this tag; undefined while its header is not written. */
  kindOf(block: number, tag: HeapTag): TypeKind | undefined {
    const heap = this.i32;
    const type = heap[objectInBlock(block, tag) + Header.Type];
    const isType = type > 0 && type < heap.length && heap[type + Header.Type] === BuiltinType.Type;
    const kind = isType ? heap[type + TypeObject.Kind] : 0;
    return kind !== 0 && memberNamed(this.kinds, kind) !== undefined ? kind : undefined;
  }

  /** `list`, `dict`, `int`. */
  kindName(kind: TypeKind): string {
    return memberNamed(this.kinds, kind) ?? `kind ${kind}`;
  }

  /** `shared`, `items[3]`: the word at `offset` words from the start of a block of this tag. */
  field(offset: number, tag: HeapTag, kind: TypeKind | undefined): string {
    const beyond = tag === HeapTag.GcPre ? offset - PreHeader.Words : offset;
    if (beyond < 0)
      return beyond < PreHeader.Weakrefs ? `preHeader[${offset}]` : this.preHeader.nameOf(beyond);
    if (beyond < Header.Words) return this.header.nameOf(beyond);
    const body = kind === undefined ? undefined : this.bodies.get(kind);
    return body === undefined ? `[${beyond}]` : body.nameOf(beyond);
  }
}
