import type { Buffers } from './buffers.js';
import { SiteMark } from './hooks.js';
import { Cell, FindKind, Size } from './machineLayout.js';

/** What is kept of a word that is touched in this execution: clocks by thread, and where it was touched. */
const enum Record {
  /** Clock of each thread's last plain read, plain write, atomic read, atomic write; 0 none. */
  PlainRead = 0,
  PlainWrite = 8,
  AtomicRead = 16,
  AtomicWrite = 24,
  /** Vector clock that an atomic read of this word acquires. */
  Sync = 32,
  /** Sites of the accesses. */
  PlainReadSite = 40,
  PlainWriteSite = 48,
  AtomicReadSite = 56,
  AtomicWriteSite = 64,
  Words = 72,
}

const enum Head {
  Records = 0,
  /** Vector clocks, 8 words a thread. */
  Clocks = 16,
  Words = Clocks + 64,
}

const MAX_RECORDS = 1 << 14;

/** What travels to a worker. */
export type MonitorHandle = readonly SharedArrayBuffer[];

/**
 * Finds data races on plain accesses by vector clocks (Flanagan and Freund, "FastTrack", PLDI 2009, with a clock
 * per thread instead of epochs): two accesses of which one is plain and one writes, and no chain of atomic
 * operations, wakes or steps of one thread between them. What races becomes a step of the search.
 */
export class Monitor {
  private readonly recordOf: Int32Array;
  private readonly records: Int32Array;
  private readonly wordOfRecord: Int32Array;
  private readonly head: Int32Array;
  private readonly c: Int32Array;

  constructor(
    readonly handle: MonitorHandle,
    private readonly buffers: Buffers,
    private readonly marks: (site: number) => number,
  ) {
    const [recordOf, records, wordOfRecord, head] = handle;
    this.recordOf = new Int32Array(recordOf);
    this.records = new Int32Array(records);
    this.wordOfRecord = new Int32Array(wordOfRecord);
    this.head = new Int32Array(head);
    this.c = buffers.cells;
  }

  static createHandle(memoryWords: number): MonitorHandle {
    return [
      new SharedArrayBuffer(memoryWords * 4),
      new SharedArrayBuffer(MAX_RECORDS * Record.Words * 4),
      new SharedArrayBuffer(MAX_RECORDS * 4),
      new SharedArrayBuffer(Head.Words * 4),
    ];
  }

  /** Forgets the last execution. Everything that set-up has done happened before all threads. */
  begin(): void {
    const { head, records } = this;
    const count = head[Head.Records];
    for (let i = 1; i <= count; i++) this.recordOf[this.wordOfRecord[i]] = 0;
    records.fill(0, 0, (count + 1) * Record.Words);
    head[Head.Records] = 0;
    head.fill(0, Head.Clocks, Head.Words);
    for (let t = 0; t < Size.MaxThreads; t++) head[Head.Clocks + t * 8 + t] = 1;
  }

  plainRead(t: number, word: number, site: number): void {
    const r = this.record(word);
    const clock = Head.Clocks + t * 8;
    this.compare(r + Record.PlainWrite, r + Record.PlainWriteSite, clock, t, word, site);
    this.compare(r + Record.AtomicWrite, r + Record.AtomicWriteSite, clock, t, word, site);
    // A declared racy read is followed by what makes it sound; it counts as having seen what it saw in order.
    if ((this.marks(site) & SiteMark.Racy) !== 0) this.acquire(r, clock);
    this.records[r + Record.PlainRead + t] = this.head[clock + t];
    this.records[r + Record.PlainReadSite + t] = site;
  }

  plainWrite(t: number, word: number, site: number): void {
    const r = this.record(word);
    const clock = Head.Clocks + t * 8;
    this.compare(r + Record.PlainRead, r + Record.PlainReadSite, clock, t, word, site);
    this.compare(r + Record.PlainWrite, r + Record.PlainWriteSite, clock, t, word, site);
    this.compare(r + Record.AtomicRead, r + Record.AtomicReadSite, clock, t, word, site);
    this.compare(r + Record.AtomicWrite, r + Record.AtomicWriteSite, clock, t, word, site);
    this.records[r + Record.PlainWrite + t] = this.head[clock + t];
    this.records[r + Record.PlainWriteSite + t] = site;
  }

