/** Later siblings as large as the first that are taken for granted, until enough real ones have been seen. */
const PRIOR = 8;
/** Executions before which there is no telling the rate. */
const ENOUGH = 10;

/**
 * Size of a tree that is being searched depth first, in leaves (executions), from what has been seen of it: Knuth
 * ("Estimating the efficiency of backtrack programs", 1975), in the recursive form of Kilby, Slaney, Thiébaux and
 * Walsh (AAAI 2006): subtrees that are done count as they are, those to come like their siblings.
 *
 * Under partial order reduction the alternatives of a node become known one by one, and later siblings are smaller
 * than the first, since sleep sets cut them. The first makes the estimate grow as the search goes on; the second is
 * measured over the whole tree and taken into account.
 */
export class TreeEstimate {
  /** Executions that have ended. */
  executed = 0;
  /** By depth, along the current path: alternatives that are done, leaves in them, leaves in the first of them. */
  private readonly done: number[] = [];
  private readonly leaves: number[] = [];
  private readonly first: number[] = [];
  /** Sum of the sizes of later siblings, and what it would be were each as large as the first. */
  private laterLeaves = PRIOR;
  private laterByFirst = PRIOR;

  /**
   * An execution has ended, and the search goes back to the node at `depth` (from 0, the root) to take its next
   * alternative. Costs as much as the nodes that it leaves.
   */
  advance(depth: number): void {
    let size = 1;
    while (this.done.length > depth + 1) size = this.leaveNode(size);
    while (this.done.length <= depth) {
      this.done.push(0);
      this.leaves.push(0);
      this.first.push(0);
    }
    this.noteChild(depth, size);
    this.done[depth]++;
    this.leaves[depth] += size;
    this.executed++;
  }

  /** The deepest node is done with its last child, of this size. Returns the size of the whole. */
  private leaveNode(size: number): number {
    this.noteChild(this.done.length - 1, size);
    this.done.pop();
    this.first.pop();
    return size + (this.leaves.pop() as number);
  }

  private noteChild(depth: number, size: number): void {
    if (this.done[depth] === 0) {
      this.first[depth] = size;
    } else {
      this.laterLeaves += size;
      this.laterByFirst += this.first[depth];
    }
  }

  /**
   * Executions of the whole search, with the one at hand; `known[depth]`: the alternatives known so far of the node
   * at that depth of the current path, done and current ones among them, for each depth below `depths`. Never less
   * than what has been done; at most 2^53 - 1, which stands for "too many".
   */
  total(known: ArrayLike<number>, depths = known.length): number {
    let size = 1;
    for (let depth = depths - 1; depth >= 0; depth--) {
      const done = this.done[depth] ?? 0;
      const here = (this.leaves[depth] ?? 0) + size;
      const toCome = Math.max(0, known[depth] - done - 1);
      size = here + toCome * this.sibling(depth, done, size);
    }
    return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Math.round(size), this.executed));
  }

  /** Size of an alternative to come: like the later ones so far, or like the first and smaller by the usual factor. */
  private sibling(depth: number, done: number, current: number): number {
    if (done === 0) return Math.max(1, (current * this.laterLeaves) / this.laterByFirst);
    return (this.leaves[depth] - this.first[depth] + current) / done;
  }

  /**
   * Milliseconds to the end of the search at the rate so far: `total` as estimated, `elapsedMs` since its start.
   * Null while too little has been done to tell.
   */
  leftMs(total: number, elapsedMs: number): number | null {
    if (this.executed < ENOUGH || !(elapsedMs > 0)) return null;
    return (Math.max(0, total - this.executed) * elapsedMs) / this.executed;
  }
}
