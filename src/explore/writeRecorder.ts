import { type Hooks, OpKind } from './hooks.js';

/** Words of a memory that were written, as a set of bits. */
export class WrittenWords {
  private readonly bits: Int32Array;

  constructor(private readonly words: number) {
    this.bits = new Int32Array((words + 31) >>> 5);
  }

  add(word: number): void {
    this.bits[word >>> 5] |= 1 << (word & 31);
  }

  has(word: number): boolean {
    return (this.bits[word >>> 5] & (1 << (word & 31))) !== 0;
  }

  /** Calls `visitor` for each written word, in the order of addresses. */
  visit(visitor: (word: number) => void): void {
    for (let group = 0; group < this.bits.length; group++) {
      if (this.bits[group] === 0) continue;
      for (let word = group << 5; word < Math.min(this.words, (group + 1) << 5); word++) {
        if (this.has(word)) visitor(word);
      }
    }
  }
}

/**
 * Hooks of rewritten code that runs alone and to its end: every access is performed at once, and the words of one
 * memory that are written, plainly or by an atomic operation, are noted while `record` is on. An atomic
 * read-modify-write is a write whatever it finds: the processor takes the line for itself, and a page that is shared
 * copy-on-write is copied.
 */
export class WriteRecorder implements Hooks {
  record = false;
  readonly written: WrittenWords;
  readonly atomics: Readonly<Record<string, unknown>> = {};
  private result: number | undefined;

  constructor(private readonly buffer: ArrayBufferLike) {
    this.written = new WrittenWords(buffer.byteLength >>> 2);
  }

  /** Runs a function of rewritten code to its end. */
  complete<T>(value: T): T {
    if (!this.isGen(value)) return value;
    const suspended = value as unknown as Generator<undefined, T>;
    const { done, value: result } = suspended.next();
    if (done !== true) throw new Error('code that runs alone was suspended');
    return result;
  }

  point(kind: OpKind, view: unknown, index: number, a: number, b: number): boolean {
    const array = view as Int32Array;
    if (kind > OpKind.Load && kind <= OpKind.CompareExchange) this.note(array, index);
    this.result = perform(kind, array, index, a, b);
    return false;
  }

  exec(): number | undefined {
    return this.result;
  }

  read(): boolean {
    return false;
  }

  write(view: unknown, index: unknown): boolean {
    if (this.record && ArrayBuffer.isView(view) && typeof index === 'number') {
      this.note(view as Int32Array, index);
    }
    return false;
  }

  // biome-ignore lint/correctness/useYield: rewritten code delegates to it
  *fill(view: unknown, _site: number, ...args: number[]): Generator {
    const array = view as Int32Array;
    const [value, from = 0, to = array.length] = args;
    this.noteRange(array, from, to);
    return array.fill(value, from, to);
  }

  // biome-ignore lint/correctness/useYield: rewritten code delegates to it
  *copyWithin(view: unknown, _site: number, ...args: number[]): Generator {
    const array = view as Int32Array;
    const [target, from, to = array.length] = args;
    this.noteRange(array, target, target + to - from);
    return array.copyWithin(target, from, to);
  }

  isGen(value: unknown): boolean {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Generator'
    );
  }

  from<T>(suspended: T): T {
    return suspended;
  }

  caller(site: number): number {
    return site;
  }

  sync(value: unknown): unknown {
    return this.complete(value);
  }

  readSync(): void {}

  writeSync(view: unknown, index: unknown): void {
    this.write(view, index);
  }

  random(): number {
    return 0.5;
  }

  private note(view: Int32Array, index: number): void {
    if (!this.record || view.buffer !== this.buffer) return;
    const byte = index * view.BYTES_PER_ELEMENT;
    this.written.add(byte >>> 2);
    // A double takes two words.
    if (view.BYTES_PER_ELEMENT === 8) this.written.add((byte >>> 2) + 1);
  }

  private noteRange(view: Int32Array, from: number, to: number): void {
    if (!this.record) return;
    for (let index = from; index < to; index++) this.note(view, index);
  }
}

function perform(kind: OpKind, view: Int32Array, index: number, a: number, b: number): number | undefined {
  switch (kind) {
    case OpKind.Load:
      return Atomics.load(view, index);
    case OpKind.Store:
      return Atomics.store(view, index, a);
    case OpKind.Add:
      return Atomics.add(view, index, a);
    case OpKind.Sub:
      return Atomics.sub(view, index, a);
    case OpKind.And:
      return Atomics.and(view, index, a);
    case OpKind.Or:
      return Atomics.or(view, index, a);
    case OpKind.Xor:
      return Atomics.xor(view, index, a);
    case OpKind.Exchange:
      return Atomics.exchange(view, index, a);
    case OpKind.CompareExchange:
      return Atomics.compareExchange(view, index, a, b);
    case OpKind.Wait:
      throw new Error('code that runs alone waits: nobody is left to wake it');
    default:
      return 0;
  }
}
