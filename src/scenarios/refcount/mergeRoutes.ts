import { Counter, Header, SharedState, ThreadBlock } from '../../memory/layout.js';
import { BiasedRefCounter } from '../../refcount/biased.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';
import { DecrefAndDonate, FreesAtZeroLocal } from './brokenCounts.js';

/**
 * An object of thread 0's (the owner's). Its first two references belong to whoever takes the ticket, and were
 * counted in the local count; each other thread has one of its own, counted in the shared one.
 */
interface Contested {
  readonly object: Ref;
  /** 1 while the two references are there to be taken. */
  readonly ticket: number;
}

function contestedFloat(w: World): Contested {
  const owner = w.thread(0);
  const object = owner.numbers.float(1);
  owner.refs.incref(object);
  for (let i = 1; i < w.threadCount; i++) w.thread(i).refs.incref(object);
  const ticket = w.words(1, 'ticket');
  w.i32[ticket] = 1;
  return { object, ticket };
}

/** Drops both references that go with the ticket, if this thread is the first to come. */
function dropContested(s: Contested, w: World, me: number): void {
  if (Atomics.exchange(w.i32, s.ticket, 0) === 0) return;
  w.thread(me).refs.decref(s.object);
  w.thread(me).refs.decref(s.object);
}

function owner(s: Contested, w: World, me: number): void {
  dropContested(s, w, me);
  w.thread(me).poll();
}

function foreigner(s: Contested, w: World, me: number): void {
  dropContested(s, w, me);
  w.thread(me).refs.decref(s.object);
}

/**
 * How the object went, read from the words that its block keeps. `zero local`: the owner dropped its last one and
 * found no others; `merged`: the owner gave it up, the last of the others freed it; `queued`: the owner merged it
 * from its queue; `negative`: it still waits there, its shared count below zero.
 */
function route(s: Contested, w: World): string {
  const freed = w.freed(s.object);
  if (w.scheme !== 'biased') return freed ? 'count' : 'none';
  const shared = w.i32[s.object + Header.Shared];
  if (!freed) return shared < 0 ? 'negative' : 'none';
  if (shared === SharedState.Default) return 'zero local';
  const merged = w.i32[w.thread(0).block + ThreadBlock.Counters + Counter.BrcMerged];
  return merged === 0 ? 'merged' : 'queued';
}

// --- Broken steps ---

/** Adds what is to be added and leaves the state as it is. */
class ForgetsTheMergedState extends BiasedRefCounter {
  protected override publishMerged(object: Ref, extra: number): number {
    return Atomics.add(this.i32, object + Header.Shared, extra << SharedState.Shift) >> SharedState.Shift;
  }
}

/** A foreign decrement that only ever subtracts. */
class NeverDonates extends BiasedRefCounter {
  protected override decrefShared(object: Ref): void {
    const before = Atomics.sub(this.i32, object + Header.Shared, SharedState.One);
    if (before - SharedState.One === SharedState.Merged) this.deallocator.dealloc(object);
  }
}

const VARIANTS_OF_THREE = {
  'the owner frees at local zero whatever the shared count says': {
    overrides: [FreesAtZeroLocal],
    finds: ['use after free'],
    refcount: ['biased'],
  },
  'the shared count goes negative and nobody tells the owner': {
    overrides: [NeverDonates],
    finds: ['leak'],
    refcount: ['biased'],
  },
} as const;

const VARIANTS = {
  ...VARIANTS_OF_THREE,
  'a merge does not set the state': {
    overrides: [ForgetsTheMergedState],
    finds: ['leak', 'use after free', 'double free'],
    refcount: ['biased'],
  },
  'the donated reference is taken back from the shared count too (D1)': {
    overrides: [DecrefAndDonate],
    finds: ['leak', 'use after free', 'error'],
    refcount: ['biased'],
  },
} as const;

// --- Scenarios 3 and 4 ---

