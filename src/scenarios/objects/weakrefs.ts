import { Control, MethodObject, WeakrefObject } from '../../memory/layout.js';
import { Weakrefs } from '../../objects/weakrefs.js';
import type { Ref } from '../../refcount/refCounter.js';
import { type Outcomes, scenario } from '../scenario.js';
import type { World } from '../world.js';

const OWNER = 0;
const READER = 1;

/** An object of the owner's, a weakref to it, and what the reader has got. */
interface Referred {
  readonly object: Ref;
  readonly weakref: Ref;
  readonly got: number;
}

/** A bound method is the smallest object that allows weak references: it holds nothing that is counted here. */
function referred(w: World): Referred {
  const { methods, weakrefs } = w.thread(OWNER);
  const object = methods.create(Control.None, Control.None);
  return { object, weakref: weakrefs.create(object), got: w.words(1, 'got') };
}

/** Looks into the object: there is something to be found out if it is gone. */
function use(w: World, object: Ref): void {
  w.check(w.i32[object + MethodObject.Self] === Control.None, 'the object is another one');
}

/** What counts without a lock, and without conditions, comes to. */
const UNSAFE: Outcomes = {
  'use after free': { plain: 'required', else: 'forbidden' },
  'double free': { plain: 'expected', else: 'forbidden' },
  leak: { plain: 'expected', else: 'forbidden' },
  error: { plain: 'expected', else: 'forbidden' },
  'broken invariant': { plain: 'expected', else: 'forbidden' },
};

class TakesDyingObjects extends Weakrefs {
  protected override takeObject(object: Ref): boolean {
    this.refs.incref(object);
    return true;
  }
}

class TakesDyingWeakrefs extends Weakrefs {
  protected override takeWeakref(weakref: Ref): boolean {
    this.refs.incref(weakref);
    return true;
  }
}

/** Scenario 12. */
export const weakrefCall = scenario<Referred>('weakref-call', {
  about: 'weakref() against the decref of the last reference to its object (PEP 703, `PyWeakref_GetRef`)',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: referred,
  threads: {
    owner: (s, w) => w.thread(OWNER).refs.decref(s.object),
    reader(s, w) {
      const { weakrefs, refs } = w.thread(READER);
      const object = weakrefs.get(s.weakref);
      if (object === 0) return;
      w.i32[s.got] = 1;
      use(w, object);
      refs.decref(object);
    },
  },
  after(s, w) {
    w.drain();
    const { weakrefs, refs } = w.main;
    const dead = weakrefs.get(s.weakref) === 0;
    refs.decref(s.weakref);
    return { got: w.i32[s.got] === 1 ? 'the object' : 'nothing', dead };
  },
  outcomes: {
    'got=the object, dead=true': 'required',
    'got=nothing, dead=true': 'required',
    ...UNSAFE,
  },
  variants: {
    'an unconditional increment': {
      overrides: [TakesDyingObjects],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free', 'error'],
    },
  },
});

/** Scenario 13. The owner drops its weakref; the object lives. */
export const getWeakrefs = scenario<Referred>('get-weakrefs', {
  about: 'weakref.getweakrefs(object) against the deallocation of a weakref in the list (gh-151223)',
  refcount: ['gil', 'atomic', 'biased', 'side-table'],
  setup: referred,
  threads: {
    owner: (s, w) => w.thread(OWNER).refs.decref(s.weakref),
    reader(s, w) {
      const { weakrefs, refs } = w.thread(READER);
      for (const weakref of weakrefs.list(s.object)) {
        w.i32[s.got]++;
        w.check(w.i32[weakref + WeakrefObject.Object] === s.object, 'the weakref shows another object');
        refs.decref(weakref);
      }
    },
  },
  after(s, w) {
    w.drain();
    const left = w.main.weakrefs.count(s.object);
    w.main.refs.decref(s.object);
    return { listed: w.i32[s.got], left };
  },
  outcomes: { 'listed=0, left=0': 'required', 'listed=1, left=0': 'required' },
  variants: {
    'an unconditional increment': {
      overrides: [TakesDyingWeakrefs],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free', 'error', 'broken invariant'],
    },
  },
});

/** The list's head is loaded, and what was there incremented, without the stripe. */
class TakesTheHeadUnlocked extends Weakrefs {
  protected override takeBasic(head: number, _stripe: number): Ref {
    const basic = this.atomics.load(head);
    if (basic !== 0) this.refs.incref(basic);
    return basic;
  }
}

/** Scenario 14. The first half of `create`; the second one is in `weakref-twice`. */
export const weakrefReuse = scenario<Referred>('weakref-reuse', {
  about:
    'weakref(object) takes the one that the object has, against the deallocation of that one (list head and increment)',
  refcount: ['gil', 'atomic', 'biased', 'side-table'],
  setup: referred,
  threads: {
    owner: (s, w) => w.thread(OWNER).refs.decref(s.weakref),
    reader(s, w) {
      w.i32[s.got] = w.thread(READER).weakrefs.basicOf(s.object);
    },
  },
  after(s, w) {
    w.drain();
    const { weakrefs, refs } = w.main;
    const weakref = w.i32[s.got];
    const object = weakref === 0 ? 0 : weakrefs.get(weakref);
    const count = weakrefs.count(s.object);
    if (object !== 0) refs.decref(object);
    if (weakref !== 0) refs.decref(weakref);
    refs.decref(s.object);
    return { got: weakref !== 0, works: object === s.object, count };
  },
  outcomes: {
    'got=true, works=true, count=1': 'required',
    'got=false, works=false, count=0': 'required',
  },
  variants: {
    'the head is loaded and incremented without the stripe': {
      overrides: [TakesTheHeadUnlocked],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free', 'error', 'broken invariant'],
    },
    'an unconditional increment': {
      overrides: [TakesDyingWeakrefs],
      refcount: ['atomic', 'biased'],
      finds: ['use after free', 'double free', 'error', 'broken invariant'],
    },
  },
});

/** Whoever has made a weakref inserts it. */
class InsertsWithoutALook extends Weakrefs {
  protected override insertBasic(head: number, weakref: Ref, stripe: number): Ref {
    return this.insert(head, weakref, stripe);
  }
}

/** Two threads make the object's weakref without callback at once. */
export const weakrefTwice = scenario<Referred & { readonly other: number }>('weakref-twice', {
  about: 'two threads ask for a weak reference without callback to one object: both get the same',
  refcount: ['gil', 'atomic', 'biased', 'side-table'],
  setup(w) {
    const s = referred(w);
    w.thread(OWNER).refs.decref(s.weakref);
    return { ...s, other: w.words(1, 'other') };
  },
  threads: {
    owner(s, w) {
      w.i32[s.got] = w.thread(OWNER).weakrefs.create(s.object);
    },
    reader(s, w) {
      w.i32[s.other] = w.thread(READER).weakrefs.create(s.object);
    },
  },
  after(s, w) {
    w.drain();
    const { weakrefs, refs } = w.main;
    const same = w.i32[s.got] === w.i32[s.other];
    const count = weakrefs.count(s.object);
    for (const object of [w.i32[s.got], w.i32[s.other], s.object]) refs.decref(object);
    return { same, count };
  },
  outcomes: { 'same=true, count=1': 'required' },
  variants: {
    'no second look under the stripe': {
      overrides: [InsertsWithoutALook],
      refcount: ['atomic', 'biased'],
      finds: ['same=false, count=2'],
    },
  },
});
