import { Control, MethodObject } from '../../memory/layout.js';
import { CachedTypes } from '../../objects/types/cachedTypes.js';
import { LockFreeTypes } from '../../objects/types/lockFreeTypes.js';
import { Types } from '../../objects/types/types.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const WRITER = 0;
const READER = 1;

/** A value that a class can have: a bound method of None and this. The smallest object that holds nothing counted. */
function markedValue(w: World, mark: Ref): Ref {
  return w.thread(WRITER).methods.create(Control.None, mark);
}

const MARKS = { old: Control.True, new: Control.False, other: Control.None };

/** Which value it is; drops it. */
function nameOf(w: World, thread: number, value: Ref): string {
  if (value === 0) return 'nothing';
  const mark = w.i32[value + MethodObject.Self];
  w.thread(thread).refs.decref(value);
  const found = Object.entries(MARKS).find(([, known]) => known === mark);
  return found === undefined ? 'a stranger' : found[0];
}

/** What a thread has found, as a word: the mark of the value. */
function keep(w: World, word: number, thread: number, value: Ref): void {
  if (value === 0) return;
  w.i32[word] = w.i32[value + MethodObject.Self];
  w.thread(thread).refs.decref(value);
}

function markName(w: World, word: number): string {
  const found = Object.entries(MARKS).find(([, known]) => known === w.i32[word]);
  return found === undefined ? 'a stranger' : found[0];
}

/** A class with one attribute. */
function classWith(w: World, name: string, attribute: Ref, mark: Ref): Ref {
  const { instances, refs, types } = w.thread(WRITER);
  const type = instances.createType(name, [], 0, 0);
  const value = markedValue(w, mark);
  types.setAttr(type, attribute, value);
  refs.decref(value);
  return type;
}

interface Replaced {
  readonly type: Ref;
  readonly name: Ref;
  /** What the class gets instead. */
  readonly value: Ref;
  readonly got: number;
}

/** Which immortal value it is. */
function immortalName(value: Ref): string {
  const found = Object.entries(MARKS).find(([, known]) => known === value);
  return found === undefined ? 'a stranger' : found[0];
}

class DropsAtOnce extends Types {
  protected override dropOld(value: Ref): void {
    this.refs.decref(value);
  }
}

class KeepsTheVersion extends Types {
  protected override modified(_type: Ref): void {}
}

class TakesTheVersionAfterwards extends CachedTypes {
  protected override lookupAndCache(type: Ref, name: Ref): Ref {
    const value = Types.prototype.lookup.call(this, type, name);
    const version = this.version(type);
    if (version !== 0) this.remember(this.entryOf(version, name), version, name, value);
    return value;
  }
}

/** The version is taken before the lookup (gh-132942), and ends with the change (gh-118362). */
export const typeAttributeSet = scenario<Replaced>('type-attribute-set', {
  about:
    'a lookup in a class through the cache of types against C.f = value: the old value, the new one, and never it again',
  refcount: ['gil', 'biased'],
  setup(w) {
    const { instances, strings, types } = w.thread(WRITER);
    const name = strings.intern('f');
    const type = instances.createType('C', [], 0, 0);
    types.setAttr(type, name, MARKS.old);
    // From here readers take no lock for the dict, which another thread made.
    w.thread(READER).types.lookup(type, strings.intern('g'));
    return { type, name, value: MARKS.new, got: w.words(1, 'got') };
  },
  threads: {
    writer: (s, w) => w.thread(WRITER).types.setAttr(s.type, s.name, s.value),
    reader(s, w) {
      w.i32[s.got] = w.thread(READER).types.lookup(s.type, s.name);
    },
  },
  after(s, w) {
    w.drain();
    const later = w.thread(WRITER).types.lookup(s.type, s.name);
    w.thread(WRITER).refs.decref(s.type);
    return { got: immortalName(w.i32[s.got]), later: immortalName(later) };
  },
  outcomes: { 'got=old, later=new': 'required', 'got=new, later=new': 'required' },
  variants: {
    'the type keeps its version': {
      overrides: [KeepsTheVersion],
      refcount: ['biased'],
      finds: ['got=old, later=old'],
    },
    'the version is taken behind the lookup (gh-132942)': {
      overrides: [TakesTheVersionAfterwards],
      refcount: ['biased'],
      finds: ['got=old, later=old'],
    },
  },
});

interface Known extends Replaced {
  readonly cached: Ref;
}

