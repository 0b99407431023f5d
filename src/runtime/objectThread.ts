import type { Allocator } from '../allocators/allocator.js';
import type { AtomicOps } from '../memory/atomicOps.js';
import type { BuiltinFunctions } from '../objects/builtinFunctions.js';
import type { Codes } from '../objects/codes.js';
import type { Dicts } from '../objects/dicts.js';
import type { Functions } from '../objects/functions.js';
import type { Generators } from '../objects/generators.js';
import type { Hashing } from '../objects/hash.js';
import type { Instances } from '../objects/instances.js';
import type { Lists } from '../objects/lists.js';
import type { Locks } from '../objects/locks.js';
import type { MethodCallers } from '../objects/methodCallers.js';
import type { Methods } from '../objects/methods.js';
import type { Modules } from '../objects/modules.js';
import type { Numbers } from '../objects/numbers.js';
import type { Strings } from '../objects/strings.js';
import type { Tuples } from '../objects/tuples.js';
import type { Types } from '../objects/types/types.js';
import type { WeakDicts } from '../objects/weakDicts.js';
import type { Weakrefs } from '../objects/weakrefs.js';
import type { RefCounter } from '../refcount/refCounter.js';
import type { ThreadState } from '../threads/threadState.js';
import type { Build } from './builds.js';
import type { HandleTable } from './handleTable.js';

/** The thread as its own parts see it: the build's row and the types of objects. `Thread` is the whole. */
export interface ObjectThread {
  readonly build: Build;
  /** Whether cyclic garbage is collected. */
  readonly collects: boolean;
  readonly i32: Int32Array;
  readonly atomics: AtomicOps;
  readonly state: ThreadState;
  readonly allocator: Allocator;
  readonly refs: RefCounter;
  readonly numbers: Numbers;
  readonly strings: Strings;
  readonly tuples: Tuples;
  readonly codes: Codes;
  readonly lists: Lists;
  readonly dicts: Dicts;
  readonly functions: Functions;
  readonly locks: Locks;
  /** References that JavaScript objects of the thread hold. */
  readonly roots: HandleTable;
  readonly methods: Methods;
  readonly instances: Instances;
  readonly types: Types;
  readonly modules: Modules;
  readonly builtinFunctions: BuiltinFunctions;
  readonly generators: Generators;
  readonly methodCallers: MethodCallers;
  readonly weakrefs: Weakrefs;
  readonly weakDicts: WeakDicts;
  readonly hashing: Hashing;
}
