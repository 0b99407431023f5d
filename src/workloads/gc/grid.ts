import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import type { SharedRefs, Worker, Workload } from '../workload.js';
import { KindMaker } from './kinds.js';
import { closeTally, openTally, Tally } from './tally.js';
import { Watch } from './watch.js';

/** A cell of the grid: objects in a cycle, live objects of all threads, other lists made for each cycle. */
export interface GridCell {
  readonly cycle: number;
  readonly live: number;
  readonly extra: number;
}

/** The others are kept until so many newer ones have been made. */
const EXTRA_KEPT = 1000;

function gridWorker(t: Thread, { cycle, extra }: GridCell): Worker {
  const { lists, refs, state } = t;
  const tally = new Tally(t);
  const watch = new Watch(t, tally);
  let kept: Ref = 0;
  let place = 0;

  /** Lists in a ring, each with the next one in it, and nobody outside. */
  function dropRing(): void {
    const first = lists.create();
    let last = first;
    refs.incref(first);
    for (let i = 1; i < cycle; i++) {
      const next = lists.create();
      lists.append(last, next);
      refs.decref(last);
      last = next;
    }
    lists.append(last, first);
    refs.decref(last);
    refs.decref(first);
  }

  function makeExtra(): void {
    const list = lists.create();
    if (lists.length(kept) < EXTRA_KEPT) lists.append(kept, list);
    else lists.set(kept, place, list);
    refs.decref(list);
    place = place + 1 === EXTRA_KEPT ? 0 : place + 1;
  }

  return {
    start(shared) {
      tally.start(shared);
      watch.start(0);
      kept = lists.create();
      lists.set(shared.live, t.index, kept);
      place = 0;
    },
    run(count) {
      let done = 0;
      while (done < count) {
        dropRing();
        for (let i = 0; i < extra; i++) makeExtra();
        done += cycle;
        state.poll();
      }
      tally.add(done);
      watch.look();
      return done;
    },
    memory: () => watch.memory(),
    trash: () => watch.trash(),
    finish() {
      refs.decref(kept);
      return null;
    },
  };
}

/** Live lists beside the threads' places in `live`, made before the first thread starts. */
function setUp(t: Thread, cell: GridCell): SharedRefs {
  const shared = openTally(t);
  const background = t.lists.create();
  new KindMaker(t).fill(background, 'lists', cell.live);
  return { ...shared, background };
}

function check(t: Thread, shared: SharedRefs, cell: GridCell): string | null {
  const length = t.lists.length(shared.background);
  if (length !== cell.live) return `${length} live lists are left, not ${cell.live}`;
  return closeTally(t, shared, 0);
}

/** Garbage of one shape beside live objects, collected by itself: time, memory, and what has not been found yet. */
export function gcGrid(cell: GridCell): Workload {
  const { cycle, live, extra } = cell;
  return {
    name: `gc-grid-${cycle}-${thousands(live)}-${extra}`,
    group: 'gc',
    cpython: `rings of ${cycle} lists, dropped, beside ${live} live lists; ${extra} other lists for each`,
    title: `rings of ${cycle} lists, ${live} live lists, ${extra} lists without a cycle for each ring`,
    unit: 'object in a ring',
    unsafe: false,
    setup: (t) => setUp(t, cell),
    worker: (t) => gridWorker(t, cell),
    check: (t, shared) => check(t, shared, cell),
  };
}

function thousands(count: number): string {
  return count === 0 ? '0' : `${count / 1000}k`;
}
