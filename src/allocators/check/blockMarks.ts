import { Geometry } from '../../memory/layout.js';

const enum Mark {
  /** No block starts here. */
  None = 0,
  Free = 1,
  Live = 2,
  /** Live, and something that holds blocks has named it. */
  Claimed = 3,
}

/**
 * What is known about each block of a memory, in JavaScript's own memory: a byte a granule of 16 bytes, for the
 * segments that have blocks.
 */
export class BlockMarks {
  private readonly segments = new Map<number, Uint8Array>();

  /** `count` blocks of `words` words from `first` on, all live for now. */
  addLive(first: number, words: number, count: number): void {
    for (let i = 0, block = first; i < count; i++, block += words) this.set(block, Mark.Live);
  }

  /** The block is on a list of free ones. False: it was on one already. It is known to be a block. */
  setFree(block: number): boolean {
    if (this.at(block) !== Mark.Live) return false;
    this.set(block, Mark.Free);
    return true;
  }

  /** A block starts here, and nobody has freed it. */
  isLive(address: number): boolean {
    return this.at(address) >= Mark.Live;
  }

  /** Somebody holds this live block, and only one may. Returns what is wrong with that, or null. */
  claim(address: number): string | null {
    switch (this.at(address)) {
      case Mark.None:
        return 'is no block';
      case Mark.Free:
        return 'is a free block';
      case Mark.Claimed:
        return 'is held twice';
      default:
        this.set(address, Mark.Claimed);
        return null;
    }
  }

  isClaimed(address: number): boolean {
    return this.at(address) === Mark.Claimed;
  }

  /** Live blocks in the order of their addresses. */
  forEachLive(visit: (address: number) => void): void {
    const order = [...this.segments.keys()].sort((a, b) => a - b);
    for (const segment of order) {
      const marks = this.segments.get(segment) as Uint8Array;
      for (let granule = 0; granule < marks.length; granule++) {
        if (marks[granule] >= Mark.Live) visit((segment << Geometry.SegmentShift) + (granule << 2));
      }
    }
  }

  private at(address: number): Mark {
    if ((address & 3) !== 0) return Mark.None;
    const marks = this.segments.get(address >>> Geometry.SegmentShift);
    return marks === undefined ? Mark.None : marks[(address & Geometry.SegmentMask) >> 2];
  }

  private set(address: number, mark: Mark): void {
    const segment = address >>> Geometry.SegmentShift;
    let marks = this.segments.get(segment);
    if (marks === undefined) {
      marks = new Uint8Array(Geometry.SegmentWords >> 2);
      this.segments.set(segment, marks);
    }
    marks[(address & Geometry.SegmentMask) >> 2] = mark;
  }
}
