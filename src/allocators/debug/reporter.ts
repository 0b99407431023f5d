import { DebugError, type DebugFinding } from '../../memory/errors.js';
import { Control, Geometry, ThreadBlock } from '../../memory/layout.js';
import { slotOf } from '../../threads/evalBreaker.js';
import { swapBytes } from './bytes.js';
import { DebugBlock, DomainId, Fill, Origin } from './layout.js';
import { Places } from './places.js';
import { SiteTable } from './siteTable.js';

/** What the hooks need of their thread. */
export interface DebugThread {
  readonly i32: Int32Array;
  readonly memory: { readonly u16: Uint16Array };
  readonly block: number;
}

/** The host's number in an `Origin`. */
const HOST = Geometry.MaxThreads;

/** What a block says of its allocation: numbers of the block, or of what was written over them. */
export interface BlockStory {
  readonly bytes: number;
  readonly serial: number;
  readonly place: string;
  readonly allocatedBy: string;
}

/** Where a thread is, and what it says of corrupted blocks. The hooks of its domains share one. */
export class Reporter {
  /** The first finding: a program that catches it gets it again. */
  failure: DebugError | null = null;
  private readonly i32: Int32Array;
  private readonly block: number;
  private readonly sites: SiteTable;
  private readonly places: Places;

  constructor(thread: DebugThread) {
    this.i32 = thread.i32;
    this.block = thread.block;
    this.sites = new SiteTable(thread.i32, thread.memory.u16);
    this.places = new Places(this.sites);
  }

  /** This thread and the place that called `entry`, for a block that is allocated. Throws RunAborted. */
  origin(entry: (...args: never[]) => unknown): number {
    return (this.threadNumber() << Origin.ThreadShift) | this.places.here(entry);
  }

  /** This thread alone, for a block that is freed: a walk of the stack would cost as much as the one before. */
  freer(): number {
    return this.threadNumber() << Origin.ThreadShift;
  }

  nextSerial(): number {
    return (Atomics.add(this.i32, Control.DebugSerial, 1) + 1) | 0;
  }

  /** Throws what was found before: nothing goes on behind a corrupted block. */
  expectSound(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** The error for a block's `base`, to be thrown. `freed`: the block carries the origin of its free. */
  report(finding: DebugFinding, what: string, base: number, freed: boolean): DebugError {
    const story = this.story(base);
    const words = story === null ? 0 : story.bytes >> 2;
    const freer = freed && story !== null ? this.originAt(base, words, DebugBlock.Pad) : null;
    const error = new DebugError({
      finding,
      what,
      address: base + DebugBlock.PrefixWords,
      bytes: story?.bytes ?? null,
      serial: story?.serial ?? null,
      place: story?.place ?? null,
      allocatedBy: story?.allocatedBy ?? null,
      freedBy: freer?.by ?? null,
      detectedBy: threadName(this.threadNumber()),
    });
    this.failure ??= error;
    return error;
  }

  /** What the block tells of itself; null if what it says cannot be. */
  story(base: number): BlockStory | null {
    const heap = this.i32;
    const words = blockDataWords(heap, base);
    if (words < 0) return null;
    const end = base + DebugBlock.PrefixWords + words;
    const serial = swapBytes(heap[end + DebugBlock.Serial]) >>> 0;
    const origin = this.originAt(base, words, DebugBlock.Origin);
    if (origin === null || serial === 0 || serial > Atomics.load(heap, Control.DebugSerial) >>> 0)
      return null;
    return { bytes: words * 4, serial, place: origin.place, allocatedBy: origin.by };
  }

  private originAt(base: number, words: number, word: number): { place: string; by: string } | null {
    const origin = swapBytes(this.i32[base + DebugBlock.PrefixWords + words + word]);
    const thread = origin >>> Origin.ThreadShift;
    const site = origin & Origin.SiteMask;
    const place = site === 0 ? 'a place that there was no memory to remember' : this.sites.text(site);
    return place === null || thread > HOST ? null : { place, by: threadName(thread) };
  }

  private threadNumber(): number {
    return slotOf(this.block) === HOST ? HOST : this.i32[this.block + ThreadBlock.Index];
  }
}

/** Words of the block's data, as its prefix says; -1 if that cannot be. */
export function blockDataWords(heap: Int32Array, base: number): number {
  const bytes = swapBytes(heap[base + DebugBlock.Size]);
  const words = bytes >> 2;
  const end = base + words + DebugBlock.ExtraWords;
  return bytes >= 0 && (bytes & 3) === 0 && end <= heap[Control.MemoryWords] ? words : -1;
}

function threadName(number: number): string {
  return number === HOST ? 'the host' : `thread ${number}`;
}

/** `mem (m)`, for a domain's byte. */
export function domainName(id: number): string {
  switch (id) {
    case DomainId.Raw:
      return 'raw (r)';
    case DomainId.Object:
      return 'object (o)';
    default:
      return 'mem (m)';
  }
}

/** The domain's byte of a live block whose prefix is whole; 0 if it is not. */
export function domainIdAt(heap: Int32Array, base: number): number {
  const word = heap[base + DebugBlock.Domain];
  if ((word & ~0xff) !== Fill.ForbiddenBehindDomain || heap[base + DebugBlock.Guard] !== Fill.Forbidden)
    return 0;
  const id = word & 0xff;
  const known =
    id === DomainId.Raw || id === DomainId.Mem || id === DomainId.Object || id === DomainId.Delayed;
  return known ? id : 0;
}
