import { Control, GcHead, GcState } from '../../memory/layout.js';
import { generationHead } from '../../objects/gcHeap.js';
import { Referents, Span } from '../../objects/referents.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { GcThread } from '../collector.js';
import { GcList } from './layout.js';
import { listSize, mergeLists } from './list.js';

/** The generations as lists: what can be asked of them and done to them without a collection. Under the GIL. */
export class Generations {
  protected readonly i32: Int32Array;
  private readonly spans: Referents;

  constructor(protected readonly thread: GcThread) {
    this.i32 = thread.i32;
    this.spans = new Referents(thread.i32);
  }

  /** `gc.freeze`: all objects of the generations go to the list that no collection looks at. */
  freeze(): void {
    const heap = this.i32;
    for (let generation = 0; generation < GcList.Generations; generation++) {
      mergeLists(heap, generationHead(generation), generationHead(GcList.Frozen));
      heap[Control.Gc + GcState.Counts + generation] = 0;
    }
    heap[Control.Gc + GcState.FreezeActive] = 1;
  }

  /** `gc.unfreeze`: they come back to the oldest generation. */
  unfreeze(): void {
    const heap = this.i32;
    mergeLists(heap, generationHead(GcList.Frozen), generationHead(GcList.Old));
    heap[Control.Gc + GcState.FreezeActive] = 0;
  }

  freezeCount(): number {
    return listSize(this.i32, generationHead(GcList.Frozen));
  }

  /** As `Collector.objects`. */
  objects(generation: number | null): Ref[] {
    const found: Ref[] = [];
    const first = generation ?? GcList.Young;
    const last = generation ?? GcList.Old;
    for (let list = first; list <= last; list++) this.addAll(list, null, found);
    return found;
  }

  /** As `Collector.referrers`. */
  referrers(targets: readonly Ref[]): Ref[] {
    const found: Ref[] = [];
    const wanted = new Set(targets);
    for (let list = GcList.Young; list <= GcList.Old; list++) this.addAll(list, wanted, found);
    return found;
  }

  /** Objects of one list, `targets`: that refer to one of these; each with a reference. */
  private addAll(list: number, targets: ReadonlySet<Ref> | null, found: Ref[]): void {
    const heap = this.i32;
    const head = generationHead(list);
    for (let object = heap[head + GcHead.Next]; object !== head; object = heap[object + GcHead.Next]) {
      if (targets !== null && !this.refersTo(object, targets)) continue;
      this.thread.refs.incref(object);
      found.push(object);
    }
  }

  private refersTo(object: Ref, targets: ReadonlySet<Ref>): boolean {
    const heap = this.i32;
    const end = this.spans.of(object) * Span.Words;
    const { spans } = this.spans;
    for (let at = 0; at < end; at += Span.Words) {
      for (let word = spans[at + Span.Start]; word < spans[at + Span.End]; word += spans[at + Span.Step]) {
        if (targets.has(heap[word])) return true;
      }
    }
    return false;
  }
}
