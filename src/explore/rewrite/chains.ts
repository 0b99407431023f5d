import type { CallExpression, ChainExpression, MemberExpression } from 'acorn';
import { readParts } from './accesses.js';
import { isRewrittenCall } from './calls.js';
import type { Emitter } from './emitter.js';
import { childrenOf, memberName, type Node } from './syntax.js';

type Link = MemberExpression | CallExpression;

/**
 * `a?.b[i]` and the like. Where a link itself is rewritten, the chain becomes a conditional for each `?.`, so that
 * what follows is skipped as a whole; else it is copied. Null: copy it.
 */
export function emitChain(emitter: Emitter, node: ChainExpression): string | null {
  const links = linksOf(node);
  const rewritten = links.filter((link) => isRewrittenCall(emitter, link));
  if (rewritten.length === 0) return null;
  const last = node.expression;
  if (
    !emitter.suspending &&
    rewritten.length === 1 &&
    rewritten[0] === last &&
    emitter.fact(last)?.kind === 'call'
  ) {
    return emitter.sync(emitter.range(last.start, last.end, childrenOf(last)), node, 0);
  }
  const optional = links.filter((link) => link.optional).reverse();
  return emitFrom(emitter, node, optional, 0);
}

/** Outermost first. */
function linksOf(node: ChainExpression): Link[] {
  const links: Link[] = [];
  let at: Node = node.expression;
  while (at.type === 'MemberExpression' || at.type === 'CallExpression') {
    links.push(at);
    at = at.type === 'MemberExpression' ? at.object : at.callee;
  }
  return links;
}

function emitFrom(emitter: Emitter, node: ChainExpression, optional: readonly Link[], from: number): string {
  if (from === optional.length) return emitter.text(node.expression);
  const link = optional[from];
  const base: Node = link.type === 'MemberExpression' ? link.object : link.callee;
  if (link.type === 'CallExpression' && base.type === 'MemberExpression' && !emitter.substitutes.has(base)) {
    return emitMethod(emitter, node, link, base, optional, from);
  }
  const text = emitter.argument(base);
  const value = emitter.temporary(node);
  emitter.substitutes.set(base, value);
  const rest = emitFrom(emitter, node, optional, from + 1);
  emitter.substitutes.delete(base);
  return `((${value} = ${text}) == null ? void 0 : ${rest})`;
}

/** `object.method?.(...)`: the call must keep its `this`. */
function emitMethod(
  emitter: Emitter,
  node: ChainExpression,
  call: CallExpression,
  method: MemberExpression,
  optional: readonly Link[],
  from: number,
): string {
  const { setup, receiver, text } = methodParts(emitter, method);
  const value = emitter.temporary(node);
  emitter.substitutes.set(method, value);
  emitter.receivers.set(call, receiver);
  const rest = emitFrom(emitter, node, optional, from + 1);
  emitter.substitutes.delete(method);
  emitter.receivers.delete(call);
  return `(${setup}(${value} = ${text}) == null ? void 0 : ${rest})`;
}

function methodParts(
  emitter: Emitter,
  method: MemberExpression,
): { setup: string; receiver: string; text: string } {
  if (method.object.type === 'Super') return { setup: '', receiver: 'this', text: emitter.copy(method) };
  const fact = emitter.fact(method);
  const receiver = emitter.temporary(method);
  const object = `${receiver} = ${emitter.argument(method.object)}, `;
  emitter.substitutes.set(method.object, receiver);
  const parts = fact?.kind === 'read' ? readParts(emitter, method, fact.marks) : null;
  const plain = emitMember(emitter, method);
  emitter.substitutes.delete(method.object);
  if (parts === null) return { setup: object, receiver, text: plain };
  return { setup: object + parts.setup, receiver, text: `${parts.object}[${parts.index}]` };
}

/** A member whose object is in a temporary: without its `?.`. */
export function emitMember(emitter: Emitter, node: MemberExpression): string {
  const object = emitter.text(node.object);
  const name = memberName(node);
  if (!node.computed) return `${object}.${name}`;
  return `${object}[${emitter.text(node.property)}]`;
}
