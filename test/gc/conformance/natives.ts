import { PythonError } from '#ungil/memory/errors.js';
import { BuiltinType, FunctionObject, Header, TypeKind, TypeObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';
import type { Interpreter } from './interpreter.js';
import { HostList, HostMap, Obj, type Value } from './values.js';

/** Borrows its arguments, returns what the caller owns. */
export type Native = (...args: Value[]) => Value;

/** What programs find besides their own functions: gc, weakref, containers, and the names of prelude.py. */
export class Natives {
  private readonly functions: Readonly<Record<string, Native>>;

  constructor(
    private readonly run: Interpreter,
    private readonly t: Thread,
  ) {
    this.functions = { ...this.builtins(), ...this.gcModule(), ...this.weakrefModule() };
  }

  /** A function by its dotted name. */
  named(path: string): Native | undefined {
    return this.functions[path];
  }

  /** `gc.garbage`, `gc.DEBUG_SAVEALL`; undefined if there is no such thing. */
  constant(path: string): Value | undefined {
    const { gc, refs } = this.t;
    if (path === 'gc.garbage' || path === 'gc.callbacks') {
      const list = path === 'gc.garbage' ? gc.raw.garbage() : gc.raw.callbacks();
      refs.incref(list);
      return new Obj(list);
    }
    const flags: Readonly<Record<string, number>> = {
      'gc.DEBUG_SAVEALL': gc.DEBUG_SAVEALL,
      'gc.DEBUG_UNCOLLECTABLE': gc.DEBUG_UNCOLLECTABLE,
      'gc.DEBUG_COLLECTABLE': gc.DEBUG_COLLECTABLE,
    };
    return flags[path];
  }

  /** list.append and the like; undefined for an instance's own methods. Borrows all. */
  methodOf(self: Value, name: string): Native | undefined {
    if (!(self instanceof Obj)) return undefined;
    const { lists, dicts, weakDicts } = this.t;
    const { ref } = self;
    const none = (_done: unknown): Value => null;
    switch (`${this.kindOf(self)} ${name}`) {
      case `${TypeKind.List} append`:
        return (value) => none(this.run.withRefs([value!], ([item]) => lists.append(ref, item!)));
      case `${TypeKind.List} pop`:
        return () => this.run.fromRef(lists.pop(ref));
      case `${TypeKind.List} clear`:
        return () => none(lists.clear(ref));
      case `${TypeKind.Dict} clear`:
        return () => none(dicts.clear(ref));
      case `${TypeKind.WeakDict} clear`:
        return () => none(weakDicts.clear(ref));
      default:
        return undefined;
    }
  }

  getItem(object: Value, index: Value): Value {
    if (object instanceof HostList) return this.run.again(object.items[index as number]!);
    if (object instanceof HostMap) return this.run.again(object.entries[index as string]!);
    const { ref } = object as Obj;
    const { lists, tuples, dicts } = this.t;
    switch (this.kindOf(object)) {
      case TypeKind.List:
        return this.run.fromRef(lists.get(ref, index as number));
      case TypeKind.Tuple:
        return this.run.fromRef(tuples.get(ref, index as number));
      case TypeKind.Dict:
        return this.run.withRefs([index], ([key]) => this.run.fromRef(dicts.getItem(ref, key!)));
      default: {
        const found = this.run.withRefs([index], ([key]) => this.t.weakDicts.get(ref, key!));
        if (found === 0) throw new PythonError('KeyError', String(index));
        return this.run.fromRef(found);
      }
    }
  }

  setItem(object: Value, index: Value, value: Value): void {
    const { ref } = object as Obj;
    this.run.withRefs([index, value], ([key, item]) => {
      const kind = this.kindOf(object);
      if (kind === TypeKind.List) this.t.lists.set(ref, index as number, item!);
      else if (kind === TypeKind.Dict) this.t.dicts.set(ref, key!, item!);
      else this.t.weakDicts.set(ref, key!, item!);
    });
  }

  deleteItem(object: Value, index: Value): void {
    const { ref } = object as Obj;
    this.run.withRefs([index], ([key]) => {
      if (this.kindOf(object) === TypeKind.Dict) this.t.dicts.del(ref, key!);
      else this.t.weakDicts.delete(ref, key!);
    });
  }

  binary(operator: string, left: Value, right: Value): Value {
    switch (operator) {
      case 'is':
        return this.isSame(left, right);
      case 'is not':
        return !this.isSame(left, right);
      case '==':
        return left === right;
      case 'in':
        return this.contains(right, left);
      case 'not in':
        return !this.contains(right, left);
    }
    const [a, b] = [left as number, right as number];
    switch (operator) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '<':
        return a < b;
      case '>':
        return a > b;
      case '>=':
        return a >= b;
      default:
        throw new Error(`no operator ${operator}`);
    }
  }

  setFinalizer(type: Ref, finalizer: Ref, legacy: boolean): void {
    this.t.instances.setFinalizer(type, finalizer, legacy);
  }

  bind(method: Ref, self: Ref): Obj {
    return new Obj(this.t.methods.create(method, self));
  }

  /** Function and object of a bound method, borrowed. */
  unbind(method: Obj): readonly [Ref, Ref] {
    return [this.t.methods.functionOf(method.ref), this.t.methods.selfOf(method.ref)];
  }

  /** weakref() */
  target(weakref: Obj): Value {
    const target = this.t.weakrefs.get(weakref.ref);
    return target === 0 ? null : this.run.fromRef(target);
  }

  bodyOf(callee: Ref): number {
    return this.t.i32[callee + FunctionObject.Body]!;
  }

  /** As CPython was found. */
  end(): void {
    const { raw } = this.t.gc;
    raw.setDebug(0);
    raw.setThreshold(2000, 10, 10);
    raw.unfreeze();
    this.t.lists.clear(raw.callbacks());
    this.t.lists.clear(this.run.saved.ref);
    this.t.lists.clear(raw.garbage());
    raw.collect();
    this.t.lists.clear(raw.garbage());
  }

  // --- Modules ---

  private builtins(): Record<string, Native> {
    const { t, run } = this;
    return {
      out: (...values) => {
        for (const value of values) run.log.push(this.plain(value));
        return null;
      },
      len: (value) => this.length(value!),
      same: (list, value) => (list as HostList).items.filter((item) => this.isSame(item, value!)).length,
      with_tp_del: (type) => run.again(type!),
      function_in: (globals) => {
        const func = run.emptyFunction((globals as Obj).ref);
        this.setItem(globals!, 'f', func);
        run.drop(func);
        return null;
      },
      class_in: (globals) => {
        const init = run.emptyFunction((globals as Obj).ref);
        const type = new Obj(t.instances.createType('A', [], init.ref));
        this.setItem(globals!, 'A', type);
        for (const done of [init, type]) run.drop(done);
        return null;
      },
    };
  }

  private gcModule(): Record<string, Native> {
    const { run } = this;
    const { raw } = this.t.gc;
    const none = (_done: unknown): Value => null;
    const found = (refs: readonly Ref[]): Value => new HostList(refs.map((ref) => run.fromRef(ref)));
    return {
      'gc.collect': (generation) => raw.collect((generation as number | undefined) ?? 2),
      'gc.enable': () => none(raw.enable()),
      'gc.disable': () => none(raw.disable()),
      'gc.isenabled': () => raw.isEnabled(),
      'gc.get_threshold': () => new HostList([...raw.getThreshold()]),
      'gc.set_threshold': (...values) => none(raw.setThreshold(...(values as [number]))),
      'gc.get_count': () => new HostList([...raw.getCount()]),
      'gc.get_stats': () => new HostList(raw.getStats().map((row) => new HostMap({ ...row }))),
      'gc.get_debug': () => raw.getDebug(),
      'gc.set_debug': (flags) => none(raw.setDebug(flags as number)),
      'gc.is_tracked': (value) => value instanceof Obj && raw.isTracked(value.ref),
      'gc.is_finalized': (value) => value instanceof Obj && raw.isFinalized(value.ref),
      'gc.freeze': () => none(raw.freeze()),
      'gc.unfreeze': () => none(raw.unfreeze()),
      'gc.get_freeze_count': () => raw.getFreezeCount(),
      'gc.get_objects': (generation) => found(raw.getObjects((generation as number | undefined) ?? null)),
      'gc.get_referents': (...values) => found(run.withRefs(values, (refs) => raw.getReferents(...refs))),
      'gc.get_referrers': (...values) => found(run.withRefs(values, (refs) => raw.getReferrers(...refs))),
    };
  }

  private weakrefModule(): Record<string, Native> {
    const { run, t } = this;
    return {
      'weakref.ref': (object, callback) =>
        run.withRefs(
          [object!],
          ([ref]) => new Obj(t.weakrefs.create(ref!, callback instanceof Obj ? callback.ref : 0)),
        ),
      'weakref.getweakrefcount': (object) => t.weakrefs.count((object as Obj).ref),
      'weakref.WeakValueDictionary': () => new Obj(t.weakDicts.createWithWeakValues()),
      'weakref.WeakKeyDictionary': () => new Obj(t.weakDicts.createWithWeakKeys()),
    };
  }

  // --- Values ---

  private kindOf(value: Value): TypeKind {
    const heap = this.t.i32;
    return heap[heap[(value as Obj).ref + Header.Type]! + TypeObject.Kind] as TypeKind;
  }

  private isSame(left: Value, right: Value): boolean {
    return left instanceof Obj && right instanceof Obj ? left.ref === right.ref : left === right;
  }

  private contains(container: Value, value: Value): boolean {
    const { ref } = container as Obj;
    return this.run.withRefs([value], ([key]) => {
      if (this.kindOf(container) === TypeKind.Dict) return this.t.dicts.contains(ref, key!);
      const found = this.t.weakDicts.get(ref, key!);
      if (found !== 0) this.t.refs.decref(found);
      return found !== 0;
    });
  }

  private length(value: Value): number {
    if (value instanceof HostList) return value.items.length;
    const { ref } = value as Obj;
    switch (this.kindOf(value)) {
      case TypeKind.List:
        return this.t.lists.length(ref);
      case TypeKind.Tuple:
        return this.t.tuples.length(ref);
      case TypeKind.Dict:
        return this.t.dicts.length(ref);
      default:
        return this.t.weakDicts.length(ref);
    }
  }

  /** As prelude.py has it. */
  private plain(value: Value): unknown {
    if (value instanceof HostList) return value.items.map((item) => this.plain(item));
    if (!(value instanceof Obj)) return value;
    const kind = this.kindOf(value);
    if (kind === TypeKind.List || kind === TypeKind.Tuple) {
      return Array.from({ length: this.length(value) }, (_, index) => {
        const item = this.getItem(value, index);
        const plain = this.plain(item);
        this.run.drop(item);
        return plain;
      });
    }
    const { i32, strings } = this.t;
    const type = i32[value.ref + Header.Type]!;
    return type === BuiltinType.Type ? 'type' : strings.text(i32[type + TypeObject.Name]!);
  }
}
