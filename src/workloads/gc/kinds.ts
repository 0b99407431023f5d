import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { NONE } from '../numbers.js';

/** `pairs`: instances that refer to each other, one of them held from outside. */
export type LiveKind = 'lists' | 'dicts' | 'instances' | 'pairs';

/** A list in itself, two instances in each other, a dict in itself. */
export type CycleKind = 'lists' | 'pairs' | 'dicts';

/** Objects between two polls while many are made. */
const POLL_EVERY = 1024;
/** The one attribute of the instances, and the one key of the dicts. */
const NAME = 'x';

/** The class of `instances` and `pairs`. */
export function createClass(t: Thread): Ref {
  return t.instances.createType('C', [NAME], 0);
}

/** Makes the objects of these workloads. One a worker. */
export class KindMaker {
  private readonly lists: Thread['lists'];
  private readonly dicts: Thread['dicts'];
  private readonly instances: Thread['instances'];
  private readonly refs: Thread['refs'];
  private name: Ref = 0;
  private type: Ref = 0;

  constructor(private readonly t: Thread) {
    this.lists = t.lists;
    this.dicts = t.dicts;
    this.instances = t.instances;
    this.refs = t.refs;
  }

  /** Attached. `type`: of `createClass`; borrowed until the end of the run. */
  start(type: Ref): void {
    this.name = this.t.strings.intern(NAME);
    this.type = type;
  }

  /** Appends live objects to the list until it reaches `count` of them, those behind the first of a pair included. */
  fill(target: Ref, kind: LiveKind, count: number): void {
    const step = kind === 'pairs' ? 2 : 1;
    for (let i = 0; i < count; i += step) {
      const object = this.live(kind);
      this.lists.append(target, object);
      this.refs.decref(object);
      if (i % POLL_EVERY === 0) this.t.poll();
    }
  }

  /** A new reference to the object, or to the first of a pair. */
  live(kind: LiveKind): Ref {
    switch (kind) {
      case 'lists':
        return this.lists.create();
      case 'dicts':
        return this.dictOf(NONE);
      case 'instances':
        return this.instanceOf(NONE);
      case 'pairs':
        return this.pair();
    }
  }

  /** A cycle that nobody refers to from outside; returns of how many objects. */
  garbage(kind: CycleKind): number {
    switch (kind) {
      case 'lists':
        return this.dropSelfList();
      case 'dicts':
        return this.dropSelfDict();
      case 'pairs':
        this.refs.decref(this.pair());
        return 2;
    }
  }

  /** A new reference to an instance whose partner nothing else refers to. */
  pair(): Ref {
    const first = this.instances.create(this.type);
    const second = this.instanceOf(first);
    this.instances.setSlot(first, 0, second);
    this.refs.decref(second);
    return first;
  }

  private dropSelfList(): number {
    const list = this.lists.create();
    this.lists.append(list, list);
    this.refs.decref(list);
    return 1;
  }

  private dropSelfDict(): number {
    const dict = this.dicts.create();
    this.dicts.set(dict, this.name, dict);
    this.refs.decref(dict);
    return 1;
  }

  private dictOf(value: Ref): Ref {
    const dict = this.dicts.create();
    this.dicts.set(dict, this.name, value);
    return dict;
  }

  private instanceOf(value: Ref): Ref {
    const instance = this.instances.create(this.type);
    this.instances.setSlot(instance, 0, value);
    return instance;
  }
}
