import { PythonError } from '#ungil/memory/errors.js';
import { BuiltinType, Control, Header, TypeKind, TypeObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Bodies } from '#ungil/runtime/calls.js';
import type { Thread } from '#ungil/runtime/thread.js';
import { Natives } from './natives.js';
import type { Log } from './python.js';
import type { Definition, Expression, Statement } from './syntax.js';
import { HostList, HostMap, Obj, type Value } from './values.js';

/** Functions that a program may define. */
const FUNCTIONS = 16;

/** A local variable holds a counted reference, as a handle of a scope does. */
type Frame = Map<string, Value>;

class Returned {
  constructor(readonly value: Value) {}
}

/**
 * Runs programs of `syntax.ts` on a thread of the runtime: variables are counted references, finalisers and callbacks
 * are functions of the runtime whose bodies are run here.
 *
 * `evaluate` returns what its caller owns; whoever is done with a value drops it at once, as CPython's stack does.
 */
export class Interpreter {
  readonly log: unknown[] = [];
  readonly saved: Obj;
  private readonly natives: Natives;
  private readonly definitions: Definition[] = [];
  /** Methods besides `__init__` and `__del__`: classes here have no dict of their own. */
  private readonly methods = new Map<Ref, Map<string, Obj>>();

  /** `t` has started with `bodies`. */
  constructor(private readonly t: Thread) {
    this.saved = new Obj(t.lists.create());
    this.natives = new Natives(this, t);
  }

  /** Functions for `Thread.start`, of the interpreter that is there when one is called. */
  static bodies(interpreter: () => Interpreter): Bodies {
    const entries = Array.from({ length: FUNCTIONS }, (_, index) => [
      `f${index}`,
      (...args: Ref[]) => interpreter().enter(index, args),
    ]);
    return Object.fromEntries(entries) as Bodies;
  }

  /** Runs a program and drops its variables; what it said. */
  run(program: readonly Statement[]): Log {
    const frame: Frame = new Map();
    try {
      this.block(program, frame);
      return [...this.log];
    } finally {
      this.leave(frame);
      this.end();
    }
  }

  // --- Counts ---

  drop(value: Value): void {
    if (value instanceof Obj) this.t.refs.decref(value.ref);
    else if (value instanceof HostList) for (const item of value.items) this.drop(item);
  }

  /** A value once more. */
  again(value: Value): Value {
    if (value instanceof HostList) return new HostList(value.items.map((item) => this.again(item)));
    if (!(value instanceof Obj)) return value;
    this.t.refs.incref(value.ref);
    return new Obj(value.ref);
  }

  /** A new reference of the runtime. */
  toRef(value: Value): Ref {
    if (value instanceof Obj) {
      this.t.refs.incref(value.ref);
      return value.ref;
    }
    if (value instanceof HostList || value instanceof HostMap)
      throw new Error('not an object of the runtime');
    return this.t.handles.toRef(value);
  }

  /** What a new reference stands for, which it steals. */
  fromRef(ref: Ref): Value {
    const heap = this.t.i32;
    switch (heap[heap[ref + Header.Type]! + TypeObject.Kind]) {
      case TypeKind.None:
      case TypeKind.Bool:
      case TypeKind.Int:
      case TypeKind.Float:
      case TypeKind.Str:
        return this.t.handles.take(ref) as Value;
      default:
        return new Obj(ref);
    }
  }

  // --- Calls from the runtime ---

  private enter(index: number, args: readonly Ref[]): Ref {
    const { parameters, body } = this.definitions[index]!;
    const frame: Frame = new Map();
    parameters.forEach((name, i) => {
      // A call of the shadow stack has room for two: a missing one is not there.
      this.t.refs.incref(args[i]!);
      frame.set(name, this.fromRef(args[i]!));
    });
    try {
      this.block(body, frame);
    } catch (error) {
      if (!(error instanceof Returned)) throw error;
      const ref = this.toRef(error.value);
      this.drop(error.value);
      return ref;
    } finally {
      this.leave(frame);
    }
    return this.t.refs.newStatic(Control.None);
  }

  // --- Statements ---

  private block(statements: readonly Statement[], frame: Frame): void {
    for (const statement of statements) {
      this.execute(statement, frame);
      this.t.poll();
    }
  }

  private execute(statement: Statement, frame: Frame): void {
    switch (statement.kind) {
      case 'expression':
        this.drop(this.evaluate(statement.value, frame));
        return;
      case 'assign': {
        const value = this.evaluate(statement.value, frame);
        for (const target of statement.targets) this.assign(target, this.again(value), frame);
        this.drop(value);
        return;
      }
      case 'delete':
        this.remove(statement.target, frame);
        return;
      case 'def':
        this.store(frame, statement.name, this.define(statement));
        return;
      case 'class':
        this.store(frame, statement.name, this.makeClass(statement.name, statement.methods));
        return;
      case 'if':
        this.block(this.test(statement.test, frame) ? statement.body : statement.otherwise, frame);
        return;
      case 'for': {
        const count = this.evaluate(statement.count, frame) as number;
        for (let i = 0; i < count; i++) {
          this.store(frame, statement.name, i);
          this.block(statement.body, frame);
        }
        return;
      }
      case 'try':
        try {
          this.block(statement.body, frame);
        } catch (error) {
          if (!(error instanceof PythonError && error.kind === statement.error)) throw error;
          this.block(statement.handler, frame);
        }
        return;
      case 'return':
        throw new Returned(this.evaluate(statement.value, frame));
      case 'raise':
        throw new PythonError(statement.error as 'ValueError', statement.message);
      case 'pass':
        return;
    }
  }

