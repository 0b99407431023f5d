import { BuiltinType, Header } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import type { Random } from './random.js';

/** Kinds of values that `make` chooses from. */
const KINDS = 8;
const MAX_ITEMS = 40;
const MAX_DEPTH = 30;

/**
 * Objects whose contents follow from one number, so that whoever gets one can tell whether it is whole: a list of n,
 * n + 1, ..., a dict of n: n + 1, and so on. Raw level: references are new, arguments borrowed.
 */
export class Values {
  constructor(private readonly t: Thread) {}

  /** A new object of a random kind. Throws MemoryError. */
  make(random: Random): Ref {
    const { t } = this;
    const n = 1000 + random.below(1_000_000);
    switch (random.below(KINDS)) {
      case 0:
        return t.numbers.int(n);
      case 1:
        return t.numbers.float(n + 0.5);
      case 2:
        return t.strings.create(`${n}:${n}`);
      case 3:
        return this.keeping(n, (item) => t.tuples.create([item, item]));
      case 4:
        return this.dict(n, 1 + random.below(MAX_ITEMS));
      case 5:
        return this.nested(n, 1 + random.below(MAX_DEPTH));
      default:
        return this.list(n, 1 + random.below(MAX_ITEMS));
    }
  }

  /** Null, or what is wrong with an object of `make`. */
  check(object: Ref): string | null {
    const { t } = this;
    switch (t.i32[object + Header.Type]) {
      case BuiltinType.Int:
        return Number.isInteger(t.numbers.value(object)) ? null : 'an int that is no integer';
      case BuiltinType.Float:
        return t.numbers.value(object) % 1 === 0.5 ? null : `a float of ${t.numbers.value(object)}`;
      case BuiltinType.Str:
        return this.checkText(t.strings.text(object));
      case BuiltinType.Tuple:
        return this.checkTuple(object);
      case BuiltinType.Dict:
        return this.checkDict(object);
      case BuiltinType.List:
        return this.checkList(object);
      default:
        return `an object of no known type at ${object}`;
    }
  }

  // --- Making ---

  private list(first: number, length: number): Ref {
    const { t } = this;
    const list = t.lists.create();
    for (let i = 0; i < length; i++) this.keeping(first + i, (item) => t.lists.append(list, item));
    return list;
  }

  private nested(first: number, depth: number): Ref {
    const { t } = this;
    let list = this.list(first, 1);
    for (let i = 0; i < depth; i++) {
      const outer = t.lists.create();
      t.lists.append(outer, list);
      t.refs.decref(list);
      list = outer;
    }
    return list;
  }

  private dict(first: number, length: number): Ref {
    const { t } = this;
    const dict = t.dicts.create();
    for (let i = 0; i < length; i++) {
      this.keeping(first + i, (key) => {
        this.keeping(first + i + 1, (value) => t.dicts.set(dict, key, value));
      });
    }
    return dict;
  }

  /** Gives the body an int that is dropped behind it. */
  private keeping<T>(value: number, body: (item: Ref) => T): T {
    const item = this.t.numbers.int(value);
    try {
      return body(item);
    } finally {
      this.t.refs.decref(item);
    }
  }

  // --- Checking ---

  private checkText(text: string): string | null {
    const [left, right] = text.split(':');
    return left === right && left !== '' ? null : `a str of '${text}'`;
  }

  private checkTuple(tuple: Ref): string | null {
    const { t } = this;
    const first = this.intAt(t.tuples.get(tuple, 0));
    return first === this.intAt(t.tuples.get(tuple, 1)) ? null : 'a tuple of different items';
  }

  private checkList(list: Ref): string | null {
    const { t } = this;
    const head = t.lists.get(list, 0);
    const inner = t.i32[head + Header.Type] === BuiltinType.List;
    const nested = inner ? this.checkList(head) : null;
    if (inner) t.refs.decref(head);
    if (inner) return nested;
    const first = this.intAt(head);
    for (let i = 1; i < t.lists.length(list); i++) {
      const item = this.intAt(t.lists.get(list, i));
      if (item !== first + i) return `a list of ${first}, ... with ${item} at ${i}`;
    }
    return null;
  }

  private checkDict(dict: Ref): string | null {
    const { t } = this;
    for (let at = t.dicts.next(dict, 0); at >= 0; at = t.dicts.next(dict, at)) {
      const key = this.intAt(t.dicts.lastKey);
      const value = this.intAt(t.dicts.lastValue);
      if (value !== key + 1) return `a dict with ${value} for ${key}`;
    }
    return null;
  }

  /** The value of an int; steals the reference. */
  private intAt(item: Ref): number {
    const value = this.t.numbers.value(item);
    this.t.refs.decref(item);
    return value;
  }
}
