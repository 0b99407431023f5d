import type { ExpressionStatement, MemberExpression } from 'acorn';
import {
  emitAtomic,
  emitClock,
  emitCompound,
  emitFill,
  emitRead,
  emitUpdate,
  emitWrite,
} from './accesses.js';
import { emitCall, emitNew } from './calls.js';
import { emitChain, emitMember } from './chains.js';
import type { Emitter } from './emitter.js';
import type { Fact } from './facts.js';
import { emitField, emitFunction, emitMethodDefinition, emitProperty, emitStaticBlock } from './functions.js';
import { isFunction, memberName, type Node } from './syntax.js';

/** The rewriting of one node; null: it is copied. */
export function rewriteNode(emitter: Emitter, node: Node): string | null {
  if (isFunction(node)) return emitFunction(emitter, node);
  const fact = emitter.fact(node);
  if (fact !== undefined) return rewriteFact(emitter, node, fact);
  switch (node.type) {
    case 'ChainExpression':
      return emitChain(emitter, node);
    case 'MethodDefinition':
      return emitMethodDefinition(emitter, node);
    case 'PropertyDefinition':
      return emitField(emitter, node);
    case 'Property':
      return emitProperty(emitter, node);
    case 'NewExpression':
      return emitNew(emitter, node);
    case 'ExpressionStatement':
      return emitStatement(emitter, node);
    case 'BlockStatement':
    case 'StaticBlock':
      for (const statement of node.body) emitter.listed.add(statement);
      return node.type === 'StaticBlock' ? emitStaticBlock(emitter, node) : null;
    case 'SwitchCase':
      for (const statement of node.consequent) emitter.listed.add(statement);
      return null;
    case 'ForStatement':
      if (node.update) emitter.discarded.add(node.update);
      return null;
    case 'MemberExpression':
      return plainMember(emitter, node);
    case 'MetaProperty':
      if (node.meta.name === 'import')
        emitter.file.refuse(node, 'import.meta is known only by its url, filename and dirname');
      return null;
    case 'ImportExpression':
      if (emitter.suspending) emitter.file.refuse(node, 'import() in code that can be suspended');
      return `${emitter.$}import${emitter.range(node.start + 'import'.length, node.end, [node.source])}`;
    default:
      return null;
  }
}

function rewriteFact(emitter: Emitter, node: Node, fact: Fact): string | null {
  const { $ } = emitter;
  switch (fact.kind) {
    case 'random':
      return `${$}.random()`;
    case 'origin':
      return '0';
    case 'atomics':
      return `${$}.atomics`;
    case 'clock':
      return emitClock(emitter, node, fact.marks);
  }
  if (node.type === 'MemberExpression') return emitRead(emitter, node, fact.marks);
  if (node.type === 'UpdateExpression') return emitUpdate(emitter, node, fact.marks);
  if (node.type === 'AssignmentExpression') {
    return fact.kind === 'write'
      ? emitWrite(emitter, node, fact.marks)
      : emitCompound(emitter, node, fact.marks);
  }
  if (node.type !== 'CallExpression' && node.type !== 'TaggedTemplateExpression') return null;
  if (fact.kind === 'call') return emitCall(emitter, node, fact.targets, fact.marks);
  if (node.type !== 'CallExpression') return null;
  if (fact.kind === 'atomic') return emitAtomic(emitter, node, fact.op, fact.marks);
  return fact.kind === 'fill' ? emitFill(emitter, node, fact.name, fact.marks) : null;
}

/** A statement that now begins with a bracket must not go on with the one before, which may lack its semicolon. */
function emitStatement(emitter: Emitter, node: ExpressionStatement): string {
  emitter.discarded.add(node.expression);
  const text = emitter.copy(node);
  const begins = text.startsWith('(') && emitter.file.text[node.start] !== '(';
  return begins && emitter.listed.has(node) ? `;${text}` : text;
}

function plainMember(emitter: Emitter, node: MemberExpression): string | null {
  const { object } = node;
  if (object.type === 'MetaProperty' && object.meta.name === 'import') return metaText(emitter, node);
  return node.object.type !== 'Super' && emitter.substitutes.has(object) ? emitMember(emitter, node) : null;
}

function metaText(emitter: Emitter, node: MemberExpression): string {
  const url = new URL(emitter.file.url);
  const name = memberName(node);
  if (name === 'url') return JSON.stringify(url.href);
  if (name === 'filename') return JSON.stringify(decodeURIComponent(url.pathname));
  if (name === 'dirname')
    return JSON.stringify(decodeURIComponent(new URL('.', url).pathname.replace(/\/$/, '')));
  return emitter.file.refuse(node, `import.meta.${name} is not known here`);
}
