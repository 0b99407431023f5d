import type { Class, Identifier, Pattern, Program, VariableDeclaration } from 'acorn';
import { childrenOf, type FunctionNode, isFunction, type Node } from './syntax.js';

/** What a name stands for. */
export interface Binding {
  readonly name: string;
  readonly kind: 'import' | 'function' | 'class' | 'const' | 'variable' | 'parameter' | 'rest';
  /** The function, the class, or what a plain `const name = ...` begins with. */
  readonly value: Node | null;
  /** Of an import: the specifier, and the name exported there (`*`: the namespace). */
  readonly from: { readonly source: string; readonly name: string } | null;
  /** Written to after its declaration. */
  assigned: boolean;
  /** Written to by code that may run after its module has been evaluated. */
  assignedLater: boolean;
}

interface Scope {
  readonly parent: Scope | null;
  readonly names: Map<string, Binding>;
  /** In a function, not at the module's level. */
  readonly inFunction: boolean;
}

/** The bindings of one module. */
export interface Scopes {
  /** What an identifier refers to; undefined: a global. */
  bindingOf(identifier: Identifier): Binding | undefined;
  /** A binding of the module's own scope. */
  top(name: string): Binding | undefined;
}

/** Resolves every identifier of the module. */
export function analyseScopes(program: Program): Scopes {
  const resolver = new Resolver();
  const top = resolver.module(program);
  return {
    bindingOf: (identifier) => resolver.references.get(identifier),
    top: (name) => top.names.get(name),
  };
}

class Resolver {
  readonly references = new Map<Node, Binding>();

  module(program: Program): Scope {
    const scope = inner(null, false);
    hoistVars(program, scope);
    declareStatements(program.body, scope);
    for (const statement of program.body) this.visit(statement, scope);
    return scope;
  }

  private visit(node: Node, scope: Scope): void {
    if (isFunction(node)) {
      this.visitFunction(node, scope);
      return;
    }
    switch (node.type) {
      case 'Identifier':
        this.refer(node, scope);
        return;
      case 'ImportDeclaration':
      case 'MetaProperty':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ExportAllDeclaration':
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.visit(node.declaration, scope);
        return;
      case 'LabeledStatement':
        this.visit(node.body, scope);
        return;
      case 'MemberExpression':
        this.visit(node.object, scope);
        if (node.computed) this.visit(node.property, scope);
        return;
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node.computed) this.visit(node.key, scope);
        if (node.value) this.visit(node.value, scope);
        return;
      case 'AssignmentExpression':
        this.assign(node.left, scope);
        break;
      case 'UpdateExpression':
        this.assign(node.argument, scope);
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        if (node.left.type !== 'VariableDeclaration') this.assign(node.left, scope);
        this.visitFor(node.left, node, scope);
        return;
      case 'ForStatement':
        this.visitFor(node.init ?? null, node, scope);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.visitClass(node, scope);
        return;
      case 'BlockStatement':
      case 'StaticBlock':
        this.visitBlock(node, node.body, scope);
        return;
      case 'SwitchStatement':
        this.visit(node.discriminant, scope);
        this.visitBlock(
          node,
          node.cases.flatMap((one) => one.consequent),
          scope,
          node.cases,
        );
        return;
      case 'CatchClause':
        this.visitCatch(node.param ?? null, node.body, scope);
        return;
    }
    this.visitChildren(node, scope);
  }

  private visitChildren(node: Node, scope: Scope): void {
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private visitBlock(node: Node, statements: readonly Node[], scope: Scope, children = statements): void {
    const block = inner(scope, scope.inFunction);
    if (node.type === 'StaticBlock') hoistVars(node, block);
    declareStatements(statements, block);
    for (const child of children) this.visit(child, block);
  }

  private visitFor(head: Node | null, node: Node, scope: Scope): void {
    const block = inner(scope, scope.inFunction);
    if (head?.type === 'VariableDeclaration') declareVariables(head, block, true);
    this.visitChildren(node, block);
  }

  private visitCatch(param: Pattern | null, body: Node, scope: Scope): void {
    const block = inner(scope, scope.inFunction);
    if (param) declarePattern(param, 'variable', block);
    if (param) this.visit(param, block);
    this.visit(body, block);
  }

  private visitClass(node: Class, scope: Scope): void {
    const block = inner(scope, scope.inFunction);
    if (node.id) declare(block, node.id.name, 'class', node as Node);
    this.visitChildren(node as Node, block);
  }

  private visitFunction(node: FunctionNode, scope: Scope): void {
    let outer = scope;
    if (node.type === 'FunctionExpression' && node.id) {
      outer = inner(scope, true);
      declare(outer, node.id.name, 'function', node);
    }
    const block = inner(outer, true);
    for (const param of node.params) declarePattern(param, 'parameter', block);
    hoistVars(node.body, block);
    if (node.body.type === 'BlockStatement') declareStatements(node.body.body, block);
    for (const param of node.params) this.visit(param, block);
    if (node.body.type !== 'BlockStatement') this.visit(node.body, block);
    else for (const statement of node.body.body) this.visit(statement, block);
  }

  private refer(node: Identifier, scope: Scope): void {
    const binding = lookUp(scope, node.name);
    if (binding !== undefined) this.references.set(node, binding);
  }

  private assign(target: Node, scope: Scope): void {
    for (const name of patternNames(target as Pattern)) {
      const binding = lookUp(scope, name.name);
      if (binding === undefined) continue;
      binding.assigned = true;
      binding.assignedLater ||= scope.inFunction;
    }
  }
}

