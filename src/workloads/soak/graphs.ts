import { BuiltinType, FunctionObject, Header } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { TokenState, type Tokens } from './tokens.js';

/** What `setup` makes for all threads. */
export interface GraphShared {
  /** Class of tokens, and of instances without a finaliser. */
  readonly token: Ref;
  readonly plain: Ref;
  /** Lists: graphs that threads mutate; what finalisers brought back; graphs and watchers that are left at the end. */
  readonly pool: Ref;
  readonly lost: Ref;
  readonly rest: Ref;
  readonly watchers: Ref;
  /** Serial number -> graph, all of them anchored. */
  readonly anchors: Ref;
  /** Serial number -> token, and token -> serial number. */
  readonly weakValues: Ref;
  readonly weakKeys: Ref;
  /** The function `called`. */
  readonly called: Ref;
}

/** What is known of a graph that is looked at. */
export const enum Trust {
  /** It may have been garbage, and come back without the weak references to it. */
  Loose,
  /** It was anchored when the caller got it, and may be released by now. */
  Held,
  /** It is anchored, and the caller's own. */
  Own,
}

/** Places in a graph's list. */
const enum Item {
  Serial,
  Token,
  /** A list of other graphs, that anybody changes. */
  Links,
  Part,
}

const enum Kind {
  /** No cycle: goes with its last reference. */
  Plain,
  List,
  Dict,
  Instance,
  InstanceWithDict,
  Tuple,
  Function,
  Class,
  Method,
  Weakref,
  WeakValue,
  WeakKey,
  Count,
}

/**
 * Small graphs of all kinds of objects, most of them cycles, each in a list: its serial number, its token, links to
 * other graphs, and a part whose kind and content follow from the number, so that whoever holds the list can tell
 * whether all of it is there. Raw level: references are new, arguments borrowed.
 */
export class Graphs {
  constructor(
    private readonly t: Thread,
    private readonly tokens: Tokens,
    private readonly shared: GraphShared,
  ) {}

  /** A new graph, anchored; 0: there are no more tokens. Throws MemoryError. */
  make(): Ref {
    const { t, tokens } = this;
    const serial = tokens.next();
    if (serial < 0) return 0;
    const graph = t.lists.create();
    const token = t.instances.create(this.shared.token);
    const int = tokens.intOf(serial);
    const links = t.lists.create();
    this.setAttr(token, 'serial', int);
    t.lists.append(graph, int);
    t.lists.append(graph, token);
    t.lists.append(graph, links);
    const part = this.makePart(serial % Kind.Count, graph, token, int);
    if (serial % Kind.Count !== Kind.Plain) this.setAttr(token, 'root', graph);
    t.lists.append(graph, part);
    for (const object of [part, links, int, token]) t.refs.decref(object);
    return graph;
  }

  serial(graph: Ref): number {
    return this.tokens.takeSerial(this.t.lists.get(graph, Item.Serial));
  }

  token(graph: Ref): Ref {
    return this.t.lists.get(graph, Item.Token);
  }

  links(graph: Ref): Ref {
    return this.t.lists.get(graph, Item.Links);
  }

  /** A weakref to the graph's token, whose callback knows the number. Once for a graph. */
  watch(graph: Ref): Ref {
    const { t, tokens } = this;
    const watcher = t.instances.create(this.shared.plain);
    const int = t.lists.get(graph, Item.Serial);
    this.setAttr(watcher, 'serial', int);
    const method = t.methods.create(this.shared.called, watcher);
    const token = this.token(graph);
    const weakref = t.weakrefs.create(token, method);
    for (const object of [watcher, method, token]) t.refs.decref(object);
    tokens.takeSerial(int);
    return weakref;
  }

  /** Looks at everything in a graph that the caller holds; complains. */
  check(graph: Ref, trust: Trust): void {
    const { t, tokens } = this;
    if (t.i32[graph + Header.Type] !== BuiltinType.List || t.lists.length(graph) !== Item.Part + 1) {
      tokens.complain(`the graph at ${graph} is no list of ${Item.Part + 1}`);
      return;
    }
    const serial = this.serial(graph);
    const token = this.token(graph);
    const part = t.lists.get(graph, Item.Part);
    const own = t.i32[token + Header.Type] === this.shared.token ? tokens.serialOf(token) : -1;
    if (own !== serial) tokens.complain(`graph ${serial} has token ${own}`);
    else if ((trust !== Trust.Loose || !isWeak(serial)) && !this.isWhole(serial, graph, token, part)) {
      tokens.complain(`graph ${serial}, kind ${serial % Kind.Count}, is not what it was`);
    }
    const state = tokens.state(serial);
    if (trust === Trust.Own && state !== (TokenState.Made | TokenState.Anchored)) {
      tokens.complain(`graph ${serial} is anchored and in state ${state}`);
    }
    t.refs.decref(token);
    t.refs.decref(part);
  }

