import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  FunctionDeclaration,
  FunctionExpression,
  MemberExpression,
} from 'acorn';

/** A node of the syntax tree (ESTree, as acorn builds it). */
export type Node = AnyNode;

export type FunctionNode =
  | FunctionDeclaration
  | AnonymousFunctionDeclaration
  | FunctionExpression
  | ArrowFunctionExpression;

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** The nodes directly below, in the order of the source. Of `{ a }` only the value: its key is the same text. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  const shorthand = node.type === 'Property' && node.shorthand;
  for (const [key, value] of Object.entries(node)) {
    if (shorthand && key === 'key') continue;
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) children.push(item);
  }
  return children.sort((a, b) => a.start - b.start);
}

/** The name of a member, method or property whose key is no expression; null otherwise. `#x` for private names. */
export function keyName(key: Node, computed: boolean): string | null {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Identifier' && !computed) return key.name;
  if (key.type === 'Literal') return String(key.value);
  return null;
}

export function memberName(member: MemberExpression): string | null {
  return keyName(member.property, member.computed);
}

/** `Symbol.iterator` and the like. */
export function isSymbolKey(key: Node): boolean {
  return key.type === 'MemberExpression' && key.object.type === 'Identifier' && key.object.name === 'Symbol';
}

/**
 * Whether the method is nothing but another name for the operation of `Atomics` that it is called after: `load(word) {
 * return Atomics.load(this.i32, word); }`. What its caller's comment declares then holds for the access too.
 */
export function isForwarder(name: string | null, node: FunctionNode): boolean {
  if (node.body.type !== 'BlockStatement' || node.body.body.length !== 1) return false;
  const statement = node.body.body[0];
  const call =
    statement.type === 'ReturnStatement'
      ? statement.argument
      : statement.type === 'ExpressionStatement'
        ? statement.expression
        : null;
  if (call?.type !== 'CallExpression' || call.callee.type !== 'MemberExpression') return false;
  const { object } = call.callee;
  if (object.type !== 'Identifier' || object.name !== 'Atomics' || memberName(call.callee) !== name)
    return false;
  return call.arguments.every(isNamedValue);
}

function isNamedValue(node: Node): boolean {
  return node.type === 'Identifier' || (node.type === 'MemberExpression' && !node.computed);
}

/** Whether the predicate holds for a node of this function's own `this`: arrows are looked into, functions not. */
export function lexicallyContains(root: Node, predicate: (node: Node) => boolean): boolean {
  for (const child of childrenOf(root)) {
    if (predicate(child)) return true;
    if (isFunction(child) && child.type !== 'ArrowFunctionExpression') continue;
    if (child.type === 'PropertyDefinition' || child.type === 'StaticBlock') continue;
    if (lexicallyContains(child, predicate)) return true;
  }
  return false;
}
