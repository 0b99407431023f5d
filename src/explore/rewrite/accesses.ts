import type { AssignmentExpression, CallExpression, MemberExpression, UpdateExpression } from 'acorn';
import { OpKind, SiteMark } from '../hooks.js';
import type { Emitter } from './emitter.js';
import { elementOf, simpleText } from './operands.js';
import type { Node } from './syntax.js';

/** Announces the access; true from the hook: the code yields. */
function hook(
  emitter: Emitter,
  kind: 'read' | 'write',
  object: string,
  index: string,
  node: Node,
  marks: SiteMark | 0,
): string {
  const { $ } = emitter;
  const site = emitter.site(node, kind === 'write' ? marks | SiteMark.Write : marks);
  if (emitter.suspending) return `${$}.${kind}(${object}, ${index}, ${site}) && (yield)`;
  return `${$}.${kind}Sync(${object}, ${index}, ${site})`;
}

/** `object[index]`. */
export function emitRead(emitter: Emitter, node: MemberExpression, marks: SiteMark | 0): string {
  if (emitter.frame.temporaries === null && simpleText(emitter, node.object) === null) {
    const parts = `${emitter.argument(node.object)}, ${emitter.argument(node.property)}`;
    return `${emitter.$}get(${parts}, ${emitter.site(node, marks)})`;
  }
  const { setup, object, index } = readParts(emitter, node, marks);
  return `(${setup}${object}[${index}])`;
}

/** As `emitRead`, in two parts: what comes first (with a comma), and the element. */
export function readParts(
  emitter: Emitter,
  node: MemberExpression,
  marks: SiteMark | 0,
): { setup: string; object: string; index: string } {
  const { setup, object, index } = elementOf(emitter, node, []);
  return { setup: `${setup}${hook(emitter, 'read', object, index, node, marks)}, `, object, index };
}

/** `object[index] = value`: all three are evaluated before the hook. */
export function emitWrite(emitter: Emitter, node: AssignmentExpression, marks: SiteMark | 0): string {
  const member = node.left as MemberExpression;
  const { setup, object, index } = elementOf(emitter, member, [node.right]);
  let value = node.right.type === 'MemberExpression' ? null : simpleText(emitter, node.right);
  let before = setup;
  if (value === null || value.includes('this')) {
    value = emitter.temporary(node);
    before += `${value} = ${emitter.argument(node.right)}, `;
  }
  return `(${before}${hook(emitter, 'write', object, index, node, marks)}, ${object}[${index}] = ${value})`;
}

/** `object[index] += value` and the like: a read, then a write. */
export function emitCompound(emitter: Emitter, node: AssignmentExpression, marks: SiteMark | 0): string {
  const member = node.left as MemberExpression;
  const operator = node.operator.slice(0, -1);
  const { setup, object, index } = elementOf(emitter, member, [node.right]);
  const read = `${setup}${hook(emitter, 'read', object, index, node, marks)}`;
  const value = emitter.temporary(node);
  const right = `(${emitter.text(node.right)})`;
  const write = `${hook(emitter, 'write', object, index, node, marks)}, ${object}[${index}] = ${value}`;
  if (operator === '||' || operator === '&&' || operator === '??') {
    return `(${read}, ${object}[${index}] ${operator} (${value} = ${right}, ${write}))`;
  }
  return `(${read}, ${value} = ${object}[${index}] ${operator} ${right}, ${write})`;
}

/** `object[index]++` and the like. */
export function emitUpdate(emitter: Emitter, node: UpdateExpression, marks: SiteMark | 0): string {
  const member = node.argument as MemberExpression;
  const { setup, object, index } = elementOf(emitter, member, []);
  const read = `${setup}${hook(emitter, 'read', object, index, node, marks)}`;
  const value = emitter.temporary(node);
  const write = hook(emitter, 'write', object, index, node, marks);
  const store = `${object}[${index}] = ${value}`;
  if (node.prefix || emitter.discarded.has(node)) {
    return `(${read}, ${value} = ${object}[${index}], ${node.operator}${value}, ${write}, ${store})`;
  }
  const old = emitter.temporary(node);
  return `(${read}, ${value} = ${object}[${index}], ${old} = ${value}${node.operator}, ${write}, ${store}, ${old})`;
}

/** `Atomics.op(view, index, a, b)`. */
export function emitAtomic(emitter: Emitter, node: CallExpression, op: OpKind, marks: SiteMark | 0): string {
  const given = node.arguments.map((argument) => emitter.argument(argument));
  const { forwards } = emitter.frame.place;
  const own = emitter.site(node, forwards ? marks | SiteMark.Forwarder : marks);
  const site = forwards ? `${emitter.$}.caller(${own})` : own;
  const [view, index, a, b] = op === OpKind.Pause ? ['null', '0', '0', '0'] : withDefaults(op, given);
  const { $ } = emitter;
  return `(${$}.point(${op}, ${view}, ${index}, ${a}, ${b}, ${site}) && (yield), ${$}.exec())`;
}

function withDefaults(op: OpKind, given: readonly string[]): string[] {
  const a = op === OpKind.Notify ? 'Infinity' : '0';
  const b = op === OpKind.Wait ? 'Infinity' : '0';
  const defaults = ['null', '0', a, b];
  // Further arguments mean nothing to Atomics, but are evaluated.
  const [view, index, first, ...others] = defaults
    .map((value, at) => given[at] ?? value)
    .concat(given.slice(4));
  return [
    view,
    index,
    first,
    others.length === 1 ? others[0] : `(${others.slice(1).join(', ')}, ${others[0]})`,
  ];
}

/** `performance.now()`, `Date.now()`. */
export function emitClock(emitter: Emitter, node: Node, marks: SiteMark | 0): string {
  const { $ } = emitter;
  return `(${$}.point(${OpKind.Clock}, null, 0, 0, 0, ${emitter.site(node, marks)}) && (yield), ${$}.exec())`;
}

/** `view.fill(...)`, `view.copyWithin(...)`. */
export function emitFill(
  emitter: Emitter,
  node: CallExpression,
  name: 'fill' | 'copyWithin',
  marks: SiteMark | 0,
): string {
  const callee = node.callee as MemberExpression;
  const site = emitter.site(node, marks);
  const view = emitter.argument(callee.object);
  const rest = node.arguments.map((argument) => `, ${emitter.text(argument)}`).join('');
  const call = `${emitter.$}.${name}(${view}, ${site}${rest})`;
  return emitter.suspending ? `(yield* ${call})` : `${emitter.$}.sync(${call}, ${site})`;
}
