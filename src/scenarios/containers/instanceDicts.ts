import { PreHeader } from '../../memory/layout.js';
import { Instances } from '../../objects/instances.js';
import { LockFreeInstances } from '../../objects/lockFreeInstances.js';
import type { Ref } from '../../refcount/refCounter.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';
import { lockFreeReads, unlessLocked } from './lockFreePart.js';

const WRITER = 0;
const READER = 1;

/** An instance with the attribute x = 1, and what the reader has got. */
interface Point {
  readonly object: Ref;
  readonly x: Ref;
  readonly got: number;
  /** 1 once the writer has finished. */
  readonly done: number;
  /** Whether the reader began behind that. */
  readonly late: number;
}

function point(w: World): Point {
  const { instances, numbers, refs, strings } = w.thread(WRITER);
  const x = strings.intern('x');
  const type = instances.createType('Point', ['x'], 0);
  const object = instances.create(type);
  refs.decref(type);
  instances.setAttr(object, x, numbers.int(1));
  // The first read of a non-owner takes the lock.
  w.thread(READER).instances.getAttr(object, x);
  return { object, x, got: w.words(1, 'got'), done: w.words(1, 'done'), late: w.words(1, 'late') };
}

interface PointAndDict extends Point {
  /** Another dict, with x = 2. */
  readonly dict: Ref;
}

/** The same with its `__dict__` made; the reader has read in both dicts. */
function pointWithDict(w: World): PointAndDict {
  const s = point(w);
  const { dicts, instances, numbers, refs } = w.thread(WRITER);
  refs.decref(instances.dictOf(s.object));
  w.thread(READER).instances.getAttr(s.object, s.x);
  const dict = dicts.create();
  dicts.set(dict, s.x, numbers.int(2));
  w.thread(READER).dicts.get(dict, s.x);
  return { ...s, dict };
}

function readX(s: Point, w: World): void {
  const { instances, numbers } = w.thread(READER);
  w.i32[s.late] = Atomics.load(w.i32, s.done);
  w.i32[s.got] = numbers.value(instances.getAttr(s.object, s.x));
}

/** The same without its slow path, which waits for the lock that the writer has. */
function readXUnlocked(s: Point, w: World): void {
  const { numbers } = w.thread(READER);
  const { instances } = lockFreeReads(w.thread(READER));
  w.i32[s.late] = Atomics.load(w.i32, s.done);
  const value = unlessLocked(() => instances.getAttr(s.object, s.x));
  if (value !== 0) w.i32[s.got] = numbers.value(value);
}

function replaceDict(s: PointAndDict, w: World): void {
  const { instances, refs } = w.thread(WRITER);
  instances.setDict(s.object, s.dict);
  refs.decref(s.dict);
  w.thread(WRITER).poll();
}

/** `vars(point)['x'] = 2`. */
function setThroughDict(s: Point, w: World): void {
  const { dicts, instances, numbers, refs } = w.thread(WRITER);
  const dict = instances.dictOf(s.object);
  dicts.set(dict, s.x, numbers.int(2));
  refs.decref(dict);
  Atomics.store(w.i32, s.done, 1);
}

function result(s: Point, w: World): { got: number; late: boolean } {
  const { refs } = w.main;
  refs.decref(s.object);
  w.drain();
  // The class is counted per thread: it dies with the last instance only in a collection.
  for (const each of refs.disablePerThread()) refs.decref(each);
  return { got: w.i32[s.got], late: w.i32[s.late] !== 0 };
}

// --- Broken steps ---

class DroppedAtOnce extends Instances {
  protected override dropDict(dict: Ref): void {
    this.refs.decref(dict);
  }
}

/** Who still finds a value there does not look for a dict. */
class ShownBeforeValuesGo extends Instances {
  protected override showDict(object: Ref, dict: Ref): void {
    this.refs.incref(dict);
    this.storeDict(object, dict);
  }
}

/** Who finds neither a value nor a dict takes it for an attribute that was never set. */
class NothingSaysMoving extends Instances {
  protected override showDict(object: Ref, dict: Ref): void {
    this.clearValues(object);
    this.refs.incref(dict);
    this.storeDict(object, dict);
  }
}

/** What says that the values are moving is taken for the dict that they move to. */
class TakesTheMarkForADict extends LockFreeInstances {
  protected override takeDict(object: Ref): Ref {
    const dict = this.atomics.load(object + PreHeader.Dict);
    if (dict !== 0) this.refs.incref(dict);
    return dict;
  }
}

/** The user of delayed decrefs: CPython's replaced managed dicts. */
export const dictReplaced = scenario<PointAndDict>('instance-dict-replaced', {
  about: 'point.x, by way of the dict, while point.__dict__ is replaced (CPython _PyObject_SetManagedDict)',
  refcount: ['gil', 'biased'],
  setup: pointWithDict,
  threads: { writer: replaceDict, reader: readX },
  after: (s, w) => ({ got: result(s, w).got }),
  outcomes: { 'got=1': 'required', 'got=2': 'required' },
  variants: {
    'the old dict is dropped at once': {
      overrides: [DroppedAtOnce],
      refcount: ['biased'],
      finds: ['use after free'],
    },
  },
});

export const dictMade = scenario<Point>('instance-dict-made', {
  about: 'point.x without the lock, while point.__dict__ is made and x is set in it',
  refcount: ['biased'],
  setup: point,
  threads: { writer: setThroughDict, reader: readXUnlocked },
  after: result,
  outcomes: {
    'got=1, late=false': 'required',
    // By the lock: the instance's while the values move, the dict's for a first read.
    'got=0, late=false': 'required',
    'got=0, late=true': 'required',
  },
  variants: {
    'the values stay behind': { overrides: [ShownBeforeValuesGo], finds: ['got=1, late=true'] },
    'the values go before anything says so': { overrides: [NothingSaysMoving], finds: ['error'] },
    'a reader does not know the mark': { overrides: [TakesTheMarkForADict], finds: ['error'] },
  },
});
