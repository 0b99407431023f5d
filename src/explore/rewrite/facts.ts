import type {
  AssignmentExpression,
  AssignmentProperty,
  CallExpression,
  Class,
  Expression,
  MemberExpression,
  MethodDefinition,
  NewExpression,
  ObjectPattern,
  Property,
  PropertyDefinition,
  Super,
  TaggedTemplateExpression,
} from 'acorn';
import type { OpKind, SiteMark } from '../hooks.js';
import { marksBefore } from './comments.js';
import { exportsOf } from './exportsOf.js';
import { ATOMIC_KINDS, CALLED_BY_LANGUAGE, NATIVE_CALLBACKS } from './operations.js';
import { type Place, PlaceKind } from './places.js';
import { analyseScopes, type Scopes } from './scopes.js';
import type { SourceFile } from './sourceFile.js';
import {
  childrenOf,
  type FunctionNode,
  isForwarder,
  isFunction,
  isSymbolKey,
  keyName,
  lexicallyContains,
  memberName,
  type Node,
} from './syntax.js';
import { type Target, Targets } from './targets.js';

/** What has to be done about a node. */
export type Fact =
  | { readonly kind: 'atomic'; readonly op: OpKind; readonly marks: SiteMark | 0 }
  | { readonly kind: 'fill'; readonly name: 'fill' | 'copyWithin'; readonly marks: SiteMark | 0 }
  | { readonly kind: 'clock' | 'read' | 'write' | 'update'; readonly marks: SiteMark | 0 }
  | { readonly kind: 'random' | 'origin' | 'atomics' }
  | { readonly kind: 'call'; readonly targets: readonly Target[]; readonly marks: SiteMark | 0 };

/** What one module says about itself, before anything is known of the others. */
export interface Facts {
  readonly scopes: Scopes;
  readonly targets: Targets;
  readonly facts: ReadonlyMap<Node, Fact>;
  /** Bodies by function; field initialisers and static blocks by their node. */
  readonly places: ReadonlyMap<Node, Place>;
  /** Default values of parameters, by function. */
  readonly parameters: ReadonlyMap<Node, Place>;
  readonly top: Place;
  /** Which functions a method or property of this name may be. */
  readonly names: ReadonlyMap<string, readonly Target[]>;
  readonly getters: ReadonlySet<string>;
  /** Named generators of the module's own, by method name. */
  readonly generators: ReadonlyMap<string, Node>;
  /** Names of methods that only stand for operations of `Atomics`. */
  readonly forwarders: ReadonlySet<string>;
}

/** `isLibrary`: whether a specifier leads to code that cannot call functions of ours as they are rewritten. */
export function collectFacts(file: SourceFile, isLibrary: (source: string) => boolean): Facts {
  const collector = new Collector(file, isLibrary);
  collector.run();
  return collector;
}

interface Context {
  readonly place: Place;
  /** Marks of the statement or member. */
  readonly marks: SiteMark | 0;
  /** Name for a function found here. */
  readonly name: string;
  readonly className: string;
}

class Collector implements Facts {
  readonly scopes: Scopes;
  readonly targets: Targets;
  readonly facts = new Map<Node, Fact>();
  readonly places = new Map<Node, Place>();
  readonly parameters = new Map<Node, Place>();
  readonly names = new Map<string, Target[]>();
  readonly getters = new Set<string>();
  readonly generators = new Map<string, Node>();
  readonly forwarders = new Set<string>();
  readonly top = makePlace(PlaceKind.Module, 'the top level of a module', '(module)', 0, null);
  /** Functions that are called with `new`. */
  private readonly constructed = new Set<Node>();
  private readonly forwarding = new Set<Node>();

  constructor(
    private readonly file: SourceFile,
    private readonly isLibrary: (source: string) => boolean,
  ) {
    this.scopes = analyseScopes(file.program);
    this.targets = new Targets(this.scopes);
  }

  run(): void {
    this.findConstructed(this.file.program);
    this.noteExports();
    this.children(this.file.program, { place: this.top, marks: 0, name: '', className: '' });
  }

  /** Exports are properties of the module's namespace. */
  private noteExports(): void {
    for (const [name, local] of exportsOf(this.file.program).local) {
      const binding = this.scopes.top(local);
      if (binding !== undefined) this.addName(name, this.targets.ofBinding(binding));
    }
  }

  private findConstructed(node: Node): void {
    if (node.type === 'NewExpression') {
      for (const target of this.targets.ofValue(node.callee))
        if (target.kind === 'function') this.constructed.add(target.node);
    }
    for (const child of childrenOf(node)) this.findConstructed(child);
  }

