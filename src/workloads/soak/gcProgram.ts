/**
 * The collectors' soak: threads make graphs, most of them cycles, with finalisers and weak references; keep them, pass
 * them on, link them with each other's and drop them, while collections start by themselves and on request. What is
 * anchored must be whole; what is dropped must go, each finaliser and callback once.
 */
import { PythonError } from '../../memory/errors.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Program } from '../../runtime/program.js';
import type { Thread } from '../../runtime/thread.js';
import { Collecting, THRESHOLDS } from './collecting.js';
import { collectionsOf, Ending, popOf } from './ending.js';
import { type GraphShared, Graphs, Trust } from './graphs.js';
import type { SoakArgs, SoakReport } from './program.js';
import { Random } from './random.js';
import { SoakWords, TokenState, Tokens } from './tokens.js';

/** Steps between two looks at the clock; between two lives of a thread, on average. */
const BATCH = 64;
const LIFETIME = 3000;
const OWN_ANCHORS = 24;
const SHARED_ANCHORS = 16;
const WATCHERS = 16;
const POOL = 40;
const LOST = 20;
const LINKS = 3;
export default function gcSoak(t: Thread): Program {
  const tokens = new Tokens(t);
  const bodies = {
    finalize: (token: Ref) => tokens.finalize(token),
    called: (watcher: Ref, weakref: Ref) => tokens.called(watcher, weakref),
    same: (argument: Ref) => {
      t.refs.incref(argument);
      return argument;
    },
  };
  return {
    level: 'raw',
    functions: () => bodies,
    setup: (_t, args: SoakArgs) => setup(t, tokens, args),
    run: (_t, shared: GraphShared, args: SoakArgs) => {
      const soaker = new GcSoaker(t, tokens, shared, new Random(args.seed * 64 + t.index), bodies);
      return soaker.soak(args.timeMs);
    },
    teardown: (_t, shared: GraphShared) => new Ending(t, tokens, shared).end(),
  };
}

function setup(t: Thread, tokens: Tokens, { seed }: SoakArgs): Record<string, Ref> {
  tokens.open();
  t.i32[SoakWords.CollectionsBefore] = collectionsOf(t);
  t.gc.setThreshold(THRESHOLDS[seed % THRESHOLDS.length]!);
  const token = t.instances.createType('Token', ['serial', 'root'], 0);
  const finalize = t.calls.define('finalize');
  t.instances.setFinalizer(token, finalize);
  t.refs.decref(finalize);
  return {
    token,
    plain: t.instances.createType('Plain', ['serial', 'root'], 0),
    pool: t.lists.create(),
    lost: t.lists.create(),
    rest: t.lists.create(),
    watchers: t.lists.create(),
    anchors: t.dicts.create(),
    weakValues: t.weakDicts.createWithWeakValues(),
    weakKeys: t.weakDicts.createWithWeakKeys(),
    called: t.calls.define('called'),
  };
}

class GcSoaker {
  private births = 0;
  private readonly graphs: Graphs;
  private readonly collecting: Collecting;
  /** Anchored graphs that nobody else knows. */
  private readonly own: Ref[] = [];
  /** Numbers of those that this thread has put into the shared dict. */
  private readonly published: number[] = [];
  private readonly watchers: Ref[] = [];
  private over = false;

  constructor(
    private readonly t: Thread,
    private readonly tokens: Tokens,
    private readonly shared: GraphShared,
    private readonly random: Random,
    private readonly bodies: Parameters<Thread['start']>[1],
  ) {
    tokens.wrong = null;
    tokens.pool = shared.pool;
    tokens.lost = shared.lost;
    this.graphs = new Graphs(t, tokens, shared);
    this.collecting = new Collecting(t, random);
  }

  soak(timeMs: number): SoakReport {
    const end = performance.now() + timeMs;
    let operations = 0;
    try {
      while (performance.now() < end && this.tokens.wrong === null && !this.over) {
        for (let i = 0; i < BATCH; i++) this.step();
        operations += BATCH;
      }
    } catch (error) {
      // Something that should be there is not; the round's report has the seed.
      if (!(error instanceof PythonError)) throw error;
      this.tokens.complain(`thread ${this.t.index}: ${error.stack}`);
    }
    this.leave();
    return { operations, births: this.births, wrong: this.tokens.wrong };
  }

  private step(): void {
    const { random } = this;
    switch (random.below(12)) {
      case 0:
      case 1:
        this.keep();
        break;
      case 2:
        this.passOn();
        break;
      case 3:
        this.publish();
        break;
      case 4:
      case 5:
        this.makeGarbage();
        break;
      case 6:
        this.link();
        break;
      case 7:
        this.shrinkPool();
        break;
      case 8:
        this.forget();
        break;
      case 9:
        this.checkSome();
        break;
      case 10:
        this.collecting.step(this.own);
        break;
      default:
        if (random.below(LIFETIME / 12) === 0) this.beBornAgain();
    }
    this.t.poll();
  }

  // --- Anchors ---

  /** A new anchored graph, sometimes with a watcher; 0 when the round is over. */
  private make(): Ref {
    const graph = this.graphs.make();
    if (graph === 0) this.over = true;
    else if (this.random.below(4) === 0) this.watch(graph);
    return graph;
  }

