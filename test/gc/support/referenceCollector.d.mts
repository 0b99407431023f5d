import type { SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Ref } from '#ungil/refcount/refCounter.js';

/** An object that can hold references, as it was in a memory at rest. */
export interface Node {
  readonly type: Ref;
  readonly tracked: boolean;
  /** Counted references that it holds, in the order of its words. */
  readonly refs: readonly Ref[];
  /** A weak reference: what it refers to, 0 if that is dead. */
  readonly target?: Ref;
}

export type Graph = ReadonlyMap<Ref, Node>;

/** All objects that can hold references. No thread runs. */
export function graphOf(memory: SharedMemory): Map<Ref, Node>;
/** What can be reached from the roots. */
export function reachable(graph: Graph, roots: Iterable<Ref>): Set<Ref>;
