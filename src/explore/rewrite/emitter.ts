import type { SiteMark } from '../hooks.js';
import type { ColouredModule, Colouring } from './colouring.js';
import type { Fact, Facts } from './facts.js';
import type { Place } from './places.js';
import type { Sites } from './sites.js';
import type { SourceFile } from './sourceFile.js';
import { childrenOf, type Node } from './syntax.js';

/** What is being rewritten: the body of a function, its parameters, a field's value, the module. */
export interface Frame {
  readonly place: Place;
  /** Names to be declared at its top; null where nothing can be declared. */
  readonly temporaries: Set<string> | null;
}

/** Rewrites one node; the emitter calls it for each, and it calls the emitter for what is below. */
export type Rewrite = (emitter: Emitter, node: Node) => string | null;

/**
 * Turns a tree back into text, node by node. What is not rewritten is copied, with all that stands between the
 * children, so that each line stays where it was.
 */
export class Emitter {
  readonly facts: Facts;
  /** Begins all names that the rewriting introduces. */
  readonly $: string;
  frame: Frame;
  /** Nodes whose value is in a temporary already. */
  readonly substitutes = new Map<Node, string>();
  /** `this` of calls whose callee has been taken out of its object. */
  readonly receivers = new Map<Node, string>();
  /** Expressions whose value nobody uses. */
  readonly discarded = new Set<Node>();
  /** Statements of a list: an empty one may be put before each. */
  readonly listed = new Set<Node>();
  private temporaryCount = 0;

  constructor(
    readonly file: SourceFile,
    readonly module: ColouredModule,
    readonly colouring: Colouring,
    private readonly sites: Sites,
    private readonly rewrite: Rewrite,
  ) {
    this.facts = module.facts;
    this.$ = file.prefix;
    this.frame = { place: this.facts.top, temporaries: new Set() };
  }

  /** Whether the code being rewritten may yield. */
  get suspending(): boolean {
    return this.frame.place.suspending;
  }

  fact(node: Node): Fact | undefined {
    return this.facts.facts.get(node);
  }

  /** The node, rewritten. */
  text(node: Node): string {
    const substitute = this.substitutes.get(node);
    if (substitute !== undefined) return substitute;
    const rewritten = this.rewrite(this, node);
    return rewritten === null ? this.copy(node) : padded(rewritten, this.file.slice(node.start, node.end));
  }

  /** As `text`, fit to stand between commas. */
  argument(node: Node): string {
    return node.type === 'SequenceExpression' && !this.substitutes.has(node)
      ? `(${this.text(node)})`
      : this.text(node);
  }

  /** The node as it is, its children rewritten. */
  copy(node: Node): string {
    return this.range(node.start, node.end, childrenOf(node));
  }

  /** The source of a range, with these nodes in it rewritten. */
  range(start: number, end: number, nodes: readonly Node[]): string {
    let text = '';
    let at = start;
    for (const node of nodes) {
      text += this.file.slice(at, node.start) + this.text(node);
      at = node.end;
    }
    return text + this.file.slice(at, end);
  }

  /** A new temporary of the function. */
  temporary(node: Node): string {
    return this.declare(`${this.$}${++this.temporaryCount}`, node);
  }

  /** The temporary for results of calls, which are looked at at once. */
  result(node: Node): string {
    return this.declare(`${this.$}t`, node);
  }

  site(node: Node, marks: SiteMark | 0): number {
    return this.sites.add(this.file, node.start, this.frame.place.label, marks);
  }

  within<T>(frame: Frame, work: () => T): T {
    const outer = this.frame;
    this.frame = frame;
    try {
      return work();
    } finally {
      this.frame = outer;
    }
  }

  /** `let ...;` for the frame's temporaries. */
  declarations(frame: Frame): string {
    const names = frame.temporaries;
    return names === null || names.size === 0 ? '' : ` let ${[...names].join(', ')};`;
  }

  /** `f()`, where `f` may have become a generator and the code at hand cannot be suspended. */
  sync(call: string, node: Node, marks: SiteMark | 0): string {
    const site = this.site(node, marks);
    return `${this.$}.sync(${call}, ${site})`;
  }

  private declare(name: string, node: Node): string {
    if (this.frame.temporaries === null) {
      this.file.refuse(
        node,
        `too much at once for ${this.frame.place.what}; move it into a method or function`,
      );
    }
    this.frame.temporaries.add(name);
    return name;
  }
}

/** A frame for the body of a function or the module. */
export function bodyFrame(place: Place): Frame {
  return { place, temporaries: new Set() };
}

/** A frame for code that has no place for declarations. */
export function bareFrame(place: Place): Frame {
  return { place, temporaries: null };
}

/** Adds the line breaks that rewriting has dropped, before the closing bracket. */
function padded(text: string, source: string): string {
  const missing = lineBreaks(source) - lineBreaks(text);
  if (missing <= 0) return text;
  const at = text.endsWith(')') || text.endsWith('}') ? text.length - 1 : text.length;
  return text.slice(0, at) + '\n'.repeat(missing) + text.slice(at);
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
