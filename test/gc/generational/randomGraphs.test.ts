import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Control } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { GcScene } from './gcScene.js';

type Kind = 'list' | 'dict' | 'instance' | 'tuple';

type Step =
  | { readonly do: 'make'; readonly kind: Kind; readonly to: number }
  | { readonly do: 'link'; readonly from: number; readonly to: number }
  | { readonly do: 'ring'; readonly first: number; readonly second: number }
  | { readonly do: 'clear'; readonly at: number }
  | { readonly do: 'drop'; readonly at: number }
  | { readonly do: 'collect'; readonly generation: number }
  | { readonly do: 'freeze' | 'unfreeze' };

const index = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('make' as const),
      kind: fc.constantFrom<Kind>('list', 'list', 'dict', 'instance', 'instance', 'tuple'),
      to: index,
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('link' as const), from: index, to: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), at: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ring' as const), first: index, second: index }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('drop' as const), at: index }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('collect' as const), generation: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('freeze' as const, 'unfreeze' as const) }) },
);

/** The program's references, the heap beside them as JavaScript knows it. */
class Graph {
  readonly s: GcScene;
  /** What the program holds, one reference each. */
  private readonly held: Ref[] = [];
  private readonly type: Ref;
  collected = 0;
  private names = 0;

  constructor(build: string) {
    this.s = new GcScene(build);
    this.type = this.s.newClass('a', 'b', 'c');
    this.held.push(this.type, this.s.list());
  }

  run(step: Step): void {
    switch (step.do) {
      case 'make':
        this.held.push(this.make(step.kind, this.at(step.to)));
        return;
      case 'link':
        this.link(this.at(step.from), this.at(step.to));
        return;
      case 'ring':
        this.link(this.at(step.first), this.at(step.second));
        this.link(this.at(step.second), this.at(step.first));
        return;
      case 'clear':
        this.clear(this.at(step.at));
        return;
      case 'drop':
        // The class and one list stay.
        if (this.held.length > 2) this.s.drop(...this.held.splice(2 + (step.at % (this.held.length - 2)), 1));
        return;
      case 'collect':
        this.collected += this.s.collect(step.generation);
        return;
      case 'freeze':
        this.s.collector.freeze();
        return;
      case 'unfreeze':
        this.s.collector.unfreeze();
    }
  }

  /** What the program can reach. */
  reachable(): Set<Ref> {
    const seen = new Set<Ref>(this.held);
    for (const object of seen) for (const target of this.s.referents(object)) seen.add(target);
    return seen;
  }

  private at(place: number): Ref {
    return this.held[place % this.held.length]!;
  }

  private make(kind: Kind, to: Ref): Ref {
    const { t } = this.s;
    switch (kind) {
      case 'list':
        return this.s.list(to);
      case 'dict':
        return this.s.dict('first', to);
      case 'instance':
        return t.instances.create(this.type);
      case 'tuple':
        return t.tuples.create([Control.None, to]);
    }
  }

  private kindOf(object: Ref): string {
    const { t } = this.s;
    return t.strings.text(this.s.heap[this.s.heap[object + 3]! + 5]!);
  }

  private link(from: Ref, to: Ref): void {
    const { t } = this.s;
    const kind = this.kindOf(from);
    if (kind === 'list') t.lists.append(from, to);
    else if (kind === 'dict') t.dicts.set(from, t.strings.intern(`name${this.names++ % 7}`), to);
    else if (kind === 'Thing') t.instances.setAttr(from, t.strings.intern('abc'[this.names++ % 3]!), to);
  }

  private clear(object: Ref): void {
    const { t } = this.s;
    if (this.kindOf(object) === 'list') t.lists.clear(object);
    else if (this.kindOf(object) === 'dict') t.dicts.clear(object);
    else if (this.kindOf(object) === 'Thing') this.s.drop(t.instances.dictOf(object));
  }
}

test.each(['gil', 'gil:refcount=side-table'])(
  'a full collection leaves exactly what the program reaches, build %s',
  (build) => {
    let collected = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 200 }), (steps) => {
        const graph = new Graph(build);
        for (const step of steps) {
          graph.run(step);
          const tracked = graph.s.tracked();
          // Whatever the program reaches is alive: the collection would have emptied it, or more.
          if (step.do === 'collect') graph.s.sound();
          if (step.do !== 'collect' || step.generation < 2 || graph.s.collector.freezeCount() > 0) continue;
          const reachable = graph.reachable();
          for (const object of tracked) expect(reachable.has(object)).toBe(true);
        }
        graph.s.collector.unfreeze();
        const before = graph.reachable();
        collected += graph.collected + graph.s.collect();
        expect(graph.reachable()).toEqual(before);
        for (const object of graph.s.tracked()) expect(before.has(object)).toBe(true);
        expect(graph.s.collect()).toBe(0);
      }),
      { numRuns: 40 },
    );
    // The programs do make cyclic garbage.
    expect(collected, 'objects in cyclic garbage').toBeGreaterThan(40);
  },
);