  private assign(target: Expression, value: Value, frame: Frame): void {
    switch (target.kind) {
      case 'name':
        this.store(frame, target.name, value);
        return;
      case 'attribute': {
        const object = this.evaluate(target.of, frame) as Obj;
        this.withRefs([value], ([ref]) => {
          this.t.instances.setAttr(object.ref, this.t.strings.intern(target.name), ref!);
        });
        this.drop(value);
        this.drop(object);
        return;
      }
      case 'item': {
        const object = this.evaluate(target.of, frame) as Obj;
        const index = this.evaluate(target.index, frame);
        this.natives.setItem(object, index, value);
        for (const done of [value, index, object]) this.drop(done);
        return;
      }
      default:
        throw new Error(`cannot assign to a ${target.kind}`);
    }
  }

  /** The old value goes when the new one is there. */
  private store(frame: Frame, name: string, value: Value): void {
    const old = frame.get(name);
    frame.set(name, value);
    if (old !== undefined) this.drop(old);
  }

  private remove(target: Expression, frame: Frame): void {
    if (target.kind === 'name') {
      const old = frame.get(target.name)!;
      frame.delete(target.name);
      this.drop(old);
    } else if (target.kind === 'item') {
      const object = this.evaluate(target.of, frame);
      const index = this.evaluate(target.index, frame);
      this.natives.deleteItem(object, index);
      for (const done of [index, object]) this.drop(done);
    } else throw new Error(`cannot delete a ${target.kind}`);
  }

  /** In the order of their names' first assignment, as a frame is cleared. */
  private leave(frame: Frame): void {
    for (const [name, value] of frame) {
      frame.delete(name);
      this.drop(value);
    }
  }

  private define(definition: Definition): Obj {
    let index = this.definitions.indexOf(definition);
    if (index < 0) index = this.definitions.push(definition) - 1;
    return new Obj(this.t.calls.define(`f${index}`));
  }

  /** `def f(): pass` in a module. */
  emptyFunction(globals: Ref): Obj {
    let index = this.definitions.indexOf(EMPTY);
    if (index < 0) index = this.definitions.push(EMPTY) - 1;
    return new Obj(this.t.calls.define(`f${index}`, globals));
  }

  private makeClass(name: string, methods: readonly Definition[]): Obj {
    const functions = new Map(methods.map((method) => [method.name, this.define(method)]));
    const init = functions.get('__init__')?.ref ?? 0;
    const type = this.t.instances.createType(name, [], init);
    const finalizer = functions.get('__del__') ?? functions.get('__tp_del__');
    if (finalizer !== undefined) {
      this.natives.setFinalizer(type, finalizer.ref, !functions.has('__del__'));
      functions.delete('__del__');
      functions.delete('__tp_del__');
      this.drop(finalizer);
    }
    this.methods.set(type, functions);
    return new Obj(type);
  }

  // --- Expressions ---

  evaluate(expression: Expression, frame: Frame): Value {
    switch (expression.kind) {
      case 'constant':
        return expression.value;
      case 'name':
        return this.again(this.lookUp(expression.name, frame));
      case 'list':
      case 'tuple':
        return this.sequence(expression, frame);
      case 'dict': {
        const dict = new Obj(this.t.dicts.create());
        for (const [key, value] of expression.entries) {
          const pair = [this.evaluate(key, frame), this.evaluate(value, frame)] as const;
          this.natives.setItem(dict, ...pair);
          for (const done of pair) this.drop(done);
        }
        return dict;
      }
      case 'attribute': {
        const constant = this.natives.constant(dotted(expression) ?? '');
        if (constant !== undefined) return constant;
        const object = this.evaluate(expression.of, frame);
        const value = this.attribute(object, expression.name);
        this.drop(object);
        return value;
      }
      case 'item': {
        const object = this.evaluate(expression.of, frame);
        const index = this.evaluate(expression.index, frame);
        const value = this.natives.getItem(object, index);
        for (const done of [index, object]) this.drop(done);
        return value;
      }
      case 'call':
        return this.call(expression, frame);
      case 'not':
        return !this.test(expression.operand, frame);
      case 'minus':
        return -(this.evaluate(expression.operand, frame) as number);
      case 'binary':
        return this.binary(expression, frame);
    }
  }

  private test(expression: Expression, frame: Frame): boolean {
    const value = this.evaluate(expression, frame);
    this.drop(value);
    return value instanceof Obj || Boolean(value);
  }

  private lookUp(name: string, frame: Frame): Value {
    const value = frame.get(name);
    if (value !== undefined) return value;
    if (name === 'saved') return this.saved;
    throw new Error(`name '${name}' is not defined here`);
  }

