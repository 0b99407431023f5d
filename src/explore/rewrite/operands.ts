import type { MemberExpression } from 'acorn';
import type { Emitter } from './emitter.js';
import { childrenOf, isFunction, memberName, type Node } from './syntax.js';

/** An element, its object and index written so that they can be evaluated again. */
export interface Element {
  /** Expressions to evaluate first, each followed by a comma; may be empty. */
  readonly setup: string;
  readonly object: string;
  readonly index: string;
}

/**
 * Takes `object[index]` apart. Both are written out twice where that is the same as evaluating them once, also
 * after `later`, the expressions that come between; else they go into temporaries.
 */
export function elementOf(emitter: Emitter, member: MemberExpression, later: readonly Node[]): Element {
  const afterObject = [member.property, ...later];
  let setup = '';
  let object = repeatable(emitter, member.object, afterObject);
  if (object === null) {
    object = emitter.temporary(member);
    setup += `${object} = ${emitter.argument(member.object)}, `;
  }
  let index = repeatable(emitter, member.property, later);
  if (index === null) {
    index = emitter.temporary(member);
    setup += `${index} = ${emitter.argument(member.property)}, `;
  }
  return { setup, object, index };
}

/** Text that can be evaluated again after `later` with the same result; null: there is none. */
function repeatable(emitter: Emitter, node: Node, later: readonly Node[]): string | null {
  const text = simpleText(emitter, node);
  if (text === null) return null;
  return isStable(emitter, node) || later.every((other) => isPure(emitter, other)) ? text : null;
}

/** Names, `this.x`, literals and their arithmetic, on one line; null for anything else. */
export function simpleText(emitter: Emitter, node: Node): string | null {
  const substitute = emitter.substitutes.get(node);
  if (substitute !== undefined) return substitute;
  if (emitter.fact(node) !== undefined) return null;
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'ThisExpression':
      return 'this';
    case 'Literal':
      return typeof node.value === 'number' ? (node.raw ?? null) : null;
    case 'MemberExpression':
      return simpleMember(emitter, node);
    case 'UnaryExpression': {
      if (!['-', '+', '~', '!'].includes(node.operator)) return null;
      const argument = simpleText(emitter, node.argument);
      return argument === null ? null : `(${node.operator} ${argument})`;
    }
    case 'BinaryExpression': {
      if (!/^([-+*/%&|^]|<<|>>>?)$/.test(node.operator)) return null;
      const left = simpleText(emitter, node.left);
      const right = simpleText(emitter, node.right);
      return left === null || right === null ? null : `(${left} ${node.operator} ${right})`;
    }
    default:
      return null;
  }
}

/** Only fields of `this`: another object's may be anything. */
function simpleMember(emitter: Emitter, node: MemberExpression): string | null {
  const name = memberName(node);
  if (node.computed || node.optional || name === null || emitter.colouring.isGetter(name)) return null;
  if (node.object.type !== 'ThisExpression' && node.object.type !== 'MemberExpression') return null;
  const object = simpleText(emitter, node.object);
  return object === null ? null : `${object}.${name}`;
}

/** Whether nothing that runs in between can change the value. */
function isStable(emitter: Emitter, node: Node): boolean {
  if (emitter.substitutes.has(node)) return true;
  if (node.type === 'MemberExpression') return false;
  if (node.type !== 'Identifier') return childrenOf(node).every((child) => isStable(emitter, child));
  const binding = emitter.facts.scopes.bindingOf(node);
  return binding !== undefined && !binding.assigned;
}

/** Whether evaluating the node changes nothing that this thread's code can see. */
function isPure(emitter: Emitter, node: Node): boolean {
  switch (node.type) {
    case 'CallExpression':
    case 'NewExpression':
    case 'TaggedTemplateExpression':
    case 'AssignmentExpression':
    case 'UpdateExpression':
    case 'YieldExpression':
    case 'AwaitExpression':
    case 'ClassExpression':
    case 'ImportExpression':
      return false;
    case 'MemberExpression': {
      const name = memberName(node);
      if (name !== null && emitter.colouring.isGetter(name)) return false;
      break;
    }
    case 'UnaryExpression':
      if (node.operator === 'delete') return false;
  }
  return isFunction(node) || childrenOf(node).every((child) => isPure(emitter, child));
}
