import { describe, expect, it } from 'vitest';
import { Control, GcBits, GcState } from '#ungil/memory/layout.js';
import { GcScene, GENERATIONAL } from './gcScene.js';

/** True if none of these is alive. */
function gone(s: GcScene, ...objects: number[]): boolean {
  const tracked = s.tracked();
  return objects.every((object) => !tracked.has(object));
}

describe.each(GENERATIONAL)('build %s', (name) => {
  it('frees a list in itself, and leaves the others', () => {
    const s = new GcScene(name);
    const kept = s.list();
    const self = s.cycle(kept);
    expect(gone(s, self)).toBe(false);
    expect(s.collect()).toBe(1);
    expect(gone(s, self)).toBe(true);
    expect(gone(s, kept)).toBe(false);
    expect(s.t.refs.count(kept)).toBe(1);
    expect(s.collect()).toBe(0);
  });

  it('frees two lists in each other, and what only they hold', () => {
    const s = new GcScene(name);
    const inner = s.list();
    const first = s.list(inner);
    const second = s.list(first);
    s.t.lists.append(first, second);
    s.drop(inner, second);
    expect(s.collect()).toBe(0);
    s.drop(first);
    expect(s.collect()).toBe(3);
    expect(gone(s, first, second, inner)).toBe(true);
  });

  it('frees dicts in themselves, with str keys and with others', () => {
    const s = new GcScene(name);
    const unicode = s.t.dicts.create();
    s.t.dicts.set(unicode, s.t.strings.intern('me'), unicode);
    const general = s.t.dicts.create();
    const key = s.t.numbers.int(70_000);
    s.t.dicts.set(general, key, general);
    s.drop(key, unicode, general);
    expect(s.collect()).toBe(2);
    expect(gone(s, unicode, general)).toBe(true);
  });

  it('finds a cycle through a key', () => {
    const s = new GcScene(name);
    const dict = s.t.dicts.create();
    const object = s.t.instances.create(s.newClass('dict'));
    s.t.instances.setSlot(object, 0, dict);
    s.t.dicts.set(dict, object, Control.None);
    s.drop(dict, object);
    expect(s.collect()).toBe(2);
    expect(gone(s, dict, object)).toBe(true);
  });

  it('frees instances in each other, with values and with a dict', () => {
    const s = new GcScene(name);
    const type = s.newClass('other');
    const [a, b, c] = [0, 1, 2].map(() => s.t.instances.create(type)) as [number, number, number];
    s.t.instances.setSlot(a, 0, b);
    s.t.instances.setSlot(b, 0, a);
    const dict = s.t.instances.dictOf(c);
    s.t.dicts.set(dict, s.t.strings.intern('self'), c);
    s.drop(dict, a, b, c);
    // Three instances, one of them with its dict; the class is held.
    expect(s.collect()).toBe(4);
    expect(gone(s, a, b, c, dict)).toBe(true);
    expect(gone(s, type)).toBe(false);
    s.drop(type);
    expect(gone(s, type)).toBe(true);
  });

  it('frees a function in its globals, and not its code, which is not tracked', () => {
    const s = new GcScene(name);
    const globals = s.t.dicts.create();
    const code = s.t.codes.create(0, s.t.strings.intern('f'), 0);
    const f = s.t.functions.create(code, globals);
    s.t.dicts.set(globals, s.t.strings.intern('f'), f);
    expect(gone(s, code)).toBe(true);
    expect((s.heap[code]! >>> 24) & GcBits.Tracked).toBe(0);
    s.drop(f, globals);
    expect(s.collect()).toBe(2);
    expect(gone(s, f, globals)).toBe(true);
    expect(s.t.refs.count(code)).toBe(1);
    s.drop(code);
    s.sound();
  });

  it('frees a cycle through a tuple, which has no tp_clear of its own', () => {
    const s = new GcScene(name);
    const list = s.list();
    const tuple = s.t.tuples.create([list]);
    s.t.lists.append(list, tuple);
    s.drop(list, tuple);
    expect(s.collect()).toBe(2);
    expect(gone(s, list, tuple)).toBe(true);
  });

  it('frees a class with its __init__ and instance, which refer to each other', () => {
    const s = new GcScene(name);
    const globals = s.t.dicts.create();
    const code = s.t.codes.create(0, s.t.strings.intern('init'), 1);
    const init = s.t.functions.create(code, globals);
    const type = s.t.instances.createType('Thing', ['x'], init);
    const object = s.t.instances.create(type);
    s.t.dicts.set(globals, s.t.strings.intern('Thing'), type);
    s.t.dicts.set(globals, s.t.strings.intern('thing'), object);
    s.drop(code, init, type, object, globals);
    expect(s.collect()).toBe(4);
    expect(gone(s, globals, init, type, object)).toBe(true);
  });

  it('brings back what it has set aside too early, however long the way', () => {
    const s = new GcScene(name);
    // Each refers to the one made before it: the pass meets the only held one last.
    const chain: number[] = [s.list()];
    for (let i = 1; i < 500; i++) {
      chain.push(s.list(chain[i - 1]!));
      s.drop(chain[i - 1]!);
    }
    const garbage = s.cycle();
    expect(s.collect(0)).toBe(1);
    expect(gone(s, garbage)).toBe(true);
    expect(chain.every((object) => s.tracked(1).has(object))).toBe(true);
    expect(s.collect()).toBe(0);
    s.drop(chain[499]!);
    expect(s.collect()).toBe(0);
    expect(gone(s, ...chain)).toBe(true);
  });

  it('sees no reference from another thread of the program, so that a count alone keeps a cycle', () => {
    const s = new GcScene(name);
    const self = s.list();
    s.t.lists.append(self, self);
    expect(s.collect()).toBe(0);
    s.drop(self);
    expect(s.collect()).toBe(1);
  });

  it('says what it did in its record', () => {
    const s = new GcScene(name);
    const kept = s.list();
    const blockBytes = 4 * s.t.allocator.blockWords(kept - 4, 3);
    s.cycle();
    s.cycle();
    s.collect(0);
    expect(s.collector.last).toMatchObject({
      reason: 'manual',
      generation: 0,
      thread: 0,
      candidates: 3,
      visited: 3,
      markedAlive: 0,
      collected: 2,
      uncollectable: 0,
      resurrected: 0,
      freedBytes: 2 * blockBytes,
      markers: 1,
    });
    expect(Object.values(s.collector.last!.phases).every((time) => time >= 0)).toBe(true);
    expect(s.state(GcState.Collecting)).toBe(0);
  });
});
