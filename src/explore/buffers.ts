import {
  Cell,
  EventCell,
  FindCell,
  type FindKind,
  Size,
  ThreadCell,
  Virtual,
  Visible,
} from './machineLayout.js';

/** What travels to a worker. */
export interface BuffersHandle {
  readonly memoryWords: number;
  readonly parts: readonly SharedArrayBuffer[];
}

/**
 * Everything that an execution keeps, in shared memory, so that one scheduler serves model threads in one JavaScript
 * thread and in several workers alike. Tables by word cost nothing until they are touched.
 */
export class Buffers {
  readonly cells: Int32Array;
  /** Per prescribed step: thread | choice << 8. */
  readonly prefix: Int32Array;
  readonly events: Int32Array;
  /** Undo log: word, old value. */
  readonly journal: Int32Array;
  /** Recorded schedule, and the one to replay: thread, count, choice. */
  readonly segments: Int32Array;
  readonly replay: Int32Array;
  readonly finds: Int32Array;
  /** By word: `Visible`. */
  readonly visible: Uint8Array;
  /** By word: number of its location, 0 none yet. */
  readonly locationOf: Int32Array;
  /** By location: its word; writes so far in this execution; the step of the last one. */
  readonly wordOf: Int32Array;
  readonly versions: Int32Array;
  /** Locations that each thread has read since its last pause, with the version seen. */
  readonly reads: Int32Array;

  constructor(readonly handle: BuffersHandle) {
    const [
      cells,
      prefix,
      events,
      journal,
      segments,
      replay,
      finds,
      visible,
      locationOf,
      wordOf,
      versions,
      reads,
    ] = handle.parts;
    this.cells = new Int32Array(cells);
    this.prefix = new Int32Array(prefix);
    this.events = new Int32Array(events);
    this.journal = new Int32Array(journal);
    this.segments = new Int32Array(segments);
    this.replay = new Int32Array(replay);
    this.finds = new Int32Array(finds);
    this.visible = new Uint8Array(visible);
    this.locationOf = new Int32Array(locationOf);
    this.wordOf = new Int32Array(wordOf);
    this.versions = new Int32Array(versions);
    this.reads = new Int32Array(reads);
  }

  /** The number of a word's location; new ones are given as they come, and stay for the whole exploration. */
  location(word: number): number {
    const known = this.locationOf[word];
    return known !== 0 ? known : this.addLocation(word);
  }

  private addLocation(word: number): number {
    const number = this.cells[Cell.Locations]++;
    if (number >= this.wordOf.length) throw new Error('too many locations in one exploration');
    this.locationOf[word] = number;
    this.wordOf[number] = word;
    return number;
  }

  /** Plain accesses to this word are steps from now on, because threads race for it. */
  promote(word: number): void {
    if (this.visible[word] !== Visible.No) return;
    this.location(word);
    this.visible[word] = Visible.Yes;
    this.cells[Cell.Promoted]++;
  }

  /** The scenario's `never` has read this word: every write to it is a step, and depends on the other such writes. */
  watch(word: number): void {
    if (this.visible[word] === Visible.Watched) return;
    this.location(word);
    this.visible[word] = Visible.Watched;
    this.cells[Cell.Promoted]++;
  }

  /** Notes what a detector has found, and who else had a part in it; beyond `Size.Finds` nothing is noted. */
  addFind(
    kind: FindKind,
    thread: number,
    site: number,
    word: number,
    otherSite: number,
    otherThread: number,
  ): void {
    const { cells, finds } = this;
    const at = cells[Cell.Finds];
    if (at >= Size.Finds) return;
    const f = at * FindCell.Words;
    finds[f + FindCell.Kind] = kind;
    finds[f + FindCell.Step] = cells[Cell.Step];
    finds[f + FindCell.Thread] = thread;
    finds[f + FindCell.Site] = site;
    finds[f + FindCell.Word] = word;
    finds[f + FindCell.OtherSite] = otherSite;
    finds[f + FindCell.OtherThread] = otherThread;
    finds[f + FindCell.Access] = cells[Cell.AllAccesses];
    cells[Cell.Finds] = at + 1;
  }

  /** Before another exploration. */
  forget(): void {
    for (let number: number = Virtual.First; number < this.cells[Cell.Locations]; number++) {
      const word = this.wordOf[number];
      this.locationOf[word] = 0;
      this.visible[word] = 0;
    }
    this.cells.fill(0);
    this.cells[Cell.Current] = -1;
    this.cells[Cell.Locations] = Virtual.First;
  }

  /** For a memory of so many words. */
  static create(memoryWords: number): Buffers {
    const words = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 4);
    const locations = 1 << 16;
    const buffers = new Buffers({
      memoryWords,
      parts: [
        // One record more than threads: the scratch of `Machine.direct`.
        words(Cell.Thread + (Size.MaxThreads + 1) * ThreadCell.Words),
        words(Size.Steps),
        words(Size.Steps * EventCell.Words),
        words(Size.Journal * 2),
        words(Size.Segments * 3),
        words(Size.Segments * 3),
        words(Size.Finds * FindCell.Words),
        new SharedArrayBuffer(memoryWords),
        words(memoryWords),
        words(locations),
        words(locations),
        words(Size.MaxThreads * Size.ReadsPerThread * 2),
      ],
    });
    buffers.cells[Cell.Locations] = Virtual.First;
    return buffers;
  }
}