  private children(node: Node, context: Context): void {
    for (const child of childrenOf(node)) this.visit(child, context);
  }

  private visit(node: Node, outer: Context): void {
    const context = isStatement(node) ? this.inStatement(node, outer) : outer;
    if (isFunction(node)) {
      this.visitFunction(node, context);
      return;
    }
    switch (node.type) {
      case 'ExportNamedDeclaration':
      case 'ExportDefaultDeclaration':
        if (node.declaration) this.visitExported(node.declaration as Node, context);
        return;
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.visitClass(node, context);
        return;
      case 'VariableDeclarator':
        if (node.id.type !== 'Identifier') this.visit(node.id, context);
        if (node.init)
          this.visit(node.init, named(context, node.id.type === 'Identifier' ? node.id.name : ''));
        return;
      case 'Property':
        this.visitProperty(node, context);
        return;
      case 'ObjectPattern':
        this.visitPattern(node, context);
        return;
      case 'AssignmentExpression':
        this.visitAssignment(node, context);
        return;
      case 'UpdateExpression':
        if (this.isHookable(node.argument)) this.note(node, 'update', context);
        this.visitTarget(node.argument, context);
        return;
      case 'UnaryExpression':
        if (node.operator === 'delete') {
          this.visitDelete(node.argument, context);
          return;
        }
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        if (node.left.type !== 'VariableDeclaration') this.refusePattern(node.left, context);
        break;
      case 'MemberExpression':
        this.visitMember(node, context);
        return;
      case 'Identifier':
        if (node.name === 'Atomics' && this.isGlobal(node)) this.facts.set(node, { kind: 'atomics' });
        return;
      case 'CallExpression':
        this.visitCall(node, context);
        return;
      case 'NewExpression':
        this.visitNew(node, context);
        return;
      case 'TaggedTemplateExpression':
        this.noteCall(node, node.tag, context);
        break;
      case 'AwaitExpression':
        if (context.place.kind === PlaceKind.Module)
          this.file.refuse(node, 'await at the top level of a module');
        break;
    }
    this.children(node, context);
  }

  /** The comment stands before `export`. */
  private visitExported(node: Node, context: Context): void {
    const inner = named(context, 'default');
    if (isFunction(node)) this.visitFunction(node, inner);
    else if (node.type === 'ClassDeclaration') this.visitClass(node, inner);
    else if (node.type === 'VariableDeclaration') this.children(node, inner);
    else this.visit(node, inner);
  }

  private inStatement(node: Node, outer: Context): Context {
    // A declaration may stand in the head of a loop that has the comment.
    const inherited = node.type === 'VariableDeclaration' ? outer.marks : 0;
    return { ...outer, marks: marksBefore(this.file, node.start) | inherited, name: '' };
  }

  private visitPattern(node: ObjectPattern, context: Context): void {
    for (const one of node.properties) {
      if (one.type === 'Property' && one.computed) this.visit(one.key, context);
      this.visit(one.type === 'Property' ? one.value : one.argument, context);
    }
  }

  // --- Functions and classes ---

  private visitFunction(node: FunctionNode, context: Context): void {
    this.addFunction(node, context, PlaceKind.Body, 'a function');
  }

  /** `kind` Body: unless the function is async, a generator or a constructor. */
  private addFunction(node: FunctionNode, context: Context, kind: PlaceKind, what: string): void {
    const id = 'id' in node && node.id ? node.id.name : '';
    const label = id || context.name || context.place.label;
    const marks = context.place.marks | context.marks;
    const [realKind, realWhat] = this.kindOf(node, kind, what);
    const place = makePlace(realKind, realWhat, label, marks, node, this.forwarding.has(node));
    const parameters = makePlace(PlaceKind.Sync, 'a default parameter value', label, marks, node);
    this.places.set(node, place);
    this.parameters.set(node, parameters);
    const inner = { ...context, marks: 0, name: '' };
    for (const param of node.params) this.visit(param, { ...inner, place: parameters });
    if (node.body.type === 'BlockStatement') this.children(node.body, { ...inner, place });
    else this.visit(node.body, { ...inner, place });
  }

  private kindOf(node: FunctionNode, kind: PlaceKind, what: string): readonly [PlaceKind, string] {
    if (node.async) return [PlaceKind.Async, 'an async function'];
    if (node.generator) return [PlaceKind.Sync, 'a generator'];
    if (this.constructed.has(node)) return [PlaceKind.Sync, 'a constructor'];
    return [kind, what];
  }

