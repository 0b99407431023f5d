import { tagOfBlock } from '../../allocators/blockWords.js';
import { checkAllocators } from '../../allocators/check/checkAllocators.js';
import { CheckContext, Placing, type Placings } from '../../allocators/check/context.js';
import {
  BuiltinType,
  Control,
  GcBits,
  GcState,
  Header,
  HeapTag,
  PreHeader,
  TypeObject,
} from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { checkFreeLists } from './freeLists.js';
import { checkGenerations, checkListed } from './generations.js';
import { type HeaderCheck, headerCheckOf, type Scheme } from './headers.js';
import { checkMergeQueues } from './mergeQueues.js';
import { objectIn } from './objectBlock.js';
import { visitReferences } from './references.js';
import { checkWeakrefs } from './weakrefs.js';

export interface ObjectCheckOptions {
  /** The build's counts. */
  readonly refcount: Scheme;
  /**
   * True: no thread and no handle holds a reference, all have exited; then every count must be explained by what the
   * heap holds. Default: counts may be larger, never smaller.
   */
  readonly complete?: boolean;
  /** Where blocks lie, if the build's domains were given other allocators. */
  readonly placings?: Placings;
}

/**
 * As `checkHeap`, and every object too: its header (INV-1.1, INV-1.5), its type, that what it refers to is alive,
 * that counts and references agree (INV-1.4), and that those which a collector sees are in its lists. No other thread may run.
 */
export function checkObjects(memory: SharedMemory, options: ObjectCheckOptions): string[] {
  const context = new CheckContext(memory, options.placings);
  checkAllocators(context);
  checkFreeLists(context);
  const listed = checkGenerations(context);
  const queued = checkMergeQueues(context);
  // Where blocks are broken, nothing good can be said of the objects in them.
  const known = context.placings.object !== Placing.Unknown;
  if (context.problems.length === 0 && known) new ObjectCheck(context, options, queued, listed).run();
  return context.result();
}

class ObjectCheck {
  private readonly i32: Int32Array;
  private readonly headers: HeaderCheck;
  /** Live objects in the heaps: references found so far. */
  private readonly found = new Map<number, number>();
  /** Those of tag GcPre. */
  private readonly preHeaders = new Set<number>();

  constructor(
    private readonly context: CheckContext,
    private readonly options: ObjectCheckOptions,
    private readonly queued: ReadonlySet<number>,
    /** Objects in the generations; null where there are none. */
    private readonly listed: ReadonlySet<number> | null,
  ) {
    this.i32 = context.i32;
    this.headers = headerCheckOf(context, options.refcount);
  }

  run(): void {
    this.collectObjects();
    if (this.listed !== null) checkListed(this.context, this.found.keys(), this.listed);
    for (const object of this.found.keys()) this.visitObject(object);
    checkWeakrefs(this.context, new Set(this.found.keys()));
    // A queue entry holds the reference that was donated (INV-2.2).
    for (const object of this.queued) this.refer(object, 'a merge queue');
    // Without counts the queue holds nothing: what is in it may be gone.
    const counted = this.options.refcount !== 'none';
    if (counted)
      for (const object of this.context.delayedObjects) this.refer(object, 'a queue of delayed frees');
    const globals = Atomics.load(this.i32, Control.RunGlobals);
    if (globals !== 0) this.refer(globals, 'the run');
    for (let type: number = BuiltinType.Type; type < BuiltinType.End; type += BuiltinType.Words) {
      const dict = this.i32[type + TypeObject.Dict];
      if (dict !== 0) this.refer(dict, `the built-in type ${type}`);
    }
    for (const word of [GcState.Garbage, GcState.Callbacks]) {
      const list = this.i32[Control.Gc + word];
      if (list !== 0) this.refer(list, 'the gc module');
    }
    for (const [object, found] of this.found) this.checkCount(object, found);
  }

  /** Blocks with a header that no cache holds: each must be an object of a known type. */
  private collectObjects(): void {
    const { context, i32: heap } = this;
    context.blocks.forEachLive((block) => {
      const tag = tagOfBlock(heap, block);
      if (tag === HeapTag.Mem || tag === HeapTag.Raw || context.blocks.isClaimed(block)) return;
      const object = objectIn(context, block, tag);
      if (object === 0) return;
      if (tag === HeapTag.GcPre) this.preHeaders.add(object);
      if (isType(heap, heap[object + Header.Type])) this.found.set(object, 0);
      else context.report(`object ${object} has the type ${heap[object + Header.Type]}, which is none`);
    });
  }

  private visitObject(object: number): void {
    this.headers.check(object);
    visitReferences(this.context, object, this.wordsOf(object), (target) =>
      this.refer(target, `object ${object}`),
    );
  }

  private wordsOf(object: number): number {
    const before = this.preHeaders.has(object) ? PreHeader.Words : 0;
    return this.context.wordsOf(object - before, HeapTag.Gc) - before;
  }

  private refer(target: number, from: string): void {
    const found = this.found.get(target);
    if (found !== undefined) this.found.set(target, found + 1);
    else if (!isStatic(this.i32, target))
      this.context.report(`${from} refers to ${target}, which is no live object`);
  }

  /** INV-1.4. */
  private checkCount(object: number, found: number): void {
    const { headers } = this;
    if (headers.isImmortal(object)) return;
    const count = headers.count(object);
    const complete = this.options.complete === true;
    // Those wait for a collector when nobody refers to them any more.
    const deferred = ((this.i32[object] >>> 24) & GcBits.Deferred) !== 0;
    this.context.expect(
      complete ? found === count : found <= count && (count > 0 || deferred),
      () => `INV-1.4: object ${object} has the count ${count}, ${found} references are in the heap`,
    );
  }
}

/** A type object: its type is `type`. */
function isType(heap: Int32Array, type: number): boolean {
  return type > 0 && type < heap.length && (type & 3) === 0 && heap[type + Header.Type] === BuiltinType.Type;
}

/** An object outside the heaps: made at start, or in the static arena; never freed. */
function isStatic(heap: Int32Array, object: number): boolean {
  const inRange = object >= Control.Types && object < Control.StaticArenaEnd && (object & 3) === 0;
  return inRange && isType(heap, heap[object + Header.Type]);
}
