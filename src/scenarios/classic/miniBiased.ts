import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** One object and its owner's merge queue, in words. The shared count has two state bits: 2 queued, 3 merged. */
interface Mini {
  readonly owner: number;
  readonly local: number;
  readonly shared: number;
  readonly queue: number;
  readonly next: number;
  readonly freed: number;
}

const QUEUED = 2;
const MERGED = 3;
const OBJECT = 1;

/** The owner drops one of its two references, then merges what others have queued for it. */
function ownerDrop(s: Mini, w: World): void {
  const heap = w.i32;
  Atomics.load(heap, s.owner);
  Atomics.store(heap, s.local, Atomics.load(heap, s.local) - 1);
  if (Atomics.exchange(heap, s.queue, 0) !== 0) merge(s, w);
}

function merge(s: Mini, w: World): void {
  const heap = w.i32;
  const local = Atomics.load(heap, s.local);
  Atomics.store(heap, s.local, 0);
  Atomics.store(heap, s.owner, 0);
  let shared = Atomics.load(heap, s.shared);
  for (;;) {
    const total = (shared >> 2) + local - 1;
    const seen = Atomics.compareExchange(heap, s.shared, shared, (total << 2) | MERGED);
    if (seen === shared) {
      if (total === 0) Atomics.store(heap, s.freed, 1);
      return;
    }
    shared = seen;
  }
}

/** A thread that does not own the object drops a reference; with none left to take back it donates its own. */
function foreignDrop(s: Mini, w: World): void {
  const heap = w.i32;
  Atomics.load(heap, s.owner);
  let shared = Atomics.load(heap, s.shared);
  for (;;) {
    const donate = shared === 0;
    const next = donate ? QUEUED : shared - 4;
    const seen = Atomics.compareExchange(heap, s.shared, shared, next);
    if (seen === shared) {
      if (donate) push(s, w);
      else if (next === MERGED) Atomics.store(heap, s.freed, 1);
      return;
    }
    shared = seen;
  }
}

function push(s: Mini, w: World): void {
  const heap = w.i32;
  for (;;) {
    const head = Atomics.load(heap, s.queue);
    Atomics.store(heap, s.next, head);
    if (Atomics.compareExchange(heap, s.queue, head, OBJECT) === head) return;
  }
}

export const miniBiased = scenario<Mini>('mini-biased', {
  about:
    'biased counting in six words: the owner drops one of two references, two others drop theirs (PEP 703)',
  setup(w) {
    const s = {
      owner: w.words(1, 'owner'),
      local: w.words(1, 'local'),
      shared: w.words(1, 'shared'),
      queue: w.words(1, 'queue'),
      next: w.words(1, 'next'),
      freed: w.words(1, 'freed'),
    };
    w.i32[s.owner] = 1;
    w.i32[s.local] = 2;
    w.i32[s.shared] = 4;
    return s;
  },
  threads: { owner: ownerDrop, 'foreign 1': foreignDrop, 'foreign 2': foreignDrop },
  after(s, w) {
    if (w.i32[s.queue] !== 0) merge(s, w);
    return { freed: w.i32[s.freed], owner: w.i32[s.owner] };
  },
  outcomes: { 'freed=1, owner=0': 'required' },
});