  private visitClass(node: Class, context: Context): void {
    const className = node.id?.name ?? (context.name || '(class)');
    if (node.superClass) this.visit(node.superClass, context);
    for (const member of node.body.body) {
      const marks = marksBefore(this.file, member.start);
      const inner: Context = { ...context, className, marks, name: className };
      if (member.type === 'MethodDefinition') this.visitMethod(member, inner);
      else if (member.type === 'PropertyDefinition') this.visitField(member, inner);
      else this.children(member, this.syncAt(member, inner, 'a static block'));
    }
  }

  private visitMethod(member: MethodDefinition, context: Context): void {
    if (member.computed) this.visit(member.key, context);
    const name = keyName(member.key, member.computed);
    const inner = named(context, `${context.className}.${name ?? this.textOf(member.key)}`);
    const [kind, what] = methodKind(member.kind, name, member.key);
    if (name !== null) this.noteMethod(name, member.kind, member.value);
    this.addFunction(member.value, inner, kind, what);
  }

  private visitField(member: PropertyDefinition, context: Context): void {
    if (member.computed) this.visit(member.key, context);
    if (!member.value) return;
    const name = keyName(member.key, member.computed);
    if (name !== null) this.noteValue(name, member.value);
    const inner = named(context, `${context.className}.${name ?? this.textOf(member.key)}`);
    this.visit(member.value, this.syncAt(member, inner, 'the initial value of a field'));
  }

  private syncAt(node: Node, context: Context, what: string): Context {
    const place = makePlace(PlaceKind.Sync, what, context.name, context.place.marks | context.marks, null);
    this.places.set(node, place);
    return { ...context, place };
  }

  private visitProperty(node: Property | AssignmentProperty, context: Context): void {
    if (node.computed) this.visit(node.key, context);
    const name = keyName(node.key, node.computed);
    const inner = { ...named(context, name ?? ''), marks: marksBefore(this.file, node.start) };
    if (node.value.type === 'FunctionExpression' && (node.method || node.kind !== 'init')) {
      const [kind, what] = methodKind(node.kind === 'init' ? 'method' : node.kind, name, node.key);
      if (name !== null) this.noteMethod(name, node.kind, node.value);
      this.addFunction(node.value, inner, kind, what);
      return;
    }
    if (name !== null) this.noteValue(name, node.value);
    this.visit(node.value, inner);
  }

  private noteMethod(name: string, kind: string, node: FunctionNode): void {
    if (kind === 'get' || kind === 'set') this.getters.add(name);
    else if (node.generator) this.generators.set(name, node);
    else if (kind !== 'constructor') this.addName(name, [{ kind: 'function', node }]);
    if (kind === 'method' && isForwarder(name, node)) {
      this.forwarders.add(name);
      this.forwarding.add(node);
    }
  }

  private noteValue(name: string, value: Node): void {
    this.addName(name, this.targets.ofValue(value));
  }

  private addName(name: string, targets: readonly Target[]): void {
    if (targets.length === 0) return;
    const known = this.names.get(name);
    if (known === undefined) this.names.set(name, [...targets]);
    else known.push(...targets);
  }

  // --- Accesses ---

  private visitAssignment(node: AssignmentExpression, context: Context): void {
    const { left, right } = node;
    const name =
      left.type === 'MemberExpression' ? memberName(left) : left.type === 'Identifier' ? left.name : null;
    if (left.type === 'MemberExpression' && name !== null) this.noteValue(name, right);
    if (this.isHookable(left) && !isNoNumber(right))
      this.note(node, node.operator === '=' ? 'write' : 'update', context);
    this.visitTarget(left, context);
    this.visit(right, named(context, name ?? ''));
  }

  /** What is assigned to: a member is no read. */
  private visitTarget(target: Node, context: Context): void {
    if (target.type === 'MemberExpression') this.visitParts(target, context);
    else if (target.type !== 'Identifier') {
      this.refusePattern(target, context);
      this.children(target, context);
    }
  }

  private visitDelete(argument: Node, context: Context): void {
    const member = argument.type === 'ChainExpression' ? argument.expression : argument;
    if (member.type === 'MemberExpression') this.visitParts(member, context);
    else this.visit(argument, context);
  }

  private visitParts(member: MemberExpression, context: Context): void {
    this.visit(member.object, context);
    if (member.computed) this.visit(member.property, context);
  }

