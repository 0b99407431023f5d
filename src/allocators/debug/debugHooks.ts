import { Control, type Domain, Geometry, Header, HeapTag, PreHeader } from '../../memory/layout.js';
import type { BlockVisitor } from '../allocator.js';
import { checkSize, checkTag } from '../checks.js';
import type { BlockSource } from '../domains/blockSource.js';
import { ownBlocks } from '../pymalloc/ownBlocks.js';
import { moveWords } from '../resize.js';
import { swapBytes } from './bytes.js';
import { DebugBlock, DomainId, Fill } from './layout.js';
import { Quarantine } from './quarantine.js';
import { blockDataWords, domainIdAt, domainName, type Reporter } from './reporter.js';

/** `DebugBlock.Domain` of a block that waits for its grace period. */
const DELAYED_MARK = Fill.ForbiddenBehindDomain | DomainId.Delayed;

const RAW_MARK = Fill.ForbiddenBehindDomain | DomainId.Raw;

const NONE: ReadonlySet<number> = new Set();

/** Shorter fills are done word by word. */
const enum Fills {
  LoopMax = 32,
}

/**
 * Debug hooks over the allocator of one domain (CPython `Objects/obmalloc.c`, `_PyMem_DebugMalloc`, ...): guards,
 * fill patterns, the domain's byte, serial numbers. Every block is checked when it is freed, and whenever the whole
 * heap is. Nothing that is freed goes back at once: see `Quarantine`.
 *
 * With lock-free readers, headers of objects are never filled, neither on allocation nor on free: a reader that holds
 * a stale pointer may still try to increment there, and must find the count that the last object left (CPython's
 * `debug_offset`: up to and including the type).
 */
export class DebugHooks implements BlockSource {
  private readonly i32: Int32Array;
  /** `DebugBlock.Domain` of a live block. */
  private readonly mark: number;
  private readonly quarantine = new Quarantine();
  /** Between start and exit: only then somebody empties the quarantine. */
  private open = false;

  constructor(
    thread: { readonly i32: Int32Array },
    private readonly below: BlockSource,
    domain: Domain,
    private readonly reporter: Reporter,
    /** Whether threads read headers of freed objects. */
    private readonly lockFreeReaders: boolean,
  ) {
    this.i32 = thread.i32;
    const ids = [DomainId.Raw, DomainId.Mem, DomainId.Object];
    this.mark = Fill.ForbiddenBehindDomain | ids[domain];
  }

  start(): void {
    this.open = true;
  }

  /** Empties the quarantine. Throws DebugError. */
  exit(): void {
    this.open = false;
    this.flush();
    this.reporter.expectSound();
  }

  alloc(words: number, tag: HeapTag): number {
    this.reporter.expectSound();
    checkSize(words);
    if (tag !== HeapTag.Raw) checkTag(tag);
    const base = this.below.alloc(words + DebugBlock.ExtraWords, tag);
    const origin = this.reporter.origin(this.alloc);
    const heap = this.i32;
    const end = base + DebugBlock.PrefixWords + words;
    heap[base + DebugBlock.SizeHigh] = 0;
    heap[base + DebugBlock.Size] = swapBytes(words * 4);
    heap[base + DebugBlock.Domain] = this.mark;
    heap[base + DebugBlock.Guard] = Fill.Forbidden;
    this.fill(base, words, tag, Fill.Clean);
    heap[end + DebugBlock.Pad] = Fill.Forbidden;
    heap[end + DebugBlock.Pad + 1] = Fill.Forbidden;
    heap[end + DebugBlock.Origin] = swapBytes(origin);
    heap[end + DebugBlock.Serial] = swapBytes(this.reporter.nextSerial());
    return base + DebugBlock.PrefixWords;
  }

  free(address: number, tag: HeapTag): void {
    this.reporter.expectSound();
    this.expectLive(address, this.mark);
    this.bury(address - DebugBlock.PrefixWords, tag);
  }

  /** Always moves: who still holds the old address is found out. CPython overwrites both ends of the old block. */
  realloc(address: number, words: number, tag: HeapTag): number {
    if (address === 0) return this.alloc(words, tag);
    this.reporter.expectSound();
    this.expectLive(address, this.mark);
    const moved = this.alloc(words, tag);
    moveWords(this.i32, address, moved, Math.min(this.blockWords(address), words));
    this.bury(address - DebugBlock.PrefixWords, tag);
    return moved;
  }

