/**
 * The program of the soak: threads that are born and die, allocate, pass on and free. Objects and bare blocks go
 * through cells that all threads share: whoever takes one out checks it and drops it, be its maker alive or not.
 */
import { PythonError } from '../../memory/errors.js';
import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { Blocks } from './blocks.js';
import { Random } from './random.js';
import { Values } from './values.js';

export interface SoakArgs {
  readonly seed: number;
  /** Milliseconds until the threads return. */
  readonly timeMs: number;
}

/** What one thread did. */
export interface SoakReport {
  readonly operations: number;
  /** Times that the thread left the runtime and came back. */
  readonly births: number;
  /** The first thing that was wrong, or null. */
  readonly wrong: string | null;
}

const enum Cells {
  Count = 256,
  Objects = Control.Scratch,
  Blocks = Control.Scratch + Count,
}

/** Steps between two looks at the clock; between two lives of a thread on average. */
const BATCH = 256;
const LIFETIME = 20_000;
const SHARED_KEYS = 500;
const SHARED_ITEMS = 1000;

export const level = 'raw';

export function setup(t: Thread): { list: Ref; dict: Ref } {
  t.i32.fill(0, Cells.Objects, Cells.Blocks + Cells.Count);
  return { list: t.lists.create(), dict: t.dicts.create() };
}

export function run(t: Thread, shared: { list: Ref; dict: Ref }, args: SoakArgs): SoakReport {
  const soaker = new Soaker(t, shared.list, shared.dict, new Random(args.seed * 64 + t.index));
  const end = performance.now() + args.timeMs;
  while (performance.now() < end && soaker.wrong === null) soaker.steps(BATCH);
  return { operations: soaker.operations, births: soaker.births, wrong: soaker.wrong };
}

/** Empties the cells: what is alive afterwards is a leak. */
export function teardown(t: Thread): string | null {
  const values = new Values(t);
  const blocks = new Blocks(t);
  const random = new Random(1);
  let wrong: string | null = null;
  for (let cell = 0; cell < Cells.Count; cell++) {
    const object = Atomics.exchange(t.i32, Cells.Objects + cell, 0);
    const block = Atomics.exchange(t.i32, Cells.Blocks + cell, 0);
    if (object !== 0) wrong ??= values.check(object);
    if (object !== 0) t.refs.decref(object);
    if (block !== 0) wrong ??= blocks.check(block);
    if (block !== 0) blocks.drop(block, random);
  }
  return wrong;
}

class Soaker {
  operations = 0;
  births = 0;
  wrong: string | null = null;
  private readonly values: Values;
  private readonly blocks: Blocks;

  constructor(
    private readonly t: Thread,
    private readonly list: Ref,
    private readonly dict: Ref,
    private readonly random: Random,
  ) {
    this.values = new Values(t);
    this.blocks = new Blocks(t);
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) this.step();
    this.operations += count;
  }

  private step(): void {
    const { random } = this;
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        this.passObject();
        break;
      case 3:
      case 4:
        this.passBlock();
        break;
      case 5:
        this.useList();
        break;
      case 6:
        this.useDict();
        break;
      default:
        if (random.below(LIFETIME / 8) === 0) this.beBornAgain();
    }
    this.t.poll();
  }

  private passObject(): void {
    const { t, values, random } = this;
    const object = values.make(random);
    const former = Atomics.exchange(t.i32, Cells.Objects + random.below(Cells.Count), object);
    if (former === 0) return;
    this.wrong ??= values.check(former);
    t.refs.decref(former);
  }

  private passBlock(): void {
    const { t, blocks, random } = this;
    const block = blocks.make(random);
    const former = Atomics.exchange(t.i32, Cells.Blocks + random.below(Cells.Count), block);
    if (former === 0) return;
    this.wrong ??= blocks.check(former);
    blocks.drop(former, random);
  }

  /** All threads append to one list, pop from it, read it without locks and, now and then, clear it. */
  private useList(): void {
    const { t, list, random } = this;
    try {
      const action = random.below(4);
      if (action === 0) t.refs.decref(t.lists.pop(list));
      else if (action === 1) this.checkItem(t.lists.get(list, random.below(SHARED_ITEMS)));
      else if (t.lists.length(list) > SHARED_ITEMS) t.lists.clear(list);
      else this.appendItem();
    } catch (error) {
      if (!(error instanceof PythonError && error.kind === 'IndexError')) throw error;
    }
  }

  private appendItem(): void {
    const { t, random, values } = this;
    const item = values.make(random);
    t.lists.append(this.list, item);
    t.refs.decref(item);
  }

  private checkItem(item: Ref): void {
    this.wrong ??= this.values.check(item);
    this.t.refs.decref(item);
  }

  /** Keys come and go; the value of a key is always its own. */
  private useDict(): void {
    const { t, dict, random } = this;
    const number = 1000 + random.below(SHARED_KEYS);
    const key = t.numbers.int(number);
    try {
      const action = random.below(3);
      if (action === 0) this.setValue(key, number);
      else if (action === 1) this.checkValue(t.dicts.get(dict, key), number);
      else t.refs.decref(t.dicts.pop(dict, key));
    } catch (error) {
      if (!(error instanceof PythonError && error.kind === 'KeyError')) throw error;
    } finally {
      t.refs.decref(key);
    }
  }

  private setValue(key: Ref, number: number): void {
    const value = this.t.numbers.int(number * 10);
    this.t.dicts.set(this.dict, key, value);
    this.t.refs.decref(value);
  }

  private checkValue(value: Ref, number: number): void {
    if (value === 0) return;
    const found = this.t.numbers.value(value);
    if (found !== number * 10) this.wrong ??= `the dict has ${found} for ${number}`;
    this.t.refs.decref(value);
  }

  /** Leaves the runtime for good, as a thread does, and starts as a new one; what it made lives on. */
  private beBornAgain(): void {
    const { t } = this;
    t.exit();
    t.start(t.index);
    this.births++;
  }
}