  atomicRead(t: number, word: number, site: number): void {
    const r = this.record(word);
    const clock = Head.Clocks + t * 8;
    this.compare(r + Record.PlainWrite, r + Record.PlainWriteSite, clock, t, word, site);
    this.acquire(r, clock);
    this.records[r + Record.AtomicRead + t] = this.head[clock + t];
    this.records[r + Record.AtomicReadSite + t] = site;
  }

  /** `Atomics.store`: releases, and acquires nothing. */
  atomicStore(t: number, word: number, site: number): void {
    this.atomicWrite(t, this.record(word), word, site);
  }

  /** A read-modify-write. */
  atomicUpdate(t: number, word: number, site: number): void {
    const r = this.record(word);
    const clock = Head.Clocks + t * 8;
    this.compare(r + Record.PlainWrite, r + Record.PlainWriteSite, clock, t, word, site);
    this.acquire(r, clock);
    this.atomicWrite(t, r, word, site);
  }

  /**
   * A block is freed. No access to a word of it is a data race for that; but one that is not ordered before the free
   * may come after it in another execution, and so becomes a step of the search.
   */
  freed(t: number, start: number, length: number): void {
    const clock = Head.Clocks + t * 8;
    for (let word = start; word < start + length; word++) {
      if (this.recordOf[word] === 0) continue;
      const r = this.recordOf[word] * Record.Words;
      if (
        this.isUnordered(r + Record.PlainRead, clock, t) ||
        this.isUnordered(r + Record.PlainWrite, clock, t)
      )
        this.buffers.promote(word);
    }
  }

  /** `waker` notifies `sleeper`. */
  wake(waker: number, sleeper: number): void {
    const { head } = this;
    for (let u = 0; u < this.c[Cell.Threads]; u++) {
      const seen = head[Head.Clocks + waker * 8 + u];
      if (seen > head[Head.Clocks + sleeper * 8 + u]) head[Head.Clocks + sleeper * 8 + u] = seen;
    }
    head[Head.Clocks + waker * 8 + waker]++;
  }

  // --- Parts ---

  private atomicWrite(t: number, r: number, word: number, site: number): void {
    const { head, records } = this;
    const clock = Head.Clocks + t * 8;
    this.compare(r + Record.PlainRead, r + Record.PlainReadSite, clock, t, word, site);
    this.compare(r + Record.PlainWrite, r + Record.PlainWriteSite, clock, t, word, site);
    for (let u = 0; u < this.c[Cell.Threads]; u++) records[r + Record.Sync + u] = head[clock + u];
    records[r + Record.AtomicWrite + t] = head[clock + t];
    records[r + Record.AtomicWriteSite + t] = site;
    head[clock + t]++;
  }

  private acquire(r: number, clock: number): void {
    const { head, records } = this;
    for (let u = 0; u < this.c[Cell.Threads]; u++) {
      const released = records[r + Record.Sync + u];
      if (released > head[clock + u]) head[clock + u] = released;
    }
  }

  /** Whether some thread's access (clocks at `from`) is not ordered before thread `t`'s present. */
  private compare(from: number, sites: number, clock: number, t: number, word: number, site: number): void {
    for (let u = 0; u < this.c[Cell.Threads]; u++) {
      if (u !== t && this.records[from + u] > this.head[clock + u]) {
        this.found(t, word, site, u, this.records[sites + u]);
      }
    }
  }

  private isUnordered(from: number, clock: number, t: number): boolean {
    for (let u = 0; u < this.c[Cell.Threads]; u++) {
      if (u !== t && this.records[from + u] > this.head[clock + u]) return true;
    }
    return false;
  }

  private record(word: number): number {
    const known = this.recordOf[word];
    if (known !== 0) return known * Record.Words;
    const number = this.head[Head.Records] + 1;
    if (number >= MAX_RECORDS) throw new Error('too many words touched in one execution');
    this.head[Head.Records] = number;
    this.recordOf[word] = number;
    this.wordOfRecord[number] = word;
    return number * Record.Words;
  }

  private found(t: number, word: number, site: number, other: number, otherSite: number): void {
    this.buffers.promote(word);
    this.buffers.addFind(FindKind.DataRace, t, site, word, otherSite, other);
  }
}