  private watch(graph: Ref): void {
    const weakref = this.graphs.watch(graph);
    if (this.watchers.length < WATCHERS) {
      this.watchers.push(weakref);
      return;
    }
    const place = this.random.below(WATCHERS);
    this.t.refs.decref(this.watchers[place]!);
    this.watchers[place] = weakref;
  }

  /** Into a place of this thread's; what was there goes. */
  private keep(): void {
    const graph = this.make();
    if (graph === 0) return;
    if (this.own.length < OWN_ANCHORS) {
      this.own.push(graph);
      return;
    }
    const place = this.random.below(OWN_ANCHORS);
    const former = this.own[place]!;
    this.own[place] = graph;
    this.release(former);
  }

  /** Into a cell that all threads share; what another one has put there goes. */
  private passOn(): void {
    const graph = this.make();
    if (graph === 0) return;
    const cell = SoakWords.Cells + this.random.below(SoakWords.CellCount);
    const former = Atomics.exchange(this.t.i32, cell, graph);
    if (former !== 0) this.release(former);
  }

  /** Into the dict that all threads read. */
  private publish(): void {
    const { t, shared, tokens, graphs } = this;
    if (this.published.length >= SHARED_ANCHORS) {
      const serial = this.published.splice(this.random.below(SHARED_ANCHORS), 1)[0]!;
      const key = tokens.intOf(serial);
      this.release(t.dicts.pop(shared.anchors, key));
      t.refs.decref(key);
    }
    const graph = this.make();
    if (graph === 0) return;
    const serial = graphs.serial(graph);
    const key = tokens.intOf(serial);
    t.dicts.set(shared.anchors, key, graph);
    this.published.push(serial);
    t.refs.decref(key);
    t.refs.decref(graph);
  }

  /** An anchored graph, which nobody else can take, becomes garbage or one that all threads mutate. */
  private release(graph: Ref): void {
    this.graphs.check(graph, Trust.Own);
    this.letGo(graph);
  }

  private letGo(graph: Ref): void {
    const { t, tokens, random, shared } = this;
    tokens.release(this.graphs.serial(graph));
    if (random.below(3) === 0) t.lists.append(shared.pool, graph);
    t.refs.decref(graph);
  }

  private makeGarbage(): void {
    const graph = this.make();
    if (graph !== 0) this.letGo(graph);
  }

  private checkSome(): void {
    const { t, random, own, shared, graphs } = this;
    if (own.length > 0) graphs.check(own[random.below(own.length)]!, Trust.Own);
    const at = t.dicts.next(shared.anchors, random.below(4));
    if (at < 0) return;
    const graph = t.dicts.lastValue;
    t.refs.decref(t.dicts.lastKey);
    graphs.check(graph, Trust.Held);
    t.refs.decref(graph);
  }

  // --- What anybody may reach ---

  /** A graph of the pool gets a reference to another, or to one of this thread's anchors; or loses all that it has. */
  private link(): void {
    const { t, random, shared, own, graphs } = this;
    const from = popOf(t, shared.pool);
    if (from === 0) return;
    graphs.check(from, Trust.Loose);
    const links = graphs.links(from);
    if (t.lists.length(links) >= LINKS) t.lists.clear(links);
    const other = popOf(t, shared.pool);
    if (other !== 0) t.lists.append(links, other);
    else if (own.length > 0) t.lists.append(links, own[random.below(own.length)]!);
    if (other !== 0 && random.below(2) === 0) this.linkTo(other, from);
    if (other !== 0) t.lists.append(shared.pool, other);
    t.lists.append(shared.pool, from);
    for (const object of [from, other, links]) if (object !== 0) t.refs.decref(object);
  }

  private linkTo(from: Ref, to: Ref): void {
    const { t } = this;
    const links = this.graphs.links(from);
    if (t.lists.length(links) < LINKS) t.lists.append(links, to);
    t.refs.decref(links);
  }

  /** Most lose their links first: else everything would lead to everything that ever was. */
  private shrinkPool(): void {
    const { t, random, shared } = this;
    while (t.lists.length(shared.pool) > random.below(POOL)) {
      const graph = popOf(t, shared.pool);
      if (graph === 0) return;
      const links = this.graphs.links(graph);
      if (random.below(4) !== 0) t.lists.clear(links);
      t.refs.decref(links);
      t.refs.decref(graph);
    }
  }

  /** What finalisers have brought back. */
  private forget(): void {
    const { t, shared, tokens, random } = this;
    while (t.lists.length(shared.lost) > random.below(LOST)) {
      const token = popOf(t, shared.lost);
      if (token === 0) return;
      const state = tokens.state(tokens.serialOf(token));
      if ((state & TokenState.Finalised) === 0) tokens.complain('a token that came back was not finalised');
      t.refs.decref(token);
    }
  }

  // --- The thread ---

  /** Leaves the runtime for good, as a thread does, and starts as a new one; what it made lives on. */
  private beBornAgain(): void {
    const { t } = this;
    t.calls.releaseCodes();
    t.exit();
    t.start(t.index, this.bodies);
    this.births++;
  }

  /** The end of the round: what this thread knew goes where thread 0 finds it. */
  private leave(): void {
    const { t, shared } = this;
    for (const graph of this.own) {
      this.graphs.check(graph, Trust.Own);
      t.lists.append(shared.rest, graph);
      t.refs.decref(graph);
    }
    for (const weakref of this.watchers) {
      t.lists.append(shared.watchers, weakref);
      t.refs.decref(weakref);
    }
  }
}
