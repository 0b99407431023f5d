import type {
  ArrowFunctionExpression,
  AssignmentProperty,
  MethodDefinition,
  Property,
  PropertyDefinition,
  StaticBlock,
} from 'acorn';
import { bareFrame, bodyFrame, type Emitter, type Frame } from './emitter.js';
import { checkArrow } from './facts.js';
import type { Place } from './places.js';
import { type FunctionNode, isFunction, lexicallyContains, type Node } from './syntax.js';

/** A function; one that can be suspended becomes a generator. Methods: see `emitMethodDefinition`. */
export function emitFunction(emitter: Emitter, node: FunctionNode): string {
  const place = placeOf(emitter, node);
  if (node.type === 'ArrowFunctionExpression') return emitArrow(emitter, node, place);
  const params = emitter.within(bareFrame(parametersOf(emitter, node)), () =>
    emitter.range(node.start, node.body.start, node.params),
  );
  const head = place.suspending ? params.replace(/^function/, 'function*') : params;
  return head + emitBody(emitter, node.body, place);
}

/** A method of a class, with the star that makes it a generator. */
export function emitMethodDefinition(emitter: Emitter, node: MethodDefinition): string {
  const text = withStar(emitter, node, node.value);
  // A field before it may end without a semicolon; the star would go on with its value.
  return text === null ? emitter.copy(node) : `;${text}`;
}

/** A property of an object literal; null: nothing to do about it. */
export function emitProperty(emitter: Emitter, node: Property | AssignmentProperty): string | null {
  if (node.shorthand && node.value.type === 'Identifier') {
    const text = emitter.text(node.value);
    return text === node.value.name ? null : `${node.value.name}: ${text}`;
  }
  return node.method && isFunction(node.value) ? withStar(emitter, node, node.value) : null;
}

export function emitField(emitter: Emitter, node: PropertyDefinition): string {
  const place = emitter.facts.places.get(node);
  const computed = node.computed ? [node.key as Node] : [];
  if (!node.value || place === undefined) return emitter.range(node.start, node.end, computed);
  const { value } = node;
  const head = emitter.range(node.start, value.start, computed);
  return head + emitter.within(bareFrame(place), () => emitter.range(value.start, node.end, [value]));
}

export function emitStaticBlock(emitter: Emitter, node: StaticBlock): string {
  const place = emitter.facts.places.get(node);
  return place === undefined
    ? emitter.copy(node)
    : emitter.within(bareFrame(place), () => emitter.copy(node));
}

/** Null: the function is not suspended. */
function withStar(
  emitter: Emitter,
  node: MethodDefinition | Property | AssignmentProperty,
  value: FunctionNode,
): string | null {
  if (!placeOf(emitter, value).suspending) return null;
  // A computed key begins with its bracket.
  const key = node.computed ? emitter.file.tokenAt('[', node.start, node.key.end) : node.key.start;
  const before = emitter.file.slice(node.start, key);
  return `${before}*${emitter.range(key, value.start, node.computed ? [node.key as Node] : [])}${emitter.text(value)}`;
}

/** `(a) => x`: `(function*(a) { return x; })`, bound where it uses `this`. */
function emitArrow(emitter: Emitter, node: ArrowFunctionExpression, place: Place): string {
  const { params, body } = node;
  const afterParams = params.length > 0 ? params[params.length - 1].end : node.start;
  const arrow = emitter.file.tokenAt('=>', afterParams, body.start);
  const head = emitter.within(bareFrame(parametersOf(emitter, node)), () =>
    emitter.range(node.start, arrow, params),
  );
  const frame = bodyFrame(place);
  if (!place.suspending) return head + plainArrowBody(emitter, node, arrow, frame);
  checkArrow(emitter.file, node);
  const list = head.startsWith('(') ? head : `(${head})`;
  const isBlock = body.type === 'BlockStatement';
  const text = isBlock
    ? spaceTo(emitter, arrow, body) + blockText(emitter, body, frame)
    : returning(emitter, node, arrow, frame);
  const usesThis = lexicallyContains(node, (inner) => inner.type === 'ThisExpression');
  return `(function*${list}${text})${usesThis ? '.bind(this)' : ''}`;
}

function plainArrowBody(
  emitter: Emitter,
  node: ArrowFunctionExpression,
  arrow: number,
  frame: Frame,
): string {
  const { body } = node;
  if (body.type === 'BlockStatement')
    return `=>${spaceTo(emitter, arrow, body)}${blockText(emitter, body, frame)}`;
  const text = emitter.within(frame, () => emitter.range(arrow, node.end, [body]));
  if (frame.temporaries?.size === 0) return text;
  return `=> {${emitter.declarations(frame)} return (${text.slice(2)}); }`;
}

function returning(emitter: Emitter, node: ArrowFunctionExpression, arrow: number, frame: Frame): string {
  const text = emitter.within(frame, () => emitter.range(arrow + 2, node.end, [node.body]));
  return `{${emitter.declarations(frame)} return (${text}); }`;
}

function spaceTo(emitter: Emitter, arrow: number, body: Node): string {
  return emitter.file.slice(arrow + 2, body.start);
}

function emitBody(emitter: Emitter, body: Node, place: Place): string {
  return blockText(emitter, body, bodyFrame(place));
}

function blockText(emitter: Emitter, body: Node, frame: Frame): string {
  const text = emitter.within(frame, () => emitter.text(body));
  return `{${emitter.declarations(frame)}${text.slice(1)}`;
}

function placeOf(emitter: Emitter, node: FunctionNode): Place {
  const place = emitter.facts.places.get(node);
  if (place === undefined)
    throw new Error(`no facts about the function at ${node.start} of ${emitter.file.url}`);
  return place;
}

function parametersOf(emitter: Emitter, node: FunctionNode): Place {
  return emitter.facts.parameters.get(node) ?? placeOf(emitter, node);
}
