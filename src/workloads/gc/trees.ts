import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';

/** Attributes of a node. `Parent` is set in trees whose nodes know their parents only. */
export const enum Node {
  Left = 0,
  Right = 1,
  Parent = 2,
}

export function createNodeClass(t: Thread, attributes: readonly string[]): Ref {
  return t.instances.createType('Node', attributes, 0);
}

/** Nodes of a full tree whose root is `depth` above its leaves. */
export function nodesOf(depth: number): number {
  return 2 ** (depth + 1) - 1;
}

/** Full binary trees of instances. Polls at each node, as a call in Python would. One a worker. */
export class Trees {
  private readonly instances: Thread['instances'];
  private readonly refs: Thread['refs'];
  private readonly state: Thread['state'];
  private type: Ref = 0;

  constructor(t: Thread) {
    this.instances = t.instances;
    this.refs = t.refs;
    this.state = t.state;
  }

  /** `type`: of `createNodeClass`; borrowed until the end of the run. */
  start(type: Ref): void {
    this.type = type;
  }

  /** From the leaves up; a new reference. */
  bottomUp(depth: number): Ref {
    this.state.poll();
    if (depth === 0) return this.instances.create(this.type);
    const left = this.bottomUp(depth - 1);
    const right = this.bottomUp(depth - 1);
    const node = this.instances.create(this.type);
    this.give(node, Node.Left, left);
    this.give(node, Node.Right, right);
    return node;
  }

  /** From the root down; a new reference. */
  topDown(depth: number): Ref {
    const root = this.instances.create(this.type);
    this.populate(root, depth);
    return root;
  }

  /** From the leaves up, every node with a reference to its parent: a tree of cycles. A new reference. */
  linked(depth: number): Ref {
    this.state.poll();
    const node = this.instances.create(this.type);
    if (depth === 0) return node;
    this.adopt(node, Node.Left, this.linked(depth - 1));
    this.adopt(node, Node.Right, this.linked(depth - 1));
    return node;
  }

  /** Makes `child`, a reference that is stolen, a child of `node`, and the node its parent. */
  adopt(node: Ref, place: Node, child: Ref): void {
    this.instances.setSlot(child, Node.Parent, node);
    this.give(node, place, child);
  }

  /** Node at the end of the path that the bits of `path` name, `steps` below the root; a new reference. */
  descend(root: Ref, steps: number, path: number): Ref {
    let node = root;
    this.refs.incref(node);
    for (let step = 0; step < steps; step++) {
      const child = this.instances.getSlot(node, (path >> step) & 1);
      this.refs.decref(node);
      node = child;
    }
    return node;
  }

  /** Nodes of a tree, or -1 if one has a single child. */
  count(node: Ref): number {
    const left = this.instances.getSlot(node, Node.Left);
    const right = this.instances.getSlot(node, Node.Right);
    if (left === 0 || right === 0) return left === right ? 1 : -1;
    const before = this.count(left);
    const behind = this.count(right);
    this.refs.decref(left);
    this.refs.decref(right);
    return before < 0 || behind < 0 ? -1 : 1 + before + behind;
  }

  /** Of a tree of `linked` nodes: how many children do not know their parents. */
  strays(node: Ref): number {
    return this.strayChild(node, Node.Left) + this.strayChild(node, Node.Right);
  }

  private strayChild(node: Ref, place: Node): number {
    const child = this.instances.getSlot(node, place);
    if (child === 0) return 0;
    const parent = this.instances.getSlot(child, Node.Parent);
    const strays = (parent === node ? 0 : 1) + this.strays(child);
    if (parent !== 0) this.refs.decref(parent);
    this.refs.decref(child);
    return strays;
  }

  private populate(node: Ref, depth: number): void {
    this.state.poll();
    if (depth === 0) return;
    const left = this.instances.create(this.type);
    const right = this.instances.create(this.type);
    this.instances.setSlot(node, Node.Left, left);
    this.instances.setSlot(node, Node.Right, right);
    this.populate(left, depth - 1);
    this.populate(right, depth - 1);
    this.refs.decref(left);
    this.refs.decref(right);
  }

  private give(node: Ref, place: Node, child: Ref): void {
    this.instances.setSlot(node, place, child);
    this.refs.decref(child);
  }
}
