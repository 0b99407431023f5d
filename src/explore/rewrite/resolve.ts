import { createRequire, isBuiltin } from 'node:module';
import { pathToFileURL } from 'node:url';
import { OWN_SOURCES } from './sourceFile.js';

/** Where a specifier leads. */
export interface Resolved {
  readonly url: string;
  /** A package or a part of Node: never rewritten, and it cannot call functions that can be suspended. */
  readonly library: boolean;
}

const OWN_IMPORT = '#ungil/';

/** Resolves as Node does for `import`; `aliases`: specifier to file URL. Throws Error for what is not found. */
export function resolveSpecifier(
  specifier: string,
  parent: string,
  aliases: Readonly<Record<string, string>>,
): Resolved {
  if (Object.hasOwn(aliases, specifier)) return { url: aliases[specifier], library: false };
  if (isBuiltin(specifier)) return { url: specifier, library: true };
  if (specifier.startsWith(OWN_IMPORT)) {
    return { url: new URL(specifier.slice(OWN_IMPORT.length), OWN_SOURCES).href, library: false };
  }
  if (/^(?:\.{0,2}\/|file:)/.test(specifier)) return { url: new URL(specifier, parent).href, library: false };
  return { url: packageUrl(specifier, parent), library: true };
}

/** From where the importing module is; else a package that this one brings. */
function packageUrl(specifier: string, parent: string): string {
  for (const from of [parent, import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve(specifier)).href;
    } catch {
      // Perhaps it is only there for `import`.
    }
  }
  return import.meta.resolve(specifier);
}
