import { PythonError } from '../../memory/errors.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { type GraphShared, Graphs, Trust } from './graphs.js';
import { SoakWords, type Tokens } from './tokens.js';

/** What the collectors did in a round. */
export interface GcSoakTally {
  readonly collections: number;
  readonly finalised: number;
  readonly resurrected: number;
  readonly called: number;
}

/** What `teardown` returns. */
export interface GcSoakEnd {
  readonly tally: GcSoakTally;
  readonly wrong: string | null;
}

/** Collections until all is gone, at most: what has come back goes with the next one, and may bring others back. */
const LAST_COLLECTIONS = 20;

/** Of all threads, since the runtime started. */
export function collectionsOf(t: Thread): number {
  return t.gc.raw.getStats().reduce((sum, row) => sum + row.collections, 0);
}

/** The last item of a list that others pop from, too; 0: it is empty. */
export function popOf(t: Thread, list: Ref): Ref {
  try {
    return t.lists.pop(list);
  } catch (error) {
    if (error instanceof PythonError && error.kind === 'IndexError') return 0;
    throw error;
  }
}

/** The end of a round, by thread 0 when the others are at rest. */
export class Ending {
  private readonly graphs: Graphs;

  constructor(
    private readonly t: Thread,
    private readonly tokens: Tokens,
    private readonly shared: GraphShared,
  ) {
    this.graphs = new Graphs(t, tokens, shared);
  }

  end(): GcSoakEnd {
    const { t, tokens } = this;
    t.gc.unfreeze();
    t.gc.enable();
    this.collect();
    const anchored = this.takeAnchored();
    for (const graph of anchored) this.graphs.check(graph, Trust.Own);
    for (const graph of anchored) this.drop(graph);
    this.collect();
    this.checkWatchers();
    const tally = this.tally();
    const missing = tokens.close();
    return { tally, wrong: tokens.wrong ?? missing };
  }

  /** Until nothing is left that comes back. */
  private collect(): void {
    const { t, shared, tokens } = this;
    for (let round = 0; round < LAST_COLLECTIONS; round++) {
      t.lists.clear(shared.pool);
      t.lists.clear(shared.lost);
      t.gc.raw.collect();
      const last = t.collector.last;
      const back = t.lists.length(shared.pool) + t.lists.length(shared.lost);
      if (back === 0 && last !== null && last.collected === 0) return;
    }
    tokens.complain(`${LAST_COLLECTIONS} collections at rest, and there is still something to collect`);
  }

  private takeAnchored(): Ref[] {
    const { t, shared } = this;
    const anchored: Ref[] = [];
    for (let cell = 0; cell < SoakWords.CellCount; cell++) {
      const graph = Atomics.exchange(t.i32, SoakWords.Cells + cell, 0);
      if (graph !== 0) anchored.push(graph);
    }
    for (let graph = popOf(t, shared.rest); graph !== 0; graph = popOf(t, shared.rest)) anchored.push(graph);
    for (let at = t.dicts.next(shared.anchors, 0); at >= 0; at = t.dicts.next(shared.anchors, at)) {
      t.refs.decref(t.dicts.lastKey);
      anchored.push(t.dicts.lastValue);
    }
    t.dicts.clear(shared.anchors);
    return anchored;
  }

  private drop(graph: Ref): void {
    this.tokens.release(this.graphs.serial(graph));
    this.t.refs.decref(graph);
  }

  /** Everything is gone, and who has watched it knows. */
  private checkWatchers(): void {
    const { t, shared, tokens } = this;
    for (let weakref = popOf(t, shared.watchers); weakref !== 0; weakref = popOf(t, shared.watchers)) {
      const object = t.weakrefs.get(weakref);
      if (object !== 0) tokens.complain('a watched token is still there');
      if (object !== 0) t.refs.decref(object);
      if (t.weakrefs.callbackOf(weakref) !== 0)
        tokens.complain('a token is gone and its watcher was not told');
      t.refs.decref(weakref);
    }
    const left = t.weakDicts.length(shared.weakValues) + t.weakDicts.length(shared.weakKeys);
    if (left > 0) tokens.complain(`the weak dicts still have ${left} entries`);
  }

  private tally(): GcSoakTally {
    const { i32 } = this.t;
    return {
      collections: collectionsOf(this.t) - i32[SoakWords.CollectionsBefore],
      finalised: i32[SoakWords.Finalised],
      resurrected: i32[SoakWords.Resurrected],
      called: i32[SoakWords.Called],
    };
  }
}
