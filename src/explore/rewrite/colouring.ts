import { BUILT_IN_METHODS } from './builtIns.js';
import type { Facts } from './facts.js';
import { PlaceKind } from './places.js';
import type { Node } from './syntax.js';
import type { Target } from './targets.js';

/** How a call is rewritten. */
export const enum Colour {
  /** Never reaches a function that can be suspended. */
  Plain = 0,
  /** May return such a function's generator: looked at when it has returned. */
  Maybe = 1,
  /** Reaches nothing else. */
  Suspending = 2,
}

/** What a module exports under a name, found through re-exports; null: something that is not rewritten. */
export type Export = { readonly module: Facts; readonly local: string } | null;

export interface ColouredModule {
  readonly facts: Facts;
  resolve(source: string, name: string): Export;
}

/**
 * Which functions of a whole graph of modules must become generators: those that access shared memory, and those
 * that call one of them or call what nobody knows. The least fixed point; the graph must be complete.
 */
export class Colouring {
  private readonly placeOf = new Map<Node, { suspending: boolean }>();
  private readonly names: ReadonlySet<string>;
  /** Names of methods, fields and properties that hold functions anywhere in the graph. */
  private readonly defined = new Set<string>();
  private readonly getters = new Set<string>();
  private readonly forwarders = new Set<string>();
  private readonly suspendingNames: Set<string>;

  /** `names`: methods of code outside of the graph that return suspended functions. */
  constructor(
    private readonly modules: readonly ColouredModule[],
    names: readonly string[],
  ) {
    this.names = new Set(names);
    this.suspendingNames = new Set(names);
    for (const { facts } of modules) {
      for (const [node, place] of facts.places) this.placeOf.set(node, place);
      for (const name of facts.names.keys()) this.defined.add(name);
      for (const name of facts.getters) this.getters.add(name);
      for (const name of facts.forwarders) this.forwarders.add(name);
    }
    while (this.spread());
  }

  /** What must be done about a call of one of these. */
  of(module: ColouredModule, targets: readonly Target[]): Colour {
    if (!targets.some((target) => this.mayGenerate(module, target, 0))) return Colour.Plain;
    return targets.length === 1 && this.isFunction(module, targets[0], 0) ? Colour.Suspending : Colour.Maybe;
  }

  /** Whether anything in the graph has a method or property with a function of this name. */
  defines(name: string): boolean {
    return this.defined.has(name);
  }

  /** Whether reading a property of this name may run code. */
  isGetter(name: string): boolean {
    return this.getters.has(name);
  }

  /** Whether the call may reach a method that only stands for an operation of `Atomics`. */
  mayForward(targets: readonly Target[]): boolean {
    return targets.some((target) => target.kind === 'name' && this.forwarders.has(target.name));
  }

  /** Whether methods of this name can be suspended. */
  isSuspending(name: string): boolean {
    return this.suspendingNames.has(name);
  }

  private spread(): boolean {
    let changed = false;
    for (const module of this.modules) {
      for (const place of module.facts.places.values()) {
        if (place.kind !== PlaceKind.Body || place.suspending) continue;
        if (!place.direct && this.of(module, place.calls) === Colour.Plain) continue;
        place.suspending = true;
        changed = true;
      }
      for (const [name, targets] of module.facts.names) {
        if (this.suspendingNames.has(name) || this.of(module, targets) === Colour.Plain) continue;
        this.suspendingNames.add(name);
        changed = true;
      }
    }
    return changed;
  }

  /** Neither the graph's nor the language's: from outside, or put there under a computed key. */
  private isStrange(name: string): boolean {
    return !this.defined.has(name) && !BUILT_IN_METHODS.has(name);
  }

  private mayGenerate(module: ColouredModule, target: Target, depth: number): boolean {
    switch (target.kind) {
      case 'plain':
        return false;
      case 'unknown':
        return true;
      case 'name':
        return this.suspendingNames.has(target.name) || this.isStrange(target.name);
      case 'function':
        return this.placeOf.get(target.node)?.suspending ?? false;
      case 'import':
        return this.follow(module, target, depth, (owner, next) => this.mayGenerate(owner, next, depth + 1));
    }
  }

  private isFunction(module: ColouredModule, target: Target, depth: number): boolean {
    if (target.kind === 'function') return true;
    if (target.kind !== 'import' || module.resolve(target.source, target.name) === null) return false;
    return this.follow(module, target, depth, (owner, next) => this.isFunction(owner, next, depth + 1));
  }

  private follow(
    module: ColouredModule,
    target: Target & { kind: 'import' },
    depth: number,
    test: (owner: ColouredModule, target: Target) => boolean,
  ): boolean {
    const found = module.resolve(target.source, target.name);
    if (found === null) return this.names.has(target.name);
    const owner = this.modules.find((one) => one.facts === found.module);
    const binding = found.module.scopes.top(found.local);
    if (owner === undefined || depth > 32) return true;
    // No binding: the expression of `export default`.
    if (binding === undefined) return test(owner, { kind: 'unknown' });
    const targets = found.module.targets.ofBinding(binding);
    return targets.length === 1 ? test(owner, targets[0]) : this.of(owner, targets) !== Colour.Plain;
  }
}
