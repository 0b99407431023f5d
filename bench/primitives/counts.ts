import { Control } from '../../src/memory/layout.js';
import { smallInt } from '../../src/objects/numbers.js';
import type { Ref } from '../../src/refcount/refCounter.js';
import type { Thread } from '../../src/runtime/thread.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

const TABLE = 'reference counts';

/** An incref and a decref of this object. */
function pair(t: Thread, name: string, object: Ref): Primitive {
  const { refs } = t;
  const before = refs.count(object);
  return {
    table: TABLE,
    name,
    shape: 'two counts',
    body: () => {
      for (let i = 0; i < INNER; i++) {
        refs.incref(object);
        refs.decref(object);
      }
    },
    check: () =>
      refs.count(object) === before ? null : `the count went from ${before} to ${refs.count(object)}`,
  };
}

/** Counts of one thread's objects, and in lock-free builds those that the other thread shares. */
export function countPrimitives(t: Thread, other: Thread | null): Primitive[] {
  const { refs, numbers } = t;
  const own = pair(t, 'own object', numbers.float(1.5));
  const immortal = pair(t, 'None (immortal)', Control.None);
  if (other === null) return [own, immortal, pair(t, 'small int (immortal)', smallInt(7))];
  const foreign = pair(t, "another thread's object", other.numbers.float(2.5));
  if (t.build.refcount !== 'biased') return [own, immortal, foreign];
  const slot = Control.Scratch + 128;
  const shared = other.numbers.float(3.5);
  other.refs.setMaybeWeakref(shared);
  t.i32[slot] = shared;
  return [
    own,
    immortal,
    foreign,
    {
      table: TABLE,
      name: 'conditional incref, and decref',
      shape: 'two counts',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          if (!refs.tryIncrefCompare(slot, shared)) throw new Error('a living object was not counted');
          refs.decref(shared);
        }
      },
    },
    {
      table: TABLE,
      name: 'made, dropped by another thread, queued, merged',
      shape: 'two counts',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          const object = other.numbers.float(i);
          refs.decref(object);
          other.refs.mergeQueued();
        }
      },
    },
  ];
}