  private sequence(expression: Expression & { kind: 'list' | 'tuple' }, frame: Frame): Value {
    const items = expression.items.map((item) => this.evaluate(item, frame));
    const made = this.withRefs(items, (refs) => {
      if (expression.kind === 'tuple') return this.t.tuples.create(refs);
      const list = this.t.lists.create();
      for (const ref of refs) this.t.lists.append(list, ref);
      return list;
    });
    for (const item of items) this.drop(item);
    return new Obj(made);
  }

  /** Of an instance: its own, its class's methods, bound. Of the modules: see natives.ts. */
  private attribute(object: Value, name: string): Value {
    if (!(object instanceof Obj)) throw new PythonError('AttributeError', name);
    const { t } = this;
    if (name === '__dict__') return new Obj(t.instances.dictOf(object.ref));
    const type = t.i32[object.ref + Header.Type]!;
    const method = this.methods.get(type)?.get(name);
    if (method !== undefined) return this.natives.bind(method.ref, object.ref);
    return this.fromRef(t.instances.getAttr(object.ref, t.strings.intern(name)));
  }

  private call(expression: Expression & { kind: 'call' }, frame: Frame): Value {
    const { callee, args } = expression;
    const path = dotted(callee);
    const isLocal = path !== null && frame.has(path.split('.')[0]!);
    const native = path !== null && !isLocal ? this.natives.named(path) : undefined;
    if (native === undefined && callee.kind === 'attribute') {
      const self = this.evaluate(callee.of, frame);
      const values = args.map((arg) => this.evaluate(arg, frame));
      const method = this.natives.methodOf(self, callee.name);
      const result = method ? method(...values) : this.callValue(this.attribute(self, callee.name), values);
      for (const done of [...values, self]) this.drop(done);
      return result;
    }
    const target = native === undefined ? this.evaluate(callee, frame) : null;
    const values = args.map((arg) => this.evaluate(arg, frame));
    const result = native === undefined ? this.callValue(target, values) : native(...values);
    for (const done of values) this.drop(done);
    return result;
  }

  /** Steals the callee, borrows the arguments. */
  private callValue(callee: Value, args: readonly Value[]): Value {
    if (!(callee instanceof Obj)) throw new PythonError('TypeError', 'not callable');
    const { t } = this;
    const type = t.i32[callee.ref + Header.Type]!;
    try {
      if (type === BuiltinType.Type) return this.instantiate(callee, args);
      if (type === BuiltinType.Weakref) return this.natives.target(callee);
      if (type === BuiltinType.Method) {
        const [method, self] = this.natives.unbind(callee);
        return this.callFunction(method, [new Obj(self), ...args]);
      }
      return this.callFunction(callee.ref, args);
    } finally {
      this.drop(callee);
    }
  }

  private instantiate(type: Obj, args: readonly Value[]): Value {
    const object = new Obj(this.t.instances.create(type.ref));
    const init = this.methods.get(type.ref)?.get('__init__');
    if (init !== undefined) this.drop(this.callFunction(init.ref, [object, ...args]));
    return object;
  }

  /** Calls with more arguments than the shadow stack's frame has room for go straight to the body. */
  private callFunction(callee: Ref, args: readonly Value[]): Value {
    const { calls } = this.t;
    const refs = args.map((arg) => this.toRef(arg));
    calls.open(callee);
    if (refs.length === 0) return this.fromRef(calls.call0(callee));
    if (refs.length === 1) return this.fromRef(calls.call1(callee, refs[0]!));
    if (refs.length === 2) return this.fromRef(calls.call2(callee, refs[0]!, refs[1]!));
    try {
      return this.fromRef(this.enter(this.natives.bodyOf(callee), refs));
    } finally {
      calls.close(callee);
      for (const ref of refs) this.t.refs.decref(ref);
    }
  }

  private binary(expression: Expression & { kind: 'binary' }, frame: Frame): Value {
    const left = this.evaluate(expression.left, frame);
    const right = this.evaluate(expression.right, frame);
    const result = this.natives.binary(expression.operator, left, right);
    for (const done of [right, left]) this.drop(done);
    return result;
  }

  // --- End ---

  /** Borrowed references for the body. */
  withRefs<T>(values: readonly Value[], body: (refs: Ref[]) => T): T {
    const refs = values.map((value) => this.toRef(value));
    try {
      return body(refs);
    } finally {
      for (const ref of refs) this.t.refs.decref(ref);
    }
  }

  /** Drops what the interpreter itself holds. */
  private end(): void {
    for (const methods of this.methods.values()) for (const method of methods.values()) this.drop(method);
    this.methods.clear();
    this.natives.end();
    this.drop(this.saved);
  }
}

const EMPTY: Definition = { kind: 'def', name: 'f', parameters: [], body: [] };

/** `gc.collect`, or null. */
function dotted(expression: Expression): string | null {
  if (expression.kind === 'name') return expression.name;
  if (expression.kind !== 'attribute') return null;
  const of = dotted(expression.of);
  return of === null ? null : `${of}.${expression.name}`;
}
