import { SectionGuard } from '../../objects/guard.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface SharedDict {
  readonly dict: Ref;
  readonly key: Ref;
  /** Words of the scenario's own: one for each thread. */
  readonly results: number;
}

/** An empty dict of the main thread's, and a key that is not in it. */
function emptyDict(w: World): SharedDict {
  const { dicts, strings } = w.main;
  return { dict: dicts.create(), key: strings.intern('k'), results: w.words(w.threadCount, 'result') };
}

/** The same with room for an entry, and known to be read without the lock (free-threaded build). */
function readDict(w: World): SharedDict {
  const s = emptyDict(w);
  w.main.dicts.set(s.dict, w.main.strings.intern('a'), w.main.numbers.int(0));
  w.thread(0).dicts.contains(s.dict, s.key);
  return s;
}

/** Entries as an iteration finds them, which need not be what the dict counts. */
function entriesOf(w: World, dict: Ref): number {
  const { dicts, refs } = w.main;
  let entries = 0;
  for (let at = dicts.next(dict, 0); at >= 0; at = dicts.next(dict, at)) {
    refs.decref(dicts.lastKey);
    refs.decref(dicts.lastValue);
    entries++;
  }
  return entries;
}

/** The section is entered by everybody. */
class NoSection extends SectionGuard {
  override begin(_object: Ref): number {
    return 0;
  }
  override end(_token: number): void {}
}

// --- Two inserts of one key ---

function insert(s: SharedDict, w: World, me: number): void {
  const { dicts, numbers } = w.thread(me);
  dicts.set(s.dict, s.key, numbers.int(me + 1));
}

/** Scenario 22. */
export const insertSameKey = scenario<SharedDict>('dict-insert-same', {
  about: 'two threads insert the same key (PEP 703: dict operations under a lock of the object)',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: emptyDict,
  threads: [insert, insert],
  after(s, w) {
    const result = { length: w.main.dicts.length(s.dict), entries: entriesOf(w, s.dict) };
    w.main.refs.decref(s.dict);
    return result;
  },
  outcomes: {
    'length=1, entries=1': 'required',
    // Two tables, one of them lost.
    leak: { plain: 'required', else: 'forbidden' },
    // One table: two entries, or two counted in one; or a count that is lost.
    'length=2, entries=2': { plain: 'required', else: 'forbidden' },
    'length=2, entries=1': { plain: 'expected', else: 'forbidden' },
    'length=1, entries=2': { plain: 'expected', else: 'forbidden' },
  },
  variants: {
    'no critical section': {
      overrides: [NoSection],
      refcount: ['biased'],
      finds: ['leak', 'length=2, entries=2', 'length=2, entries=1', 'length=1, entries=2'],
    },
  },
});

// --- Look, then act ---

/** `if k not in d: d[k] = f()`: f is a call, at which the eval breaker is polled. */
function lookThenSet(s: SharedDict, w: World, me: number): void {
  const thread = w.thread(me);
  if (thread.dicts.contains(s.dict, s.key)) return;
  thread.poll();
  w.i32[s.results + me] = 1;
  thread.dicts.set(s.dict, s.key, thread.numbers.int(me + 1));
}

/**
 * Scenario 24, first half: no scheme makes two operations one. Not under atomic counts, where it is the same: two
 * mutexes a thread, in which threads may wait, are too many for a search to the end.
 */
export const lookThenAct = scenario<SharedDict>('dict-look-then-set', {
  about: '`if k not in d: d[k] = f()` by two threads: f may be called twice, under the GIL too',
  refcount: ['gil', 'biased'],
  setup: readDict,
  threads: [lookThenSet, lookThenSet],
  after(s, w) {
    w.main.refs.decref(s.dict);
    return { calls: w.i32[s.results] + w.i32[s.results + 1] };
  },
  outcomes: { 'calls=1': 'required', 'calls=2': 'required' },
});

function setDefault(s: SharedDict, w: World, me: number): void {
  const { dicts, numbers, refs } = w.thread(me);
  const found = dicts.setDefault(s.dict, s.key, numbers.int(me + 1));
  w.i32[s.results + me] = numbers.value(found);
  refs.decref(found);
}

/** Scenario 24, second half. */
export const setDefaultOnce = scenario<SharedDict>('dict-setdefault', {
  about: 'two threads call d.setdefault(k, ...): both must get the value that won',
  refcount: ['gil', 'plain', 'atomic', 'biased', 'side-table'],
  setup: emptyDict,
  threads: [setDefault, setDefault],
  after(s, w) {
    w.main.refs.decref(s.dict);
    return { first: w.i32[s.results], second: w.i32[s.results + 1] };
  },
  outcomes: {
    'first=1, second=1': 'required',
    'first=2, second=2': 'required',
    'first=1, second=2': { plain: 'required', else: 'forbidden' },
    leak: { plain: 'expected', else: 'forbidden' },
  },
  variants: {
    'no critical section': {
      overrides: [NoSection],
      refcount: ['biased'],
      finds: ['leak', 'first=1, second=2'],
    },
  },
});
