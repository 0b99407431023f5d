import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import type { Thread } from '#ungil/runtime/thread.js';

export const KINDS = ['list', 'tuple', 'dict', 'table', 'instance'] as const;
export type Kind = (typeof KINDS)[number];

/** Objects by number, and whom they refer to. A tuple refers to lower numbers only, and is not empty. */
export interface Graph {
  readonly kinds: readonly Kind[];
  readonly edges: readonly (readonly number[])[];
  readonly roots: readonly number[];
}

/** Attributes that an instance has room for. */
export const ATTRIBUTES = ['a', 'b', 'c'];

/** Where the roots of `makeGraph` are. */
export const ROOTS = Control.Scratch + 1024;

/** Makes the objects; returns them by number. The roots' words have tags, as on a stack. */
export function makeGraph(thread: Thread, { kinds, edges, roots }: Graph): Ref[] {
  const { lists, tuples, dicts, instances, strings, numbers } = thread;
  const type = instances.createType('Node', ATTRIBUTES, 0);
  const objects: Ref[] = [];
  kinds.forEach((kind, i) => {
    if (kind === 'list') objects.push(lists.create());
    else if (kind === 'tuple')
      objects.push(
        tuples.create([numbers.int(i), ...edges[i].filter((to) => to < i).map((to) => objects[to])]),
      );
    else if (kind === 'instance') objects.push(instances.create(type));
    else objects.push(dicts.create());
  });
  kinds.forEach((kind, i) => {
    edges[i].forEach((to, nth) => {
      if (kind === 'list') lists.append(objects[i], objects[to]);
      else if (kind === 'dict') dicts.set(objects[i], strings.intern(`k${nth}`), objects[to]);
      else if (kind === 'table') dicts.set(objects[i], numbers.int(nth), objects[to]);
      else if (kind === 'instance' && nth < ATTRIBUTES.length) {
        instances.setAttr(objects[i], strings.intern(ATTRIBUTES[nth]), objects[to]);
      }
    });
  });
  roots.forEach((root, nth) => {
    thread.i32[ROOTS + nth] = objects[root] | (nth & 1);
  });
  return objects;
}

/** What the roots lead to, as JavaScript sees it. */
export function reachable({ kinds, edges, roots }: Graph): Set<number> {
  const seen = new Set<number>();
  const left = [...roots];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    edges[node].forEach((to, nth) => {
      if (kinds[node] === 'tuple' && to >= node) return;
      if (kinds[node] === 'instance' && nth >= ATTRIBUTES.length) return;
      left.push(to);
    });
  }
  return seen;
}

/** A large graph of many shapes: long lists, chains with something at each link, trees, and edges at random. */
export function largeGraph(size: number, seed: number): Graph {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const kinds: Kind[] = [];
  const edges: number[][] = [];
  for (let i = 0; i < size; i++) {
    kinds.push(KINDS[random(KINDS.length)]);
    edges.push([]);
  }
  const quarter = size >> 2;
  kinds[0] = 'list';
  for (let i = 1; i < quarter; i++) edges[0].push(i);
  for (let i = quarter; i + 2 < 2 * quarter; i += 2) {
    kinds[i] = 'list';
    edges[i].push(i + 1, i + 2);
  }
  for (let i = 2 * quarter; i < 3 * quarter; i++) {
    const child = 2 * (i - 2 * quarter) + 1 + 2 * quarter;
    for (const to of [child, child + 1]) if (to < 3 * quarter) edges[i].push(to);
  }
  for (let n = 0; n < size; n++) edges[random(size)].push(random(size));
  return { kinds, edges, roots: [0, quarter, 2 * quarter, 3 * quarter] };
}
