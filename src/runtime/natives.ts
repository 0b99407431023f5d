import { FatalError, PythonError } from '../memory/errors.js';
import {
  BuiltinFunctionObject,
  BuiltinType,
  Control,
  Header,
  MethodDescriptorObject,
  TypeObject,
} from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Calls } from './calls.js';
import type { ObjectThread } from './objectThread.js';

/** A function written in C: arguments borrowed, 0 where there is none; a new reference. */
type NativeBody = (self: Ref, argument: Ref) => Ref;

/** Built-in types whose methods there are, by their name in the table. */
const OWNERS: Readonly<Record<string, Ref>> = { list: BuiltinType.List, float: BuiltinType.Float };

/** The functions of C modules and methods of built-in types that workloads call; alike in every thread. */
function bodiesOf(t: ObjectThread, natives: Natives): Record<string, NativeBody> {
  const { lists, numbers, refs, strings, types } = t;
  let round: Ref = 0;
  return {
    'list.append'(list, item) {
      lists.append(list, item);
      return refs.newStatic(Control.None);
    },
    'list.pop': (list, index) => (index === 0 ? lists.pop(list) : lists.popAt(list, numbers.value(index))),
    'float.__round__': (self) => numbers.int(halfToEven(numbers.value(self))),
    'math.cos': (_module, angle) => numbers.float(Math.cos(numbers.value(angle))),
    /** `_PyObject_LookupSpecial`: not an attribute of the object, but of its type. */
    'builtins.round'(_module, number) {
      if (round === 0) round = strings.intern('__round__');
      return natives.callMethod(types.lookupSpecial(t.i32[number + Header.Type], round), number, 0);
    },
  };
}

/**
 * Functions written in C: made, and called without a frame of their own (CPython `CALL_BUILTIN_O`,
 * `CALL_METHOD_DESCRIPTOR_O`). The poll behind such a call, CPython's `_CHECK_PERIODIC`, is left to the caller's loop.
 */
export class Natives {
  private readonly names: readonly string[];
  private readonly bodies: readonly NativeBody[];

  constructor(
    private readonly t: ObjectThread,
    private readonly calls: Calls,
  ) {
    const bodies = bodiesOf(this.t, this);
    this.names = Object.keys(bodies);
    this.bodies = Object.values(bodies);
  }

  /** import name: a new module with all functions of the table that belong to it. Throws MemoryError. */
  importModule(name: string): Ref {
    const { builtinFunctions, dicts, modules, refs, strings } = this.t;
    const module = modules.create(name);
    this.calls.keep(module);
    try {
      this.forEachOf(name, (number, short) => {
        const made = builtinFunctions.create(number, short, module);
        this.give(made, () => dicts.set(modules.dictOf(module), strings.intern(short), made));
      });
    } catch (error) {
      refs.decref(module);
      throw error;
    }
    return module;
  }

  /**
   * Gives a built-in type its methods of the table, for the rest of the run. By one thread, in `setup`. Throws
   * MemoryError.
   */
  defineMethods(owner: string): void {
    const { builtinFunctions, strings, types } = this.t;
    const type = OWNERS[owner];
    if (type === undefined) throw new FatalError(`there are no methods of ${owner}`);
    this.forEachOf(owner, (number, short) => {
      const made = builtinFunctions.createDescriptor(number, short, type);
      this.give(made, () => types.setAttr(type, strings.intern(short), made));
    });
  }

  /** function(argument). Steals the stack reference to the function; the argument is borrowed, 0 for none. */
  call(func: Ref, argument: Ref): Ref {
    const heap = this.t.i32;
    if (heap[func + Header.Type] !== BuiltinType.BuiltinFunction) this.refuse(func, 'a built-in function');
    try {
      const body = this.bodies[heap[func + BuiltinFunctionObject.Native]];
      return body(heap[func + BuiltinFunctionObject.Self], argument);
    } finally {
      this.calls.close(func);
    }
  }

  /** self.method(argument). As `call`; self is borrowed. Throws TypeError if self is of another type than the method's. */
  callMethod(method: Ref, self: Ref, argument: Ref): Ref {
    const heap = this.t.i32;
    if (heap[method + Header.Type] !== BuiltinType.MethodDescriptor)
      this.refuse(method, 'a method descriptor');
    try {
      if (heap[self + Header.Type] !== heap[method + MethodDescriptorObject.Owner])
        this.wrongSelf(method, self);
      return this.bodies[heap[method + MethodDescriptorObject.Native]](self, argument);
    } finally {
      this.calls.close(method);
    }
  }

  private forEachOf(owner: string, visit: (number: number, short: string) => void): void {
    for (const [number, full] of this.names.entries()) {
      const [of, short] = full.split('.');
      if (of === owner) visit(number, short);
    }
  }

  /** Stores a new function where it belongs, and drops the caller's reference. */
  private give(made: Ref, store: () => void): void {
    this.calls.keep(made);
    try {
      store();
    } finally {
      this.t.refs.decref(made);
    }
  }

  private refuse(callee: Ref, wanted: string): never {
    this.calls.close(callee);
    throw new PythonError('TypeError', `what is called is not ${wanted}`);
  }

  private wrongSelf(method: Ref, self: Ref): never {
    const { i32: heap, strings } = this.t;
    const name = strings.text(heap[method + MethodDescriptorObject.Name]);
    const owner = this.typeName(heap[method + MethodDescriptorObject.Owner]);
    const other = this.typeName(heap[self + Header.Type]);
    throw new PythonError(
      'TypeError',
      `descriptor '${name}' for '${owner}' objects doesn't apply to a '${other}' object`,
    );
  }

  private typeName(type: Ref): string {
    return this.t.strings.text(this.t.i32[type + TypeObject.Name]);
  }
}

/** Python's round(x). */
function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
