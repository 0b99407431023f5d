import { Control, Geometry, SegmentOwner } from '../../memory/layout.js';
import { tryClaimSegments } from '../../memory/segments.js';
import { rawLock, rawUnlock } from '../../sync/rawMutex.js';
import { Origin } from './layout.js';

/** The table's segment: next free word, heads of chains, then entries. */
const enum Table {
  Next = 0,
  Buckets = 16,
  BucketCount = 1024,
  Entries = Buckets + BucketCount,
}

/** A place: its text in UTF-16, never changed and never removed. Its id is its distance from the segment's start. */
const enum Site {
  Next = 0,
  Hash = 1,
  Length = 2,
  Text = 3,
}

/** Longer places lose their beginning. */
const MAX_LENGTH = 400;

/** The id of all places that there was no room for. */
const UNKNOWN_SITE = 0;

/**
 * Places of allocation, once each, in shared memory: so a thread can print where another one allocated. One segment,
 * claimed at the first place. Any thread, attached or not. Throw RunAborted.
 */
export class SiteTable {
  constructor(
    private readonly i32: Int32Array,
    private readonly u16: Uint16Array,
  ) {}

  /** The id of a place; `UNKNOWN_SITE` when there is no room for it. */
  intern(text: string): number {
    const place = text.length <= MAX_LENGTH ? text : `...${text.slice(text.length - MAX_LENGTH)}`;
    const heap = this.i32;
    rawLock(heap, Control.DebugSitesLock);
    const segment = this.segment();
    const site = segment === 0 ? UNKNOWN_SITE : this.find(segment, place) || this.add(segment, place);
    rawUnlock(heap, Control.DebugSitesLock);
    return site;
  }

  /**
   * The place with this id, or null if there is none. Whoever knows the id has it from a block that was handed over,
   * or from the table: its words were written before. An id that an overrun has made up fails the hash.
   */
  text(site: number): string | null {
    const heap = this.i32;
    const segment = Atomics.load(heap, Control.DebugSites);
    if (segment === 0 || site < Table.Entries || site > Origin.SiteMask - Site.Text) return null;
    const length = heap[segment + site + Site.Length];
    if (length <= 0 || length > MAX_LENGTH + 3) return null;
    const text = this.read(segment + site, length);
    return hash(text) === heap[segment + site + Site.Hash] ? text : null;
  }

  // --- Steps, under the lock ---

  private segment(): number {
    const heap = this.i32;
    let segment = Atomics.load(heap, Control.DebugSites);
    if (segment === 0) {
      segment = tryClaimSegments(heap, 1, SegmentOwner.DebugSites);
      if (segment === 0) return 0;
      heap.fill(0, segment, segment + Table.Entries);
      heap[segment + Table.Next] = Table.Entries;
      Atomics.store(heap, Control.DebugSites, segment);
    }
    return segment;
  }

  private find(segment: number, place: string): number {
    const heap = this.i32;
    const code = hash(place);
    let site = heap[segment + Table.Buckets + (code & (Table.BucketCount - 1))];
    for (; site !== 0; site = heap[segment + site + Site.Next]) {
      const same = heap[segment + site + Site.Hash] === code;
      if (same && this.read(segment + site, heap[segment + site + Site.Length]) === place) return site;
    }
    return 0;
  }

  private add(segment: number, place: string): number {
    const heap = this.i32;
    const site = heap[segment + Table.Next];
    const end = site + Site.Text + ((place.length + 1) >> 1);
    if (end > Geometry.SegmentWords) return UNKNOWN_SITE;
    const code = hash(place);
    const bucket = segment + Table.Buckets + (code & (Table.BucketCount - 1));
    for (let i = 0; i < place.length; i++) {
      this.u16[(segment + site + Site.Text) * 2 + i] = place.charCodeAt(i);
    }
    heap[segment + site + Site.Hash] = code;
    heap[segment + site + Site.Length] = place.length;
    heap[segment + site + Site.Next] = heap[bucket];
    heap[bucket] = site;
    heap[segment + Table.Next] = end;
    return site;
  }

  private read(site: number, length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.u16[(site + Site.Text) * 2 + i]);
    return text;
  }
}

/** FNV-1a over the characters. */
function hash(text: string): number {
  let code = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  return code;
}