  /** Typed arrays in assignment patterns: the pattern would have to be taken apart. */
  private refusePattern(pattern: Node, context: Context): void {
    if (context.place.kind < PlaceKind.Sync) return;
    if (this.isHookable(pattern)) {
      this.file.refuse(
        pattern,
        'an element assigned to by a pattern cannot be suspended; assign to a variable first',
      );
    }
    if (
      pattern.type === 'ArrayPattern' ||
      pattern.type === 'ObjectPattern' ||
      pattern.type === 'AssignmentPattern'
    ) {
      for (const child of childrenOf(pattern)) this.refusePattern(child, context);
    } else if (pattern.type === 'Property') this.refusePattern(pattern.value, context);
    else if (pattern.type === 'RestElement') this.refusePattern(pattern.argument, context);
  }

  private visitMember(node: MemberExpression, context: Context): void {
    const root = this.targets.globalRoot(node.object);
    if (root === 'performance' && memberName(node) === 'timeOrigin') this.facts.set(node, { kind: 'origin' });
    else if (this.isHookable(node)) this.note(node, 'read', context);
    this.visitParts(node, context);
  }

  /** Whether the node may be an element of a typed array. */
  private isHookable(node: Node): node is MemberExpression {
    if (node.type !== 'MemberExpression' || !node.computed) return false;
    const { property, object } = node;
    if (property.type === 'TemplateLiteral' || isSymbolKey(property)) return false;
    if (property.type === 'Literal' && typeof property.value !== 'number') return false;
    return !this.targets.isOrdinary(object);
  }

  private note(node: Node, kind: 'read' | 'write' | 'update' | 'clock', context: Context): void {
    if (context.place.kind < PlaceKind.Sync) return;
    context.place.direct = true;
    this.facts.set(node, { kind, marks: context.place.marks | context.marks });
  }

  // --- Calls ---

  private visitCall(node: CallExpression, context: Context): void {
    const { callee } = node;
    const name = callee.type === 'MemberExpression' ? memberName(callee) : null;
    const root = callee.type === 'MemberExpression' ? this.targets.globalRoot(callee.object) : null;
    if (root === 'Atomics' && name !== null && name !== 'isLockFree') {
      this.noteAtomic(node, name, context);
      this.visitArguments(node.arguments, context);
      return;
    }
    if (name === 'isLockFree' && root === 'Atomics') {
      this.visitArguments(node.arguments, context);
      return;
    }
    if ((root === 'performance' || root === 'Date') && name === 'now') {
      this.noteClock(node, `${root}.now`, context);
      return;
    }
    if (root === 'Math' && name === 'random') {
      this.facts.set(node, { kind: 'random' });
      return;
    }
    if ((name === 'fill' || name === 'copyWithin') && this.noteFill(node, callee, name, context)) return;
    this.noteCall(node, callee, context);
    this.visit(callee as Node, context);
    this.visitCallArguments(node, name, root, context);
  }

  private visitNew(node: NewExpression, context: Context): void {
    this.visit(node.callee, context);
    this.visitCallArguments(node, null, null, context);
  }

  private noteAtomic(node: CallExpression, name: string, context: Context): void {
    const op = ATOMIC_KINDS.get(name);
    if (op === undefined) this.file.refuse(node, `Atomics.${name} cannot be explored`);
    this.refuseSpread(node, `Atomics.${name}`);
    if (context.place.kind === PlaceKind.Module) return;
    this.refuseHere(node, `Atomics.${name}`, context.place);
    context.place.direct = true;
    this.facts.set(node, { kind: 'atomic', op, marks: context.place.marks | context.marks });
  }

  private noteClock(node: CallExpression, name: string, context: Context): void {
    if (context.place.kind === PlaceKind.Sync) this.refuseHere(node, name, context.place);
    this.note(node, 'clock', context);
  }

  private noteFill(
    node: CallExpression,
    callee: Expression | Super,
    name: 'fill' | 'copyWithin',
    context: Context,
  ): boolean {
    if (callee.type !== 'MemberExpression' || callee.computed || callee.object.type === 'Super') return false;
    if (context.place.kind < PlaceKind.Sync || isNewArray(callee.object)) return false;
    context.place.direct = true;
    this.facts.set(node, { kind: 'fill', name, marks: context.place.marks | context.marks });
    this.visit(callee.object, context);
    this.visitArguments(node.arguments, context);
    return true;
  }