const ROUTES = {
  'route=count': { biased: 'forbidden', else: 'required' },
  'route=zero local': { biased: 'required', else: 'forbidden' },
  'route=merged': { biased: 'required', else: 'forbidden' },
  'route=queued': { biased: 'required', else: 'forbidden' },
  'route=negative': { biased: 'required', else: 'forbidden' },
  leak: { plain: 'required', else: 'forbidden' },
} as const;

/** Plain: of two decrements at once one is lost. Never freed twice, see `last-two`. */
export const ownerAndForeigner = scenario<Contested>('owner-foreigner', {
  about:
    'owner and another thread drop the last three references: by zero local count, merge, or queue (D1, D2)',
  litmus: ['D1', 'D2'],
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup: contestedFloat,
  threads: { owner, foreigner },
  after: (s, w) => ({ route: route(s, w) }),
  outcomes: ROUTES,
  variants: VARIANTS,
});

export const ownerAndTwoForeigners = scenario<Contested>('owner-two-foreigners', {
  about: 'the same with one more shared reference, in a third thread',
  refcount: ['gil', 'plain', 'atomic', 'biased'],
  setup: contestedFloat,
  threads: { owner, foreigner, third: (s, w, me) => w.thread(me).refs.decref(s.object) },
  after: (s, w) => ({ route: route(s, w) }),
  outcomes: ROUTES,
  variants: VARIANTS_OF_THREE,
});

/** Thread 0's object; both references were counted in the local count and handed over. */
interface Returned {
  readonly object: Ref;
  /** 1 when the third thread has given its references back to the owner. */
  readonly returned: number;
}

/** `unused`: nobody queued the object; `merged again`: the owner took it from its queue; `not drained`: neither. */
function queueUse(w: World): string {
  if (w.i32[w.thread(1).block + ThreadBlock.Counters + Counter.BrcQueued] === 0) return 'unused';
  const merged = w.i32[w.thread(0).block + ThreadBlock.Counters + Counter.BrcMerged];
  return merged === 0 ? 'not drained' : 'merged again';
}

/**
 * The object is queued with a shared count of 0; then the third thread makes a reference, counted in the shared count,
 * and returns both of its own to the owner, whose drops bring the local count to 0. So the owner merges an object that
 * is in its queue, or on its way there: whoever queues it finds no owner (CPython `_Py_brc_queue_object`), and who
 * drains finds it merged.
 */
export const mergedWhileQueued = scenario<Returned>('merged-while-queued', {
  about: "an owner's local count reaches zero while a reference is given to its queue (CPython Python/brc.c)",
  refcount: ['biased'],
  setup(w) {
    const { numbers, refs } = w.thread(0);
    const object = numbers.float(1);
    refs.incref(object);
    return { object, returned: w.words(1, 'returned') };
  },
  threads: {
    owner(s, w) {
      const { refs, state } = w.thread(0);
      if (Atomics.exchange(w.i32, s.returned, 0) === 0) return;
      refs.decref(s.object);
      refs.decref(s.object);
      state.poll();
    },
    dropper: (s, w) => w.thread(1).refs.decref(s.object),
    returner(s, w) {
      w.thread(2).refs.incref(s.object);
      Atomics.store(w.i32, s.returned, 1);
    },
  },
  after(s, w) {
    const kept = w.i32[s.returned];
    for (let i = 0; i < 2 * kept; i++) w.main.refs.decref(s.object);
    return { queue: queueUse(w), kept: kept === 1, freed: w.freed(s.object) };
  },
  outcomes: {
    'queue=unused, kept=false, freed=true': 'required',
    'queue=not drained, kept=false, freed=true': 'required',
    'queue=merged again, kept=false, freed=true': 'required',
    // The owner's poll came first.
    'queue=not drained, kept=false, freed=false': 'interesting',
    // The owner came before its references: they wait for it, and so does the object.
    'queue=not drained, kept=true, freed=false': 'expected',
    'queue=unused, kept=true, freed=false': 'expected',
  },
  variants: {
    'the owner frees at local zero whatever the shared count says': {
      overrides: [FreesAtZeroLocal],
      finds: ['use after free', 'double free'],
    },
  },
});
