import { BuiltinType, Header } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import { Globals } from '../../runtime/globals.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

const WRITER = 0;
const READER = 1;
const SITE = 0;

interface Module {
  readonly dict: Ref;
  readonly name: Ref;
  readonly code: Ref;
  /** The function that the writer makes. */
  readonly made: number;
  /** The type of what the reader has got. */
  readonly got: number;
}

/** A module whose name `f` is a tuple of the size of a function; the reader's inline cache knows its place. */
function moduleWithTuple(w: World): Module {
  const { codes, dicts, numbers, refs, strings, tuples } = w.thread(WRITER);
  const dict = dicts.create();
  const name = strings.intern('f');
  const code = codes.create(0, name, 0);
  const tuple = tuples.create([numbers.int(1), numbers.int(2)]);
  refs.setMaybeWeakref(tuple);
  dicts.set(dict, name, tuple);
  refs.decref(tuple);
  const { globals, calls } = w.thread(READER);
  globals.bind(SITE, dict, 'f');
  calls.close(globals.load(SITE));
  return { dict, name, code, made: w.words(1, 'made'), got: w.words(1, 'got') };
}

/** f = 7; then a function is made, in the block of the tuple, that no module knows. */
function replaceAndMake(s: Module, w: World): void {
  const { dicts, functions, numbers } = w.thread(WRITER);
  dicts.set(s.dict, s.name, numbers.int(7));
  w.i32[s.made] = functions.create(s.code, 0);
}

function loadGlobal(s: Module, w: World): void {
  const { globals, calls } = w.thread(READER);
  const object = globals.load(SITE);
  w.i32[s.got] = w.i32[object + Header.Type];
  calls.close(object);
}

function typeName(type: Ref): string {
  if (type === BuiltinType.Tuple) return 'the tuple';
  return type === BuiltinType.Int ? 'the int' : 'a stranger';
}

/** As CPython's `_Py_TryXGetStackRef`. */
class DeferredBitFirst extends Globals {
  protected override isKnownDeferred(value: Ref, _known: Ref): boolean {
    return value !== 0 && this.refs.isDeferred(value);
  }
}

/** D7 and scenario 10, for LOAD_GLOBAL. */
export const globalReplaced = scenario<Module>('global-replaced', {
  about:
    'LOAD_GLOBAL against f = 7 and a new function in the block of the old f: deferred, hence not counted',
  refcount: ['gil', 'biased'],
  world: { allocator: 'reuse' },
  setup: moduleWithTuple,
  threads: { writer: replaceAndMake, reader: loadGlobal },
  after(s, w) {
    const { refs } = w.thread(WRITER);
    w.drain();
    refs.disableDeferred(w.i32[s.made]);
    refs.decref(w.i32[s.made]);
    refs.decref(s.code);
    refs.decref(s.dict);
    return { got: typeName(w.i32[s.got]) };
  },
  outcomes: { 'got=the tuple': 'required', 'got=the int': 'required' },
  replay: ['a13-b5-a35-b8'],
  variants: {
    'the deferred bit is looked at before there is a reference': {
      overrides: [DeferredBitFirst],
      refcount: ['biased'],
      finds: ['got=a stranger', 'use after free'],
    },
  },
});
