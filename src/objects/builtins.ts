import {
  BuiltinFunctionObject,
  BuiltinType,
  CodeObject,
  Control,
  DictObject,
  FunctionObject,
  GeneratorObject,
  ListObject,
  LockObject,
  MethodCallerObject,
  MethodDescriptorObject,
  MethodObject,
  ModuleObject,
  NumberObject,
  StrObject,
  ThreadLocalObject,
  TupleObject,
  TypeFlags,
  TypeKind,
  TypeObject,
  WeakDictObject,
  WeakrefObject,
} from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Ref, RefCounter } from '../refcount/refCounter.js';
import { smallInt } from './numbers.js';

interface BuiltinRow {
  readonly type: Ref;
  readonly kind: TypeKind;
  readonly name: string;
  readonly words: number;
  readonly flags: number;
}

/** The built-in types, one row each. Leak reports and traces take their names from here. */
const ROWS: readonly BuiltinRow[] = [
  {
    type: BuiltinType.Type,
    kind: TypeKind.Type,
    name: 'type',
    words: TypeObject.Words,
    flags: TypeFlags.HaveGc,
  },
  { type: BuiltinType.None, kind: TypeKind.None, name: 'NoneType', words: 4, flags: 0 },
  { type: BuiltinType.Bool, kind: TypeKind.Bool, name: 'bool', words: NumberObject.Words, flags: 0 },
  { type: BuiltinType.Int, kind: TypeKind.Int, name: 'int', words: NumberObject.Words, flags: 0 },
  { type: BuiltinType.Float, kind: TypeKind.Float, name: 'float', words: NumberObject.Words, flags: 0 },
  { type: BuiltinType.Str, kind: TypeKind.Str, name: 'str', words: StrObject.Data, flags: 0 },
  {
    type: BuiltinType.Tuple,
    kind: TypeKind.Tuple,
    name: 'tuple',
    words: TupleObject.Items,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.List,
    kind: TypeKind.List,
    name: 'list',
    words: ListObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Dict,
    kind: TypeKind.Dict,
    name: 'dict',
    words: DictObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Function,
    kind: TypeKind.Function,
    name: 'function',
    words: FunctionObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Code,
    kind: TypeKind.Code,
    name: 'code',
    words: CodeObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Weakref,
    kind: TypeKind.Weakref,
    name: 'weakref.ReferenceType',
    words: WeakrefObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Method,
    kind: TypeKind.Method,
    name: 'method',
    words: MethodObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.WeakKeyDict,
    kind: TypeKind.WeakDict,
    name: 'WeakKeyDictionary',
    words: WeakDictObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.WeakValueDict,
    kind: TypeKind.WeakDict,
    name: 'WeakValueDictionary',
    words: WeakDictObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Module,
    kind: TypeKind.Module,
    name: 'module',
    words: ModuleObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.BuiltinFunction,
    kind: TypeKind.BuiltinFunction,
    name: 'builtin_function_or_method',
    words: BuiltinFunctionObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.MethodDescriptor,
    kind: TypeKind.MethodDescriptor,
    name: 'method_descriptor',
    words: MethodDescriptorObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.Generator,
    kind: TypeKind.Generator,
    name: 'generator',
    words: GeneratorObject.Locals,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.ThreadLocal,
    kind: TypeKind.ThreadLocal,
    name: '_thread._local',
    words: ThreadLocalObject.Words,
    flags: TypeFlags.HaveGc,
  },
  {
    type: BuiltinType.MethodCaller,
    kind: TypeKind.MethodCaller,
    name: 'operator.methodcaller',
    words: MethodCallerObject.Words,
    flags: TypeFlags.HaveGc,
  },
  { type: BuiltinType.Lock, kind: TypeKind.Lock, name: 'lock', words: LockObject.Words, flags: 0 },
];

/**
 * Writes the static objects: built-in types, None, True, False, the empty tuple, the small ints. Once for each
 * memory, by the thread that starts the interpreter, before any other. `intern` serves the types' names.
 */
export function createBuiltins(memory: SharedMemory, refs: RefCounter, intern: (text: string) => Ref): void {
  const heap = memory.i32;
  for (const row of ROWS) {
    refs.initImmortal(row.type, BuiltinType.Type);
    heap[row.type + TypeObject.Kind] = row.kind;
    heap[row.type + TypeObject.BasicWords] = row.words;
    heap[row.type + TypeObject.Flags] = row.flags;
  }
  for (const row of ROWS) heap[row.type + TypeObject.Name] = intern(row.name);
  refs.initImmortal(Control.None, BuiltinType.None);
  createNumber(memory, refs, Control.True, BuiltinType.Bool, 1);
  createNumber(memory, refs, Control.False, BuiltinType.Bool, 0);
  refs.initImmortal(Control.EmptyTuple, BuiltinType.Tuple);
  heap[Control.EmptyTuple + TupleObject.Length] = 0;
  for (let value = NumberObject.SmallMin; value <= NumberObject.SmallMax; value++) {
    createNumber(memory, refs, smallInt(value), BuiltinType.Int, value);
  }
}

function createNumber(memory: SharedMemory, refs: RefCounter, object: Ref, type: Ref, value: number): void {
  refs.initImmortal(object, type);
  memory.f64[(object + NumberObject.Value) >> 1] = value;
}