/** The names that a pattern binds or assigns. Members in it are none. */
export function patternNames(pattern: Node): Identifier[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'RestElement':
      return patternNames(pattern.argument);
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? patternNames(element) : []));
    case 'ObjectPattern':
      return pattern.properties.flatMap((one) => patternNames(one.type === 'Property' ? one.value : one));
    default:
      return [];
  }
}

function inner(parent: Scope | null, inFunction: boolean): Scope {
  return { parent, names: new Map(), inFunction };
}

function lookUp(scope: Scope, name: string): Binding | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const binding = at.names.get(name);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

function declare(
  scope: Scope,
  name: string,
  kind: Binding['kind'],
  value: Node | null = null,
  from: Binding['from'] = null,
): void {
  const before = scope.names.get(name);
  const again = before !== undefined && before.kind !== 'import';
  scope.names.set(name, {
    name,
    kind,
    value,
    from,
    assigned: again,
    assignedLater: again && before.assignedLater,
  });
}

function declarePattern(pattern: Pattern, kind: Binding['kind'], scope: Scope): void {
  const rest = pattern.type === 'RestElement' && pattern.argument.type === 'Identifier';
  for (const name of patternNames(pattern)) declare(scope, name.name, rest ? 'rest' : kind);
}

function declareVariables(node: VariableDeclaration, scope: Scope, loop = false): void {
  for (const { id, init } of node.declarations) {
    const kind = node.kind === 'const' ? 'const' : 'variable';
    if (id.type === 'Identifier') declare(scope, id.name, kind, loop ? null : (init ?? null));
    else declarePattern(id, kind, scope);
  }
}

/** `let`, `const`, functions, classes and imports among these statements. */
function declareStatements(statements: readonly Node[], scope: Scope): void {
  for (const statement of statements) {
    if (statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration') {
      if (statement.declaration) declareStatements([statement.declaration as Node], scope);
    } else if (statement.type === 'ImportDeclaration') {
      for (const one of statement.specifiers) {
        const source = String(statement.source.value);
        declare(scope, one.local.name, 'import', null, { source, name: importedName(one) });
      }
    } else if (statement.type === 'VariableDeclaration') {
      if (statement.kind !== 'var') declareVariables(statement, scope);
    } else if (statement.type === 'FunctionDeclaration' && statement.id) {
      declare(scope, statement.id.name, 'function', statement as Node);
    } else if (statement.type === 'ClassDeclaration' && statement.id) {
      declare(scope, statement.id.name, 'class', statement as Node);
    }
  }
}

/** The name under which an import specifier's value is exported. */
export function importedName(specifier: Node): string {
  if (specifier.type === 'ImportSpecifier') return moduleName(specifier.imported);
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : '*';
}

/** A name of an import or export list: an identifier or a string. */
export function moduleName(node: Node): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : '';
}

/** `var` belongs to the function, wherever it stands in it. */
function hoistVars(node: Node, scope: Scope): void {
  for (const child of childrenOf(node)) {
    if (isFunction(child)) continue;
    if (child.type === 'VariableDeclaration' && child.kind === 'var') {
      for (const { id } of child.declarations) declarePattern(id, 'variable', scope);
    }
    hoistVars(child, scope);
  }
}
