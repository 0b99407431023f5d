import type { ExportDefaultDeclaration, ImportDeclaration, ModuleDeclaration, Statement } from 'acorn';
import type { ColouredModule, Colouring } from './colouring.js';
import { Emitter } from './emitter.js';
import { DEFAULT_EXPRESSION, type Exports } from './exportsOf.js';
import { rewriteNode } from './expressions.js';
import { importedName } from './scopes.js';
import type { Sites } from './sites.js';
import type { SourceFile } from './sourceFile.js';
import type { Node } from './syntax.js';

/** The code of a module as the body of a function. */
export interface RewrittenModule {
  readonly code: string;
  /** Names of its parameters: hooks, namespaces of the imports, `get`, `callback`, `import` (see linker.ts). */
  readonly parameters: readonly string[];
}

/**
 * Rewrites a module into the body of a function that returns its local exports. Lines stay where they are: what
 * is added stands on the first line and after the last.
 */
export function rewriteModule(
  file: SourceFile,
  module: ColouredModule,
  exports: Exports,
  colouring: Colouring,
  sites: Sites,
): RewrittenModule {
  const emitter = new Emitter(file, module, colouring, sites, rewriteNode);
  const { $ } = emitter;
  checkExports(file, module, exports);
  let body = '';
  let at = 0;
  for (const statement of file.program.body) {
    emitter.listed.add(statement);
    body += file.slice(at, statement.start) + emitTop(emitter, statement);
    at = statement.end;
  }
  body += file.slice(at, file.text.length);
  if (body.startsWith('#!')) body = `//${body}`;
  const imports = importText(emitter, exports);
  const result = `\n;return { __proto__: null${exportText(emitter, exports)} };`;
  const code = `"use strict";${imports}${emitter.declarations(emitter.frame)} ${body}${result}`;
  return { code, parameters: [$, `${$}i`, `${$}get`, `${$}callback`, `${$}import`] };
}

/** Importers take the values once, when the module has been evaluated. */
function checkExports(file: SourceFile, module: ColouredModule, exports: Exports): void {
  for (const [exported, local] of exports.local) {
    if (local === DEFAULT_EXPRESSION) continue;
    const binding = module.facts.scopes.top(local);
    if (binding === undefined) file.refuse(0, `'${exported}' is exported but not declared`);
    if (binding.assignedLater)
      file.refuse(binding.value ?? 0, `the exported variable '${exported}' changes later`);
  }
}

function emitTop(emitter: Emitter, statement: Statement | ModuleDeclaration): string {
  const { file } = emitter;
  switch (statement.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return blank(file.slice(statement.start, statement.end));
    case 'ExportNamedDeclaration': {
      const { declaration } = statement;
      if (!declaration) return blank(file.slice(statement.start, statement.end));
      return blank(file.slice(statement.start, declaration.start)) + emitter.text(declaration);
    }
    case 'ExportDefaultDeclaration':
      return emitDefault(emitter, statement);
    default:
      return emitter.text(statement);
  }
}

function emitDefault(emitter: Emitter, statement: ExportDefaultDeclaration): string {
  const declaration = statement.declaration as Node;
  const gap = blank(emitter.file.slice(statement.start, declaration.start));
  const text = emitter.text(declaration);
  const isNamed =
    (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id;
  return isNamed ? gap + text : `${gap}const ${emitter.$}default = (${text});`;
}

/** `const { a: b } = $i[0];` for each import; the namespaces stand in the order of `Exports.sources`. */
function importText(emitter: Emitter, exports: Exports): string {
  let text = '';
  for (const statement of emitter.file.program.body) {
    if (statement.type === 'ImportDeclaration') text += importOne(emitter, statement, exports);
  }
  return text;
}

function importOne(emitter: Emitter, statement: ImportDeclaration, exports: Exports): string {
  const namespace = `${emitter.$}i[${exports.sources.indexOf(String(statement.source.value))}]`;
  return statement.specifiers
    .map((one) => {
      const name = importedName(one);
      return ` const ${one.local.name} = ${name === '*' ? namespace : `${namespace}[${JSON.stringify(name)}]`};`;
    })
    .join('');
}

function exportText(emitter: Emitter, exports: Exports): string {
  return [...exports.local]
    .map(
      ([name, local]) =>
        `, ${JSON.stringify(name)}: ${local === DEFAULT_EXPRESSION ? `${emitter.$}default` : local}`,
    )
    .join('');
}

/** Nothing but the line breaks. */
function blank(text: string): string {
  return text.replace(/[^\n]+/g, '');
}
