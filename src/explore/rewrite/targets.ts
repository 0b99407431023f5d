import type { CallExpression, Expression, Identifier, MemberExpression, NewExpression, Super } from 'acorn';
import type { Binding, Scopes } from './scopes.js';
import { isFunction, isSymbolKey, memberName, type Node } from './syntax.js';

/** What a call may reach, as far as one module can tell. */
export type Target =
  /** Code that is not rewritten. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'function'; readonly node: Node }
  | { readonly kind: 'import'; readonly source: string; readonly name: string }
  /** A method: any of this name. */
  | { readonly kind: 'name'; readonly name: string }
  /** A value of which nothing is known: a parameter, an element. */
  | { readonly kind: 'unknown' };

const PLAIN: Target = { kind: 'plain' };
const UNKNOWN: Target = { kind: 'unknown' };

/** Deeper chains of `const a = b` than this are not followed. */
const MAX_ALIASES = 16;

/** Finds out what the calls of one module reach. */
export class Targets {
  constructor(private readonly scopes: Scopes) {}

  /** What the callee may be. */
  ofCallee(callee: Expression | Super): Target[] {
    if (callee.type === 'Super') return [PLAIN];
    if (callee.type !== 'MemberExpression') return this.ofValue(callee);
    const name = memberName(callee);
    // `f.call(this, a)` calls f, or a method of that name.
    if ((name === 'call' || name === 'apply') && callee.object.type !== 'Super')
      return [...this.ofValue(callee.object), { kind: 'name', name }];
    return this.ofMember(callee);
  }

  /** Which functions the value of the expression may be; none: it is no function. */
  ofValue(value: Node, depth = 0): Target[] {
    if (depth > MAX_ALIASES) return [UNKNOWN];
    if (isFunction(value)) return [{ kind: 'function', node: value }];
    switch (value.type) {
      case 'Literal':
      case 'TemplateLiteral':
      case 'UnaryExpression':
      case 'UpdateExpression':
      case 'BinaryExpression':
      case 'ArrayExpression':
      case 'ObjectExpression':
      case 'ClassExpression':
      case 'ThisExpression':
      case 'ImportExpression':
      case 'NewExpression':
        return [];
      case 'Identifier':
        return this.ofIdentifier(value, depth);
      case 'MemberExpression':
        return this.ofMember(value);
      case 'ChainExpression':
        return this.ofValue(value.expression, depth);
      case 'ConditionalExpression':
        return [...this.ofValue(value.consequent, depth + 1), ...this.ofValue(value.alternate, depth + 1)];
      case 'LogicalExpression':
        return [...this.ofValue(value.left, depth + 1), ...this.ofValue(value.right, depth + 1)];
      case 'AssignmentExpression':
        return this.ofValue(value.right, depth + 1);
      case 'SequenceExpression':
        return this.ofValue(value.expressions[value.expressions.length - 1], depth + 1);
      default:
        return [UNKNOWN];
    }
  }

  /** The global at the root of `a.b.c`, or null: `Math` of `Math.max`. */
  globalRoot(node: Expression | Super): string | null {
    if (node.type === 'Identifier') return this.scopes.bindingOf(node) === undefined ? node.name : null;
    return node.type === 'MemberExpression' && !node.computed ? this.globalRoot(node.object) : null;
  }

  /** Where the callee is imported from; null: it is not. */
  importOf(callee: Expression | Super): string | null {
    if (callee.type === 'MemberExpression') return this.importOf(callee.object);
    return callee.type === 'Identifier' ? (this.scopes.bindingOf(callee)?.from?.source ?? null) : null;
  }

  /** Whether the object is known to be no typed array: a list or record written out, a rest parameter. */
  isOrdinary(object: Expression | Super): boolean {
    if (object.type === 'Super' || object.type === 'ObjectExpression' || object.type === 'ArrayExpression')
      return true;
    if (object.type === 'Literal' || object.type === 'TemplateLiteral') return true;
    if (object.type !== 'Identifier') return false;
    const binding = this.scopes.bindingOf(object);
    if (binding === undefined) return object.name === 'arguments';
    if (binding.assigned) return false;
    return binding.kind === 'rest' || (binding.kind === 'const' && this.isOrdinaryValue(binding.value));
  }

  private isOrdinaryValue(value: Node | null): boolean {
    if (value === null) return false;
    if (value.type === 'NewExpression') return this.isGlobal(value, ['Array', 'Map', 'Set', 'WeakMap']);
    if (value.type !== 'CallExpression') {
      return (
        value.type === 'ArrayExpression' ||
        value.type === 'ObjectExpression' ||
        value.type === 'TemplateLiteral'
      );
    }
    const { callee } = value;
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return false;
    const name = memberName(callee);
    if (callee.object.name === 'Array') return name === 'from' || name === 'of';
    return callee.object.name === 'Object' && (name === 'keys' || name === 'values' || name === 'entries');
  }

  private isGlobal(call: CallExpression | NewExpression, names: readonly string[]): boolean {
    return call.callee.type === 'Identifier' && names.includes(this.globalRoot(call.callee) ?? '');
  }

  private ofIdentifier(identifier: Identifier, depth: number): Target[] {
    const binding = this.scopes.bindingOf(identifier);
    return binding === undefined ? [PLAIN] : this.ofBinding(binding, depth);
  }

  /** As `ofValue`, for a name. */
  ofBinding(binding: Binding, depth = 0): Target[] {
    if (binding.from !== null) return [{ kind: 'import', ...binding.from }];
    if (binding.kind === 'class') return [PLAIN];
    const { value } = binding;
    if (value === null || binding.assigned) return [UNKNOWN];
    if (binding.kind === 'function') return [{ kind: 'function', node: value }];
    return binding.kind === 'const' ? this.ofValue(value, depth + 1) : [UNKNOWN];
  }

  private ofMember(member: MemberExpression): Target[] {
    if (member.computed && isSymbolKey(member.property)) {
      return memberNameOfSymbol(member) === 'dispose' ? [UNKNOWN] : [PLAIN];
    }
    const name = memberName(member);
    const root = this.globalRoot(member.object);
    // What stands for `Atomics` may hand out functions that can be suspended.
    if (root === 'Atomics') return [UNKNOWN];
    if (root !== null && root !== 'globalThis') return [PLAIN];
    if (name === null || isNumberKey(member)) return [UNKNOWN];
    const source =
      member.object.type === 'Identifier' ? this.scopes.bindingOf(member.object)?.from : undefined;
    if (source?.name === '*') return [{ kind: 'import', source: source.source, name }];
    return [{ kind: 'name', name }];
  }
}

function isNumberKey(member: MemberExpression): boolean {
  return member.property.type === 'Literal' && typeof member.property.value === 'number';
}

function memberNameOfSymbol(member: MemberExpression): string | null {
  return member.property.type === 'MemberExpression' ? memberName(member.property) : null;
}