  /** As many as were asked for: what is behind them is guarded. */
  blockWords(address: number): number {
    return blockDataWords(this.i32, address - DebugBlock.PrefixWords);
  }

  /** The block is to be freed by `freeDelayed`, when its grace period is over: until then it is as it was. */
  delay(address: number): void {
    this.reporter.expectSound();
    this.expectLive(address, this.mark);
    this.i32[address - DebugBlock.PrefixWords + DebugBlock.Domain] = DELAYED_MARK;
  }

  freeDelayed(address: number): void {
    this.reporter.expectSound();
    this.expectLive(address, DELAYED_MARK);
    this.bury(address - DebugBlock.PrefixWords, HeapTag.Mem);
  }

  visit(visitor: BlockVisitor, tags: number): void {
    const unhooked = this.unhooked();
    this.below.visit((base, words, tag) => {
      if (unhooked.has(base) || this.isFreed(base)) return;
      const asked = blockDataWords(this.i32, base);
      const known = asked >= 0 && asked + DebugBlock.ExtraWords <= words;
      visitor(base + DebugBlock.PrefixWords, known ? asked : words - DebugBlock.ExtraWords, tag);
    }, tags);
  }

  /** Checks every block, live or in anybody's quarantine. No other thread may run. Throws DebugError. */
  check(tags: number): void {
    const unhooked = this.unhooked();
    this.below.visit((base, _words, tag) => {
      if (unhooked.has(base)) return;
      const delayed = domainIdAt(this.i32, base) === DomainId.Delayed;
      if (this.isFreed(base)) this.expectUntouched(base, blockDataWords(this.i32, base), tag);
      else this.expectLive(base + DebugBlock.PrefixWords, delayed ? DELAYED_MARK : this.mark);
    }, tags);
  }

  /** Blocks of the raw domain that pymalloc took below the hooks. */
  private unhooked(): ReadonlySet<number> {
    return this.mark === RAW_MARK ? ownBlocks(this.i32) : NONE;
  }

  /** Where a live block was allocated; null if it does not tell. */
  placeOf(address: number): string | null {
    return this.reporter.story(address - DebugBlock.PrefixWords)?.place ?? null;
  }

  /** Gives the quarantine's blocks back. Throws DebugError. */
  flush(): void {
    while (this.quarantine.shift()) this.letGo();
  }

  // --- Freed blocks ---

  private bury(base: number, tag: HeapTag): void {
    const heap = this.i32;
    const words = blockDataWords(heap, base);
    const end = base + DebugBlock.PrefixWords + words;
    this.fill(base, words, tag, Fill.Dead);
    heap[end + DebugBlock.Pad] = swapBytes(this.reporter.freer());
    heap[end + DebugBlock.Pad + 1] = Fill.Dead;
    heap[base + DebugBlock.Domain] = Fill.Dead;
    heap[base + DebugBlock.Guard] = Fill.Dead;
    if (!this.open || !this.quarantine.takes(words)) {
      this.below.free(base, tag);
      return;
    }
    while (this.quarantine.isFullFor(words) && this.quarantine.shift()) this.letGo();
    this.quarantine.push(base, words, tag);
  }

  private letGo(): void {
    const { lastBlock, lastWords, lastTag } = this.quarantine;
    this.expectUntouched(lastBlock, lastWords, lastTag);
    this.below.free(lastBlock, lastTag);
  }

  private isFreed(base: number): boolean {
    const heap = this.i32;
    return heap[base + DebugBlock.Domain] === Fill.Dead && heap[base + DebugBlock.Guard] === Fill.Dead;
  }

  /** Words in front of this one may still be read, and incremented, by threads without a lock. */
  private firstFilled(tag: HeapTag): number {
    if (!this.lockFreeReaders || tag === HeapTag.Mem || tag === HeapTag.Raw) return 0;
    return tag === HeapTag.GcPre ? PreHeader.Words + Header.Words : Header.Words;
  }

