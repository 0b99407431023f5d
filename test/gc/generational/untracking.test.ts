import { describe, expect, it } from 'vitest';
import { GcScene } from './gcScene.js';

describe('a collection untracks', () => {
  it('tuples of what can be in no cycle, however nested', () => {
    const s = new GcScene();
    const { t } = s;
    const inner = t.tuples.create([t.numbers.int(1), t.strings.intern('x')]);
    const outer = t.tuples.create([inner, t.numbers.int(2)]);
    expect(s.tracked(0)).toEqual(new Set([inner, outer]));
    expect(s.collect(0)).toBe(0);
    expect(s.tracked()).toEqual(new Set());
    // They are freed as ever.
    s.drop(inner, outer);
    s.sound();
    expect(s.collect()).toBe(0);
  });

  it('no tuple with a list, dict or instance, at any depth', () => {
    const s = new GcScene();
    const { t } = s;
    const type = s.newClass();
    const [list, dict, object] = [t.lists.create(), t.dicts.create(), t.instances.create(type)];
    const tuples = [list, dict, object].map((item) => t.tuples.create([t.numbers.int(1), item]));
    const outer = t.tuples.create([tuples[0]!]);
    for (let round = 0; round < 3; round++) s.collect();
    const tracked = s.tracked();
    expect([...tuples, outer].every((tuple) => tracked.has(tuple))).toBe(true);
  });

  it('no list and no dict (since 3.14)', () => {
    const s = new GcScene();
    const list = s.list(s.t.numbers.int(3));
    const dict = s.dict('x', s.t.numbers.int(3));
    s.collect();
    expect(s.tracked()).toEqual(new Set([list, dict]));
  });

  it('what has become immortal', () => {
    const s = new GcScene();
    const list = s.list();
    const other = s.list(list);
    s.t.refs.immortalize(list);
    s.collect(0);
    expect(s.tracked()).toEqual(new Set([other]));
    s.collect();
    expect(s.tracked()).toEqual(new Set([other]));
  });

  it('what has become immortal, at the end of its list too: what comes back to that end stays in it', () => {
    const s = new GcScene();
    const early = s.list();
    const late = s.list(early);
    s.drop(early);
    const last = s.list();
    s.t.refs.immortalize(last);
    expect(s.collect()).toBe(0);
    expect(s.tracked()).toEqual(new Set([early, late]));
  });

  it('a tuple whose list has gone through the young generation with it, not later', () => {
    const s = new GcScene();
    const list = s.list();
    const tuple = s.t.tuples.create([list]);
    s.collect(0);
    expect(s.tracked(1)).toEqual(new Set([list, tuple]));
  });
});
