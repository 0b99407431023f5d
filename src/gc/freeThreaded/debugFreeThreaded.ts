import { assertInvariant } from '../../memory/invariant.js';
import { GcBits, Header, TypeObject } from '../../memory/layout.js';
import { Chunk } from '../../refcount/mergeQueue.js';
import type { CollectedRefCounter, Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import type { ObjectList } from '../objectStack.js';
import { Candidates } from './candidates.js';
import { FreeThreadedCollector } from './freeThreadedCollector.js';
import type { SegmentOwners } from './owners.js';

const enum Bits {
  Unreachable = GcBits.Unreachable << 24,
  Alive = GcBits.Alive << 24,
  Tracked = GcBits.Tracked << 24,
}

/** `FreeThreadedCollector` of the debug build: see `DebugCandidates`. */
export class DebugFreeThreadedCollector extends FreeThreadedCollector {
  protected override makeCandidates(unreachable: ObjectList, isShutdown: boolean): Candidates {
    return new DebugCandidates(
      this.thread,
      this.parts.refs,
      this.stack,
      unreachable,
      this.parts.owners,
      isShutdown,
    );
  }
}

/**
 * Asserts INV-8.1 (no candidate has fewer references than the others hold of it), INV-8.2 (a collection begins without
 * marks, and merged objects have no owner) and INV-8.5 (nobody has touched a count while the owners were away).
 */
class DebugCandidates extends Candidates {
  private readonly counts = new Map<Ref, number>();
  private readonly slot: number;

  constructor(
    thread: GcThread,
    refs: CollectedRefCounter,
    stack: Candidates['stack'],
    list: ObjectList,
    owners: SegmentOwners,
    isShutdown: boolean,
  ) {
    super(thread, refs, stack, list, owners, isShutdown);
    this.slot = thread.slot;
  }

  override visit(object: Ref): void {
    const header = this.i32[object];
    if ((header & Bits.Tracked) !== 0) this.checkHeader(object, header);
    const before = this.gathered;
    super.visit(object);
    if (this.gathered !== before) this.counts.set(object, this.refs.stoppedCount(object));
  }

  override subtract(): void {
    super.subtract();
    const heap = this.i32;
    for (let chunk = this.list.first; chunk !== 0; chunk = heap[chunk + Chunk.Next]) {
      for (let i = 0; i < heap[chunk + Chunk.Count]; i++) this.checkRefs(heap[chunk + Chunk.Items + i]);
    }
  }

  override isKept(object: Ref): boolean {
    const count = this.refs.stoppedCount(object);
    this.assert(count === this.counts.get(object), 'INV-8.5', object, () => {
      return `its count was ${this.counts.get(object)} and is ${count}: somebody counts in a stopped world`;
    });
    return super.isKept(object);
  }

  private checkHeader(object: Ref, header: number): void {
    this.assert((header & (Bits.Unreachable | Bits.Alive)) === 0, 'INV-8.2', object, () => {
      return 'it has a mark of a collection that is over';
    });
    if (this.refs.isImmortal(object)) return;
    const owner = header & Header.OwnerMask;
    this.assert(owner !== 0 || !this.refs.mayHaveOwner(object), 'INV-8.2', object, () => {
      return 'it has no owner and is not merged';
    });
    this.assert(owner === 0 || this.refs.mayHaveOwner(object), 'INV-8.2', object, () => {
      return `it is merged and has the owner ${owner}`;
    });
  }

  private checkRefs(object: Ref): void {
    const refs = this.gcRefs.get(object);
    this.assert(refs >= 0, 'INV-8.1', object, () => {
      return `its count is ${this.counts.get(object)}, and other objects hold ${-refs} references more`;
    });
  }

  private assert(holds: boolean, name: string, object: Ref, what: () => string): void {
    const kind = this.i32[this.i32[object + Header.Type] + TypeObject.Kind];
    assertInvariant(holds, name, this.slot, () => `object ${object} of kind ${kind}: ${what()}`);
  }
}
