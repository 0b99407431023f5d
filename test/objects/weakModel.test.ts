import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeakrefObject } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { LifeWorld, SCHEMES } from './support/lifeWorld.js';

const SIZE = 6;
const place = fc.nat({ max: SIZE - 1 });

type Step =
  | ['make' | 'drop' | 'refer' | 'call' | 'forget' | 'get', number, number]
  | ['setKey' | 'setValue' | 'deleteKey' | 'deleteValue', number, number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...([
        'make',
        'drop',
        'refer',
        'call',
        'forget',
        'get',
        'setKey',
        'setValue',
        'deleteKey',
        'deleteValue',
      ] as const),
    ),
    place,
    place,
  ) as fc.Arbitrary<Step>,
  { maxLength: 80 },
);

/** A weakref and the number of its object, which numbers are never used again. */
interface Made {
  readonly ref: Ref;
  readonly object: number;
  readonly called: boolean;
}

/** The runtime's objects beside what must be true of them. */
class Model {
  readonly world;
  readonly type: Ref;
  readonly callback: Ref;
  readonly keys: Ref;
  readonly values: Ref;
  /** By place: the object there, and its number; 0 none. */
  readonly objects: { ref: Ref; id: number }[] = Array.from({ length: SIZE }, () => ({ ref: 0, id: 0 }));
  readonly made: Made[] = [];
  readonly log: Ref[] = [];
  readonly byKey = new Map<number, number>();
  readonly byValue = new Map<number, number>();
  private next = 1;

  constructor(build: string) {
    this.world = new LifeWorld(build);
    const { t } = this.world;
    this.callback = this.world.func((weakref) => {
      expect(t.i32[weakref! + WeakrefObject.Object]).toBe(0);
      this.log.push(weakref!);
    });
    this.type = this.world.newClass();
    this.keys = t.weakDicts.createWithWeakKeys();
    this.values = t.weakDicts.createWithWeakValues();
  }

  step([name, a, b]: Step): void {
    const { t } = this.world;
    const object = this.objects[a]!;
    const small = t.numbers.int(b);
    if (name === 'make' && object.ref === 0) {
      this.objects[a] = { ref: t.instances.create(this.type), id: this.next++ };
    } else if (name === 'drop' && object.ref !== 0) this.die(a);
    else if (name === 'refer' && object.ref !== 0) this.refer(object, 0);
    else if (name === 'call' && object.ref !== 0) this.refer(object, this.callback);
    else if (name === 'forget') this.forget(b);
    else if (name === 'get') this.look();
    else if (name === 'setKey' && object.ref !== 0) {
      t.weakDicts.set(this.keys, object.ref, small);
      this.byKey.set(object.id, b);
    } else if (name === 'setValue' && object.ref !== 0) {
      t.weakDicts.set(this.values, small, object.ref);
      this.byValue.set(b, object.id);
    } else if (name === 'deleteKey' && object.ref !== 0) {
      expect(t.weakDicts.delete(this.keys, object.ref)).toBe(this.byKey.delete(object.id));
    } else if (name === 'deleteValue') {
      expect(t.weakDicts.delete(this.values, small)).toBe(this.byValue.delete(b));
    }
    t.refs.decref(small);
    this.check();
  }

  private refer(object: { ref: Ref; id: number }, callback: Ref): void {
    const ref = this.world.t.weakrefs.create(object.ref, callback);
    const basic = this.made.find((other) => other.object === object.id && !other.called);
    if (callback === 0 && basic !== undefined) expect(ref).toBe(basic.ref);
    this.made.push({ ref, object: object.id, called: callback !== 0 });
  }

  private forget(index: number): void {
    const [gone] = this.made.splice(index, 1);
    if (gone !== undefined) this.world.drop(gone.ref);
  }

  /** The newest first are called, those that still exist. */
  private die(at: number): void {
    const { ref, id } = this.objects[at]!;
    const expected = this.made.filter((made) => made.object === id && made.called).map((made) => made.ref);
    this.log.length = 0;
    this.objects[at] = { ref: 0, id: 0 };
    this.world.drop(ref);
    expect(this.log).toEqual(expected.reverse());
    this.byKey.delete(id);
    for (const [key, value] of this.byValue) if (value === id) this.byValue.delete(key);
  }

  private look(): void {
    const { t } = this.world;
    for (const { ref, object } of this.made) {
      const alive = this.objects.find(({ id }) => id === object && id !== 0);
      const found = t.weakrefs.get(ref);
      expect(found).toBe(alive === undefined ? 0 : alive.ref);
      if (found !== 0) this.world.drop(found);
    }
  }

  private check(): void {
    const { t } = this.world;
    expect(t.weakDicts.length(this.keys)).toBe(this.byKey.size);
    expect(t.weakDicts.length(this.values)).toBe(this.byValue.size);
    const values = t.weakDicts.entries(this.values);
    const found = values.map(([key, value]) => [
      t.numbers.value(key),
      this.objects.find(({ ref }) => ref === value)?.id,
    ]);
    expect(new Map(found as [number, number][])).toEqual(this.byValue);
    for (const [key, value] of values) this.world.drop(key, value);
  }

  end(): void {
    for (let at = 0; at < SIZE; at++) if (this.objects[at]!.ref !== 0) this.die(at);
    this.check();
    for (const { ref } of this.made) this.world.drop(ref);
    this.world.drop(this.keys, this.values, this.callback, this.type);
    expect(this.world.end()).toEqual([]);
  }
}

describe.each(SCHEMES)('weak references and weak dicts against a model, %s', (build) => {
  it('agree after every step', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const model = new Model(build);
        for (const step of program) model.step(step);
        expect(model.world.problems()).toEqual([]);
        model.end();
      }),
      { numRuns: 15 },
    );
  });
});
