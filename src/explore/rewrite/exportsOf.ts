import type { Program } from 'acorn';
import { moduleName, patternNames } from './scopes.js';
import type { Node } from './syntax.js';

/** The import and export lists of one module. */
export interface Exports {
  /** Exported name to the name in the module. `*default*`: an expression. */
  readonly local: ReadonlyMap<string, string>;
  /** Exported name to where it comes from; name `*`: the namespace. */
  readonly indirect: ReadonlyMap<string, { readonly source: string; readonly name: string }>;
  /** Specifiers of `export *`. */
  readonly stars: readonly string[];
  /** Specifiers of everything that must be evaluated before, in order; each once. */
  readonly sources: readonly string[];
}

export const DEFAULT_EXPRESSION = '*default*';

/** Collects them. */
export function exportsOf(program: Program): Exports {
  const local = new Map<string, string>();
  const indirect = new Map<string, { source: string; name: string }>();
  const stars: string[] = [];
  const sources = new Set<string>();
  for (const statement of program.body) {
    if ('source' in statement && statement.source) sources.add(String(statement.source.value));
    if (statement.type === 'ExportAllDeclaration') {
      const source = String(statement.source.value);
      if (statement.exported) indirect.set(moduleName(statement.exported), { source, name: '*' });
      else stars.push(source);
    } else if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement;
      const id = 'id' in declaration ? declaration.id : null;
      const isDeclaration =
        declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration';
      local.set('default', isDeclaration && id ? id.name : DEFAULT_EXPRESSION);
    } else if (statement.type === 'ExportNamedDeclaration') {
      for (const name of statement.declaration ? declaredNames(statement.declaration) : [])
        local.set(name, name);
      for (const one of statement.specifiers) {
        const [name, exported] = [moduleName(one.local), moduleName(one.exported)];
        if (statement.source) indirect.set(exported, { source: String(statement.source.value), name });
        else local.set(exported, name);
      }
    }
  }
  return { local, indirect, stars, sources: [...sources] };
}

function declaredNames(node: Node): string[] {
  if (node.type === 'VariableDeclaration') {
    return node.declarations.flatMap((one) => patternNames(one.id).map((name) => name.name));
  }
  const id = 'id' in node ? node.id : null;
  return id && id.type === 'Identifier' ? [id.name] : [];
}
