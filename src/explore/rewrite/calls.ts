import type { CallExpression, MemberExpression, NewExpression, TaggedTemplateExpression } from 'acorn';
import type { SiteMark } from '../hooks.js';
import { readParts } from './accesses.js';
import { Colour } from './colouring.js';
import type { Emitter } from './emitter.js';
import { NATIVE_CALLBACKS } from './operations.js';
import { isFunction, memberName, type Node } from './syntax.js';
import type { Target } from './targets.js';

/** A call whose callee is a function of the graph, a native one, or nobody knows which. */
export function emitCall(
  emitter: Emitter,
  node: CallExpression | TaggedTemplateExpression,
  targets: readonly Target[],
  marks: SiteMark | 0,
): string {
  const { setup, call } = node.type === 'CallExpression' ? callParts(emitter, node) : plainTag(emitter, node);
  const colour = emitter.colouring.of(emitter.module, targets);
  if (colour === Colour.Plain) return setup === '' ? call : `(${setup}${call})`;
  if (!emitter.suspending) return wrap(setup, emitter.sync(call, node, marks));
  if (colour === Colour.Suspending) return `(${setup}yield* ${call})`;
  const { $ } = emitter;
  const result = emitter.result(node);
  const started = emitter.colouring.mayForward(targets)
    ? `${$}.from(${result}, ${emitter.site(node, marks)})`
    : result;
  return `(${setup}${result} = ${call}, ${$}.isGen(${result}) ? yield* ${started} : ${result})`;
}

/** Whether the call is rewritten itself, not just its parts. */
export function isRewrittenCall(emitter: Emitter, node: Node): boolean {
  const fact = emitter.fact(node);
  if (fact === undefined) return false;
  return fact.kind !== 'call' || emitter.colouring.of(emitter.module, fact.targets) !== Colour.Plain;
}

/** `new X(...)`: constructors cannot be suspended, but native ones may call functions. */
export function emitNew(emitter: Emitter, node: NewExpression): string {
  if (emitter.facts.targets.globalRoot(node.callee) !== 'Promise') return emitter.copy(node);
  const start = node.callee.end;
  return emitter.range(node.start, start, [node.callee]) + argumentText(emitter, node, start, true);
}

function wrap(setup: string, call: string): string {
  return setup === '' ? call : `(${setup}${call})`;
}

function plainTag(emitter: Emitter, node: TaggedTemplateExpression): { setup: string; call: string } {
  return { setup: '', call: emitter.copy(node) };
}

function callParts(emitter: Emitter, node: CallExpression): { setup: string; call: string } {
  const { callee } = node;
  const receiver = emitter.receivers.get(node);
  const start = callee.end;
  const isNative = takesCallbacks(emitter, node);
  if (receiver !== undefined) {
    const list = argumentText(emitter, node, start, isNative);
    const open = list.indexOf('(');
    const rest = list.slice(open + 1);
    const comma = node.arguments.length > 0 ? ', ' : '';
    return { setup: '', call: `${emitter.text(callee)}.call(${receiver}${comma}${rest}` };
  }
  const fact = callee.type === 'MemberExpression' ? emitter.fact(callee) : undefined;
  if (callee.type === 'MemberExpression' && fact?.kind === 'read' && !emitter.substitutes.has(callee)) {
    return elementCall(emitter, node, callee, fact.marks);
  }
  const optional = node.optional && emitter.substitutes.has(callee);
  const list = argumentText(emitter, node, start, isNative);
  const text = emitter.range(node.start, callee.end, [callee]);
  const own = emitter.substitutes.has(callee) ? emitter.text(callee) : text;
  return { setup: '', call: own + (optional ? list.replace('?.', '') : list) };
}

/** `object[index](...)`: a read of the element, then its call with `this`. */
function elementCall(
  emitter: Emitter,
  node: CallExpression,
  callee: MemberExpression,
  marks: SiteMark | 0,
): { setup: string; call: string } {
  if (emitter.frame.temporaries === null) return { setup: '', call: bareElementCall(emitter, node, callee) };
  const { setup, object, index } = readParts(emitter, callee, marks);
  return { setup, call: `${object}[${index}]${argumentText(emitter, node, callee.end, false)}` };
}

/** Where there is no place for temporaries: the hook for the read is left out, as functions are no numbers. */
function bareElementCall(emitter: Emitter, node: CallExpression, callee: MemberExpression): string {
  return emitter.copy(callee) + argumentText(emitter, node, callee.end, false);
}

/** From the end of the callee to the end of the call. */
function argumentText(
  emitter: Emitter,
  node: CallExpression | NewExpression,
  start: number,
  callbacks: boolean,
): string {
  if (!callbacks) return emitter.range(start, node.end, node.arguments);
  let text = '';
  let at = start;
  for (const argument of node.arguments) {
    text += emitter.file.slice(at, argument.start) + callbackText(emitter, argument);
    at = argument.end;
  }
  return text + emitter.file.slice(at, node.end);
}

/** A function handed to native code by name: called so that it cannot be suspended. */
function callbackText(emitter: Emitter, argument: Node): string {
  const text = emitter.text(argument);
  if (isFunction(argument) || argument.type === 'SpreadElement') return text;
  const targets = emitter.facts.targets.ofValue(argument);
  if (emitter.colouring.of(emitter.module, targets) === Colour.Plain) return text;
  return `${emitter.$}callback(${text}, ${emitter.site(argument, 0)})`;
}

const GLOBAL_CALLBACKS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);

function takesCallbacks(emitter: Emitter, node: CallExpression): boolean {
  const { callee } = node;
  if (callee.type === 'Identifier')
    return GLOBAL_CALLBACKS.has(emitter.facts.targets.globalRoot(callee) ?? '');
  if (callee.type !== 'MemberExpression') return false;
  const name = memberName(callee);
  return name !== null && NATIVE_CALLBACKS.has(name) && !emitter.colouring.defines(name);
}