  private noteCall(
    node: CallExpression | TaggedTemplateExpression,
    callee: Expression | Super,
    context: Context,
  ): void {
    const targets = this.targets.ofCallee(callee);
    context.place.calls.push(...targets);
    this.facts.set(node, { kind: 'call', targets, marks: context.place.marks | context.marks });
  }

  private visitArguments(nodes: readonly Node[], context: Context): void {
    for (const node of nodes) this.visit(node, context);
  }

  /** Functions written out as arguments of native code are called by it, and cannot be suspended. */
  private visitCallArguments(
    node: CallExpression | NewExpression,
    name: string | null,
    root: string | null,
    context: Context,
  ): void {
    const native = this.callsBack(node, name, root);
    const what = `a callback of ${name ?? this.textOf(node.callee)}`;
    for (const argument of node.arguments) {
      if (native && isFunction(argument)) this.addFunction(argument, context, PlaceKind.Sync, what);
      else this.visit(argument, context);
    }
  }

  private callsBack(node: CallExpression | NewExpression, name: string | null, root: string | null): boolean {
    if (root !== null || this.targets.globalRoot(node.callee) !== null) return true;
    if (name !== null && NATIVE_CALLBACKS.has(name)) return true;
    const source = this.targets.importOf(node.callee);
    return source !== null && this.isLibrary(source);
  }

  private refuseHere(node: Node, call: string, place: Place): void {
    if (place.kind === PlaceKind.Body) return;
    this.file.refuse(node, `${call} in ${place.what} cannot be suspended; move it into a method or function`);
  }

  private refuseSpread(node: CallExpression, call: string): void {
    const spread = node.arguments.find((one) => one.type === 'SpreadElement');
    if (spread !== undefined) this.file.refuse(spread, `${call} with a spread argument cannot be explored`);
  }

  private isGlobal(node: Expression): boolean {
    return this.targets.globalRoot(node) !== null;
  }

  private textOf(node: Node): string {
    return this.file.slice(node.start, node.end);
  }
}

/** An arrow becomes a function, in which some words would mean something else. Throws Refusal. */
export function checkArrow(file: SourceFile, node: FunctionNode): void {
  if (node.type !== 'ArrowFunctionExpression') return;
  const bad = (inner: Node) =>
    inner.type === 'Super' ||
    (inner.type === 'MetaProperty' && inner.meta.name === 'new') ||
    (inner.type === 'Identifier' && inner.name === 'arguments');
  if (!lexicallyContains(node, bad)) return;
  file.refuse(
    node,
    'an arrow function that uses arguments, super or new.target cannot be suspended; make it a method',
  );
}

function makePlace(
  kind: PlaceKind,
  what: string,
  label: string,
  marks: SiteMark | 0,
  node: FunctionNode | null,
  forwards = false,
): Place {
  return { kind, what, label, marks, forwards, node, direct: false, calls: [], suspending: false };
}

function named(context: Context, name: string): Context {
  return { ...context, name };
}

function methodKind(kind: string, name: string | null, key: Node): readonly [PlaceKind, string] {
  if (kind === 'constructor') return [PlaceKind.Sync, 'a constructor'];
  if (kind === 'get') return [PlaceKind.Sync, 'a getter'];
  if (kind === 'set') return [PlaceKind.Sync, 'a setter'];
  if (name !== null && CALLED_BY_LANGUAGE.has(name))
    return [PlaceKind.Sync, `${name}, which the language calls,`];
  if (isSymbolKey(key) && key.type === 'MemberExpression' && memberName(key) !== 'dispose') {
    return [PlaceKind.Sync, `Symbol.${memberName(key)}, which the language calls,`];
  }
  return [PlaceKind.Body, 'a method'];
}

function isStatement(node: Node): boolean {
  return node.type.endsWith('Statement') || node.type.endsWith('Declaration') || node.type === 'SwitchCase';
}

/** Written into an element, it shows that the element belongs to no typed array (enum objects: `E[E.A = 0] = 'A'`). */
function isNoNumber(value: Node): boolean {
  if (value.type === 'Literal') return typeof value.value === 'string';
  return (
    isFunction(value) ||
    ['TemplateLiteral', 'ArrayExpression', 'ObjectExpression', 'ClassExpression', 'NewExpression'].includes(
      value.type,
    )
  );
}

function isNewArray(node: Expression): boolean {
  const made = node.type === 'NewExpression' || node.type === 'CallExpression' ? node.callee : node;
  return (
    node.type === 'ArrayExpression' || (made !== node && made.type === 'Identifier' && made.name === 'Array')
  );
}
