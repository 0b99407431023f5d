import type { Hooks, Site } from '../hooks.js';
import { type ColouredModule, Colouring, type Export } from './colouring.js';
import { type Exports, exportsOf } from './exportsOf.js';
import { collectFacts, type Facts } from './facts.js';
import { evaluateModule, type Namespace } from './linker.js';
import { type Resolved, resolveSpecifier } from './resolve.js';
import { rewriteModule } from './rewriteModule.js';
import { Sites } from './sites.js';
import { SourceFile } from './sourceFile.js';

export { Refusal } from './refusal.js';

export interface ProgramOptions {
  /** What rewritten code calls. Also called while modules are evaluated, where only `sync` may be. */
  readonly hooks: Hooks;
  /** Modules that are served as they are. */
  readonly native: (url: string) => boolean;
  /** Names of methods and functions outside of the graph that may return suspended functions. */
  readonly suspending: readonly string[];
  /** Specifier to file URL: `ungil/race`. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** A module of the graph. */
class LoadedModule implements ColouredModule {
  readonly exports: Exports;
  readonly dependencies = new Map<string, LoadedModule | Namespace>();
  namespace: Namespace | null = null;

  constructor(
    readonly file: SourceFile,
    readonly facts: Facts,
  ) {
    this.exports = exportsOf(file.program);
  }

  resolve(source: string, name: string): Export {
    const dependency = this.dependencies.get(source);
    return dependency instanceof LoadedModule ? dependency.find(name, new Set()) : null;
  }

  /** Follows re-exports. */
  private find(name: string, seen: Set<LoadedModule>): Export {
    if (seen.has(this)) return null;
    seen.add(this);
    const local = this.exports.local.get(name);
    if (local !== undefined) {
      const from = this.facts.scopes.top(local)?.from;
      return from ? this.resolve(from.source, from.name) : { module: this.facts, local };
    }
    const indirect = this.exports.indirect.get(name);
    if (indirect !== undefined) return this.resolve(indirect.source, indirect.name);
    for (const source of this.exports.stars) {
      const dependency = this.dependencies.get(source);
      const found = dependency instanceof LoadedModule ? dependency.find(name, seen) : null;
      if (found !== null) return found;
    }
    return null;
  }
}

/**
 * A graph of compiled ES modules, rewritten so that its functions can be suspended wherever they touch shared
 * memory. Which functions those are depends on the whole graph, so all roots are loaded at once; a further root
 * needs a further Program, with its own copies of all modules.
 */
export class Program {
  private readonly modules = new Map<string, LoadedModule>();
  private readonly native = new Map<string, Promise<Namespace>>();
  /** In the order of evaluation: dependencies first. */
  private readonly order: LoadedModule[] = [];
  private readonly table = new Sites();
  private loaded = false;

  constructor(private readonly options: ProgramOptions) {}

  /** The places of all hooks, by number. Complete once `load` has returned. */
  get sites(): readonly Site[] {
    return this.table.all;
  }

  siteOf(id: number): Site {
    const site = this.table.all[id];
    if (site === undefined)
      throw new RangeError(`no site ${id}; sites are 0 to ${this.table.all.length - 1}`);
    return site;
  }

  /**
   * Loads and evaluates these modules (file URLs) with all they import, and returns their exports, in order. Only
   * once. Throws Refusal for code that cannot be explored, Error for what cannot be found, and what modules throw.
   */
  async load(roots: readonly string[]): Promise<Namespace[]> {
    if (this.loaded) throw new Error('a Program loads once: give it all roots at once');
    this.loaded = true;
    for (const url of roots) await this.visit(new URL(url).href, []);
    const colouring = new Colouring(this.order, this.options.suspending);
    for (const module of this.order) refuseGenerators(module, colouring);
    for (const module of this.order) this.evaluate(module, colouring);
    return roots.map((url) => this.modules.get(new URL(url).href)?.namespace ?? {});
  }

  private async visit(url: string, path: readonly string[]): Promise<LoadedModule> {
    const known = this.modules.get(url);
    if (known !== undefined) return known;
    const file = await SourceFile.read(url);
    const isLibrary = (source: string) => this.resolve(file, source).library;
    const module = new LoadedModule(file, collectFacts(file, isLibrary));
    const below = [...path, url];
    for (const source of module.exports.sources) {
      const resolved = this.resolve(file, source);
      if (below.includes(resolved.url)) file.refuse(importOf(file, source), `circular import of '${source}'`);
      module.dependencies.set(source, await this.dependency(resolved, below));
    }
    this.modules.set(url, module);
    this.order.push(module);
    return module;
  }

  private dependency(resolved: Resolved, path: readonly string[]): Promise<LoadedModule | Namespace> {
    if (!this.isNative(resolved)) return this.visit(resolved.url, path);
    const known = this.native.get(resolved.url);
    if (known !== undefined) return known;
    const loading = import(resolved.url) as Promise<Namespace>;
    this.native.set(resolved.url, loading);
    return loading;
  }

  private isNative(resolved: Resolved): boolean {
    return resolved.library || this.options.native(resolved.url);
  }

  private resolve(file: SourceFile, source: string): Resolved {
    return resolveSpecifier(source, file.url, this.options.aliases ?? {});
  }

  private evaluate(module: LoadedModule, colouring: Colouring): void {
    const { file, exports } = module;
    const code = rewriteModule(file, module, exports, colouring, this.table);
    const imports = exports.sources.map((source) => namespaceOf(module, source));
    checkImports(module);
    const importFrom = (specifier: string) => import(this.resolve(file, specifier).url);
    const local = evaluateModule(file.url, code, this.options.hooks, imports, importFrom);
    module.namespace = withReexports(module, local);
  }
}

function namespaceOf(module: LoadedModule, source: string): Namespace {
  const dependency = module.dependencies.get(source);
  return (dependency instanceof LoadedModule ? dependency.namespace : dependency) ?? {};
}

function withReexports(module: LoadedModule, local: Namespace): Namespace {
  const all: Record<string, unknown> = Object.create(null);
  for (const source of module.exports.stars) {
    for (const [name, value] of Object.entries(namespaceOf(module, source)))
      if (name !== 'default') all[name] = value;
  }
  for (const [name, from] of module.exports.indirect) {
    const namespace = namespaceOf(module, from.source);
    all[name] = from.name === '*' ? namespace : namespace[from.name];
  }
  return Object.freeze(Object.assign(all, local));
}

/** What the language checks when it links modules. */
function checkImports(module: LoadedModule): void {
  for (const statement of module.file.program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    const namespace = namespaceOf(module, String(statement.source.value));
    for (const one of statement.specifiers) {
      if (one.type === 'ImportNamespaceSpecifier') continue;
      const name = one.type === 'ImportDefaultSpecifier' ? 'default' : importedText(one.imported);
      if (name in namespace) continue;
      module.file.refuse(one, `'${statement.source.value}' does not export '${name}'`);
    }
  }
}

function importedText(node: { type: string; name?: string; value?: unknown }): string {
  return node.name ?? String(node.value);
}

function importOf(file: SourceFile, source: string): number {
  const found = file.program.body.find((one) => 'source' in one && one.source?.value === source);
  return found?.start ?? 0;
}

/** A call by name could not tell a generator of the code's own from a suspended function. */
function refuseGenerators(module: LoadedModule, colouring: Colouring): void {
  for (const [name, node] of module.facts.generators) {
    if (!colouring.isSuspending(name)) continue;
    module.file.refuse(
      node,
      `the generator '${name}' has the name of a method that can be suspended; rename it`,
    );
  }
}
