import { CodeObject } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { UniqueIdPool } from '../../refcount/uniqueIds.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

interface Places {
  /** What each thread has made. */
  readonly made: number;
}

/** A pool that has its table, and room for two more ids. */
function poolWithTable(w: World): Places {
  const { codes, refs, strings } = w.main;
  refs.decref(codes.create(0, strings.intern('first'), 0));
  return { made: w.words(2, 'made') };
}

function makeCode(s: Places, w: World, me: number): void {
  const { codes, strings } = w.thread(me);
  w.i32[s.made + me] = codes.create(me, strings.intern('first'), 0);
}

/** Nobody else takes ids, they hope. */
class NoLock extends UniqueIdPool {
  override lock(): void {}
  override unlock(): void {}
}

export const uniqueIds = scenario<Places>('unique-ids', {
  about: 'two threads take a unique id at once (CPython Python/uniqueid.c)',
  refcount: ['biased'],
  setup: poolWithTable,
  threads: [makeCode, makeCode],
  after(s, w) {
    const [first, second] = [idOf(w, w.i32[s.made]), idOf(w, w.i32[s.made + 1])];
    for (let i = 0; i < 2; i++) w.main.refs.decref(w.i32[s.made + i]);
    return { ids: first === second ? 'the same' : 'different' };
  },
  outcomes: { 'ids=different': 'required' },
  variants: {
    'the pool is not locked': {
      overrides: [NoLock],
      finds: ['ids=the same'],
      world: { dataRaces: false, leaks: false },
    },
  },
});

function idOf(w: World, code: Ref): number {
  return w.i32[code + CodeObject.UniqueId];
}
