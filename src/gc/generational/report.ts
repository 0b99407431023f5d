import { GcHead, Header, TypeObject } from '../../memory/layout.js';
import { generationHead } from '../../objects/gcHeap.js';
import type { Ref } from '../../refcount/refCounter.js';
import { GcList } from './layout.js';
import { listSize } from './list.js';

/** Where the lines of the debug flags go; without line ends. */
export type GcOutput = (line: string) => void;

/** Standard error, as in CPython. */
export const printToConsole: GcOutput = (line) => console.error(line);

/** What the debug flags of `gc.setDebug` print, in CPython's words. */
export class GcReport {
  /** `text`: characters of an interned str. */
  constructor(
    private readonly i32: Int32Array,
    private readonly text: (str: Ref) => string,
    private readonly output: GcOutput,
  ) {}

  /** `GcDebug.Stats`. */
  begin(generation: number): void {
    const sizes: number[] = [];
    for (let list = GcList.Young; list <= GcList.Frozen; list++) {
      sizes.push(listSize(this.i32, generationHead(list)));
    }
    const frozen = sizes.pop();
    this.output(`gc: collecting generation ${generation}...`);
    this.output(`gc: objects in each generation: ${sizes.join(' ')}`);
    this.output(`gc: objects in permanent generation: ${frozen}`);
  }

  /** `GcDebug.Stats`. */
  end(unreachable: number, uncollectable: number, milliseconds: number): void {
    const seconds = (milliseconds / 1000).toFixed(4);
    this.output(`gc: done, ${unreachable} unreachable, ${uncollectable} uncollectable, ${seconds}s elapsed`);
  }

  /** Each object of a list: `GcDebug.Collectable`, `GcDebug.Uncollectable`. */
  objects(head: number, what: 'collectable' | 'uncollectable'): void {
    const heap = this.i32;
    for (let object = heap[head + GcHead.Next]; object !== head; object = heap[object + GcHead.Next]) {
      const name = this.text(heap[heap[object + Header.Type] + TypeObject.Name]);
      this.output(`gc: ${what} <${name} 0x${object.toString(16)}>`);
    }
  }
}