/** The reader's first lookup fills the cache, in `setup`. */
export const typeCacheHit = scenario<Known>('type-cache-hit', {
  about:
    'a hit in the cache of types, whose value is borrowed, against C.f = value, which drops it (gh-118362)',
  refcount: ['gil', 'biased'],
  setup(w) {
    const name = w.thread(WRITER).strings.intern('f');
    const type = classWith(w, 'C', name, MARKS.old);
    const { refs, types } = w.thread(READER);
    const cached = types.lookup(type, name);
    refs.decref(cached);
    return { type, name, value: markedValue(w, MARKS.new), got: w.words(1, 'got'), cached };
  },
  threads: {
    writer(s, w) {
      const { refs, types } = w.thread(WRITER);
      types.setAttr(s.type, s.name, s.value);
      refs.decref(s.value);
    },
    reader: (s, w) => keep(w, s.got, READER, w.thread(READER).types.lookup(s.type, s.name)),
  },
  after(s, w) {
    w.drain();
    const later = nameOf(w, WRITER, w.thread(WRITER).types.lookup(s.type, s.name));
    w.thread(WRITER).refs.decref(s.type);
    return { got: markName(w, s.got), later, freed: w.freed(s.cached) };
  },
  outcomes: { 'got=old, later=new, freed=true': 'required', 'got=new, later=new, freed=true': 'required' },
  variants: {
    'the old value is dropped at once': {
      overrides: [DropsAtOnce],
      refcount: ['biased'],
      finds: ['use after free', 'double free', 'error'],
    },
    'the type keeps its version': {
      overrides: [KeepsTheVersion],
      refcount: ['biased'],
      finds: ['use after free', 'double free'],
    },
  },
});

interface Colliding {
  readonly first: Ref;
  readonly second: Ref;
  readonly firstName: Ref;
  readonly secondName: Ref;
  readonly got: number;
  readonly other: number;
}

/** Two attributes of two classes, the versions such that both belong in one entry; `known`: the first is in it. */
function colliding(w: World, known: boolean): Colliding {
  const { strings, types, refs } = w.thread(WRITER);
  const firstName = strings.intern('f');
  const secondName = strings.intern('g');
  const first = classWith(w, 'C', firstName, MARKS.old);
  const second = classWith(w, 'D', secondName, MARKS.other);
  // The index of an entry is the version, exclusive-or the name's address in words of 16 bytes.
  const version = types.version(first);
  w.i32[Control.NextTypeVersion] = (version ^ (firstName >> 2) ^ (secondName >> 2)) - 1;
  types.version(second);
  if (known) refs.decref(types.lookup(first, firstName));
  return { first, second, firstName, secondName, got: w.words(1, 'got'), other: w.words(1, 'other') };
}

function finish(s: Colliding, w: World): Record<string, string> {
  w.drain();
  const { refs, types } = w.thread(WRITER);
  const later = nameOf(w, WRITER, types.lookup(s.first, s.firstName));
  const last = nameOf(w, WRITER, types.lookup(s.second, s.secondName));
  refs.decref(s.first);
  refs.decref(s.second);
  return { got: markName(w, s.got), other: markName(w, s.other), later, last };
}

class LooksOnce extends LockFreeTypes {
  protected override endRead(_entry: number, _sequence: number): boolean {
    return true;
  }
}

class WritesUnannounced extends LockFreeTypes {
  protected override beginWrite(_entry: number, _sequence: number): boolean {
    return true;
  }
}

/** The entry that the reader knows is given to another class's attribute. */
export const typeCacheEntry = scenario<Colliding>('type-cache-entry', {
  about:
    'a hit in the cache of types while another lookup replaces this very entry: the sequence lock (gh-113743)',
  refcount: ['gil', 'biased'],
  setup: (w) => colliding(w, true),
  threads: {
    writer: (s, w) => keep(w, s.other, WRITER, w.thread(WRITER).types.lookup(s.second, s.secondName)),
    reader: (s, w) => keep(w, s.got, READER, w.thread(READER).types.lookup(s.first, s.firstName)),
  },
  after: finish,
  outcomes: { 'got=old, other=other, later=old, last=other': 'required' },
  variants: {
    'the sequence is not looked at again': {
      overrides: [LooksOnce],
      refcount: ['biased'],
      finds: ['got=other, other=other, later=old, last=other'],
    },
    'the writer does not make the sequence odd': {
      overrides: [WritesUnannounced],
      refcount: ['biased'],
      finds: ['got=other, other=other, later=old, last=other'],
    },
  },
});

/** Two writers of one entry. */
export const typeCacheWriters = scenario<Colliding>('type-cache-writers', {
  about: 'two lookups that miss write one entry of the cache of types: one of them lets it be',
  refcount: ['gil', 'biased'],
  setup: (w) => colliding(w, false),
  threads: {
    writer: (s, w) => keep(w, s.other, WRITER, w.thread(WRITER).types.lookup(s.second, s.secondName)),
    reader: (s, w) => keep(w, s.got, READER, w.thread(READER).types.lookup(s.first, s.firstName)),
  },
  after: finish,
  outcomes: { 'got=old, other=other, later=old, last=other': 'required' },
  variants: {
    'the writer does not take the entry by an exchange': {
      overrides: [WritesUnannounced],
      refcount: ['biased'],
      finds: ['got=old, other=other, later=other, last=other', 'got=old, other=other, later=old, last=old'],
    },
  },
});
