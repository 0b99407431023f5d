import type { Ref } from '../../refcount/refCounter.js';

/** References of a collection in progress: memory of JavaScript, so that a full heap does not keep it from working. */
export class RefList {
  private refs = new Int32Array(1024);
  length = 0;

  push(ref: Ref): void {
    if (this.length === this.refs.length) this.grow();
    this.refs[this.length++] = ref;
  }

  /** The last one, taken out. Not of an empty list. */
  pop(): Ref {
    return this.refs[--this.length];
  }

  at(index: number): Ref {
    return this.refs[index];
  }

  /** Keeps the first `length`. */
  truncate(length: number): void {
    this.length = length;
  }

  set(index: number, ref: Ref): void {
    this.refs[index] = ref;
  }

  private grow(): void {
    const larger = new Int32Array(this.refs.length * 2);
    larger.set(this.refs);
    this.refs = larger;
  }
}