  private fill(base: number, words: number, tag: HeapTag, value: number): void {
    const heap = this.i32;
    const data = base + DebugBlock.PrefixWords;
    const end = data + words;
    const first = data + this.firstFilled(tag);
    if (words > Fills.LoopMax) heap.fill(value, first, end);
    else for (let word = first; word < end; word++) heap[word] = value;
  }

  // --- Checks ---

  private expectUntouched(base: number, words: number, tag: HeapTag): void {
    const heap = this.i32;
    const data = base + DebugBlock.PrefixWords;
    if (!this.isFreed(base) || words < 0 || blockDataWords(heap, base) !== words) {
      throw this.reporter.report(
        'use after free',
        'the bytes in front of a freed block were changed',
        base,
        true,
      );
    }
    let changed = -1;
    for (let word = this.firstFilled(tag); word < words && changed < 0; word++) {
      if (heap[data + word] !== Fill.Dead) changed = word;
    }
    if (changed < 0 && heap[data + words + DebugBlock.Pad + 1] !== Fill.Dead) changed = words + 1;
    if (changed < 0) return;
    const at = changed * 4 + firstOtherByte(heap[data + changed], Fill.Dead);
    throw this.reporter.report('use after free', `byte ${at} of a freed block was changed`, base, true);
  }

  /** Throws DebugError unless the block is live, of this domain, and its guards are whole. */
  private expectLive(address: number, mark: number): void {
    const heap = this.i32;
    const base = address - DebugBlock.PrefixWords;
    if (base >= Geometry.SegmentWords && (base & 3) === 0 && base < heap[Control.MemoryWords]) {
      const words = blockDataWords(heap, base);
      const pad = base + DebugBlock.PrefixWords + words + DebugBlock.Pad;
      const whole =
        words >= 0 &&
        heap[base + DebugBlock.Domain] === mark &&
        heap[base + DebugBlock.Guard] === Fill.Forbidden &&
        heap[base + DebugBlock.SizeHigh] === 0 &&
        heap[pad] === Fill.Forbidden &&
        heap[pad + 1] === Fill.Forbidden;
      if (whole) return;
      this.complain(base, words, mark);
    }
    throw this.reporter.report('free of no block', 'no block can have this address', base, false);
  }

  /** Says what is wrong, in CPython's order: the domain, the bytes in front, the bytes behind. */
  private complain(base: number, words: number, mark: number): never {
    const heap = this.i32;
    const { reporter } = this;
    if (this.isFreed(base)) throw reporter.report('double free', 'the block was freed already', base, true);
    const id = domainIdAt(heap, base);
    if (id === DomainId.Delayed) {
      throw reporter.report('double free', 'the block waits for its grace period already', base, false);
    }
    if (id === 0 || heap[base + DebugBlock.SizeHigh] !== 0 || words < 0) {
      const at = prefixDamage(heap, base);
      throw reporter.report('underrun', `byte ${at} in front of the block was changed`, base, false);
    }
    if (id !== (mark & 0xff)) {
      const what = `allocated with ${domainName(id)}, freed with ${domainName(mark & 0xff)}`;
      throw reporter.report('foreign-domain free', what, base, false);
    }
    const pad = base + DebugBlock.PrefixWords + words;
    const word = heap[pad] !== Fill.Forbidden ? 0 : 1;
    const at = word * 4 + firstOtherByte(heap[pad + word], Fill.Forbidden);
    throw reporter.report('overrun', `byte ${at} behind the block was changed`, base, false);
  }
}

/** Which byte of a word differs, the lowest address first. */
function firstOtherByte(word: number, expected: number): number {
  const difference = word ^ expected;
  for (let byte = 0; byte < 4; byte++) if (((difference >>> (8 * byte)) & 0xff) !== 0) return byte;
  return 4;
}

/** How far in front of the data the changed byte nearest to it is: 1 to 16. */
function prefixDamage(heap: Int32Array, base: number): number {
  for (let back = 1; back <= 7; back++) {
    const word = heap[base + DebugBlock.PrefixWords - 1 - ((back - 1) >> 2)];
    if (((word >>> (8 * (3 - ((back - 1) & 3)))) & 0xff) !== 0xfd) return back;
  }
  return domainIdAt(heap, base) === 0 ? 8 : 16;
}