  // --- Parts ---

  private makePart(kind: Kind, graph: Ref, token: Ref, int: Ref): Ref {
    const { t, shared } = this;
    switch (kind) {
      case Kind.List: {
        const list = t.lists.create();
        t.lists.append(list, graph);
        return list;
      }
      case Kind.Dict: {
        const dict = t.dicts.create();
        t.dicts.set(dict, int, graph);
        return dict;
      }
      case Kind.Instance:
        return this.instance(shared.plain, graph);
      case Kind.InstanceWithDict: {
        const instance = this.instance(shared.plain, graph);
        t.refs.decref(t.instances.dictOf(instance));
        return instance;
      }
      case Kind.Tuple:
        return t.tuples.create([graph, token]);
      case Kind.Function:
        return this.func(graph);
      case Kind.Class:
        return this.instanceOfOwnClass(graph);
      case Kind.Method:
        return t.methods.create(shared.called, token);
      case Kind.Weakref:
        return t.weakrefs.create(token);
      case Kind.WeakValue:
        t.weakDicts.set(shared.weakValues, int, token);
        return this.tokens.none();
      case Kind.WeakKey:
        t.weakDicts.set(shared.weakKeys, token, int);
        return this.tokens.none();
      default:
        return this.tokens.none();
    }
  }

  private isWhole(serial: number, graph: Ref, token: Ref, part: Ref): boolean {
    const { t, shared } = this;
    switch (serial % Kind.Count) {
      case Kind.List:
        return this.take(t.lists.get(part, 0), graph);
      case Kind.Dict: {
        const int = this.tokens.intOf(serial);
        const found = t.dicts.get(part, int);
        t.refs.decref(int);
        return this.take(found, graph);
      }
      case Kind.Instance:
      case Kind.InstanceWithDict:
      case Kind.Class:
        return this.take(this.getAttr(part, 'root'), graph);
      case Kind.Tuple:
        return this.take(t.tuples.get(part, 0), graph) && this.take(t.tuples.get(part, 1), token);
      case Kind.Function:
        return this.isFunction(part, graph);
      case Kind.Method:
        return t.methods.selfOf(part) === token;
      case Kind.Weakref:
        return this.take(t.weakrefs.get(part), token);
      case Kind.WeakValue: {
        const int = this.tokens.intOf(serial);
        const found = t.weakDicts.get(shared.weakValues, int);
        t.refs.decref(int);
        return this.take(found, token);
      }
      case Kind.WeakKey: {
        const int = t.weakDicts.get(shared.weakKeys, token);
        return int !== 0 && this.tokens.takeSerial(int) === serial;
      }
      default:
        return true;
    }
  }

  private instance(type: Ref, graph: Ref): Ref {
    const instance = this.t.instances.create(type);
    this.setAttr(instance, 'root', graph);
    return instance;
  }

  /** A function in its own globals. */
  private func(graph: Ref): Ref {
    const { t } = this;
    const globals = t.dicts.create();
    const func = t.calls.define('same', globals);
    t.dicts.set(globals, t.strings.intern('same'), func);
    t.dicts.set(globals, t.strings.intern('root'), graph);
    t.refs.decref(globals);
    return func;
  }

  /** An instance of a class that leads to the graph as well. */
  private instanceOfOwnClass(graph: Ref): Ref {
    const { t } = this;
    const init = this.func(graph);
    const type = t.instances.createType('Local', ['root'], init);
    const instance = this.instance(type, graph);
    t.refs.decref(init);
    t.refs.decref(type);
    return instance;
  }

  /** Calls it too: it returns its argument. */
  private isFunction(func: Ref, graph: Ref): boolean {
    const { t } = this;
    const globals = t.i32[func + FunctionObject.Globals];
    if (globals === 0) return false;
    const root = t.dicts.get(globals, t.strings.intern('root'));
    const result = t.calls.call1(t.calls.open(func), t.calls.lend(graph));
    return this.take(root, graph) && this.take(result, graph);
  }

  private setAttr(object: Ref, name: string, value: Ref): void {
    this.t.instances.setAttr(object, this.t.strings.intern(name), value);
  }

  private getAttr(object: Ref, name: string): Ref {
    return this.t.instances.getAttr(object, this.t.strings.intern(name));
  }

  /** Whether it is what it should be; steals the reference. */
  private take(found: Ref, expected: Ref): boolean {
    if (found !== 0) this.t.refs.decref(found);
    return found === expected;
  }
}

/** Weak references are cleared before a finaliser brings what they refer to back. */
function isWeak(serial: number): boolean {
  return serial % Kind.Count >= Kind.Weakref;
}
