import { MemoryError } from '../../memory/errors.js';
import { Control, Domain, Geometry, HeapTag, SegmentOwner } from '../../memory/layout.js';
import type { AllocatorThread, BlockVisitor } from '../allocator.js';
import { DebugHooks } from '../debug/debugHooks.js';
import { Reporter } from '../debug/reporter.js';
import type { DelayedFree } from '../delayedFree.js';
import { DelayingAllocator } from '../delayingAllocator.js';
import { releaseHuge } from '../mimalloc/huge.js';
import { Page } from '../mimalloc/layout.js';
import { pageOf } from '../mimalloc/page.js';
import { TagMask } from '../visitor.js';
import type { BlockSource, Member } from './blockSource.js';

/** What serves one domain. */
export interface DomainService {
  readonly member: Member;
  /** Under the debug hooks. */
  readonly debug: boolean;
}

/** By domain; members that serve several are the same object. */
export interface DomainServices {
  readonly raw: DomainService;
  readonly mem: DomainService;
  readonly object: DomainService;
}

/** Tags of a domain. */
const enum DomainTags {
  Raw = 1 << HeapTag.Raw,
  Mem = 1 << HeapTag.Mem,
  Object = (1 << HeapTag.Object) | (1 << HeapTag.Gc) | (1 << HeapTag.GcPre),
}

/**
 * The allocator of a thread whose domains were chosen: every block goes to, and back to, the allocator of its domain,
 * directly or through debug hooks. Builds whose domains are their own have no object of this class.
 *
 * There is one queue of delayed frees, this one's: whatever serves mem gets its blocks back after their grace period,
 * and the runs of huge objects, which mimalloc delays, go back to mimalloc.
 */
export class DomainAllocator extends DelayingAllocator {
  private readonly members: readonly Member[];
  private readonly raw: BlockSource;
  private readonly mem: BlockSource;
  private readonly object: BlockSource;
  private readonly hooks: readonly DebugHooks[];
  /** Whether any domain has debug hooks. */
  readonly debug: boolean;

  /** `services` makes the members; mimalloc's must put what it delays into the queue that it is given. */
  constructor(thread: AllocatorThread, services: (delayed: DelayedFree | null) => DomainServices) {
    super(thread);
    const { raw, mem, object } = services(this.delayed);
    this.members = [...new Set([raw.member, mem.member, object.member])];
    const reporter = new Reporter(thread);
    const source = (service: DomainService, domain: Domain) =>
      service.debug
        ? new DebugHooks(thread, service.member, domain, reporter, thread.qsbr !== null)
        : service.member;
    this.raw = source(raw, Domain.Raw);
    this.mem = source(mem, Domain.Mem);
    this.object = source(object, Domain.Object);
    this.hooks = [this.raw, this.mem, this.object].filter((made) => made instanceof DebugHooks);
    this.debug = this.hooks.length > 0;
  }

  alloc(words: number, tag: HeapTag): number {
    const source = this.sourceOf(tag);
    try {
      return source.alloc(words, tag);
    } catch (error) {
      if (!(error instanceof MemoryError) || tag === HeapTag.Raw) throw error;
    }
    this.relieve();
    return source.alloc(words, tag);
  }

  free(address: number, tag: HeapTag): void {
    this.sourceOf(tag).free(address, tag);
  }

  override realloc(address: number, words: number, tag: HeapTag): number {
    const source = this.sourceOf(tag);
    try {
      return source.realloc(address, words, tag);
    } catch (error) {
      if (!(error instanceof MemoryError) || tag === HeapTag.Raw) throw error;
    }
    this.relieve();
    return source.realloc(address, words, tag);
  }

  override freeDelayed(address: number): void {
    const { delayed, mem } = this;
    if (delayed === null) {
      mem.free(address, HeapTag.Mem);
      return;
    }
    if (mem instanceof DebugHooks) mem.delay(address);
    delayed.add(address, mem.blockWords(address) * 4);
  }

  rawAlloc(words: number): number {
    return this.raw.alloc(words, HeapTag.Raw);
  }

  rawFree(address: number): void {
    this.raw.free(address, HeapTag.Raw);
  }

  blockWords(address: number, tag: HeapTag = HeapTag.Mem): number {
    return this.sourceOf(tag).blockWords(address);
  }

  processDelayed(): void {
    this.delayed?.process();
    for (const member of this.members) member.processDelayed();
  }

  collect(force: boolean): void {
    this.delayed?.process();
    if (force) for (const hooks of this.hooks) hooks.flush();
    for (const member of this.members) member.collect(force);
  }

  override visit(visitor: BlockVisitor, tags: number = TagMask.Heaps): void {
    this.raw.visit(visitor, tags & DomainTags.Raw);
    this.mem.visit(visitor, tags & DomainTags.Mem);
    this.object.visit(visitor, tags & DomainTags.Object);
  }

  start(): void {
    for (const member of this.members) member.start();
    this.delayed?.start();
    for (const hooks of this.hooks) hooks.start();
  }

  exit(): void {
    this.qsbr?.detach();
    this.delayed?.abandon(false);
    for (const hooks of this.hooks) hooks.exit();
    for (const member of this.members) member.exit();
  }

  // --- Under the debug hooks ---

  /**
   * Checks every block that is under debug hooks, live or freed. No other thread may run. Throws DebugError.
   */
  check(): void {
    if (this.raw instanceof DebugHooks) this.raw.check(DomainTags.Raw);
    if (this.mem instanceof DebugHooks) this.mem.check(DomainTags.Mem);
    if (this.object instanceof DebugHooks) this.object.check(DomainTags.Object);
  }

  /** Where a live block was allocated; null if no debug hooks know. */
  placeOf(address: number, tag: HeapTag): string | null {
    const source = this.sourceOf(tag);
    return source instanceof DebugHooks ? source.placeOf(address) : null;
  }

  // --- DelayedFreeTarget ---

  tryAllocChunk(words: number): number {
    try {
      return this.rawAlloc(words);
    } catch (error) {
      if (error instanceof MemoryError) return 0;
      throw error;
    }
  }

  freeChunk(chunk: number): void {
    this.rawFree(chunk);
  }

  freeNow(address: number): void {
    const { mem } = this;
    if (this.isHugeObject(address)) releaseHuge(this.i32, address);
    else if (mem instanceof DebugHooks) mem.freeDelayed(address);
    else mem.free(address, HeapTag.Mem);
  }

  // --- Steps ---

  private sourceOf(tag: HeapTag): BlockSource {
    if (tag === HeapTag.Mem) return this.mem;
    return tag === HeapTag.Raw ? this.raw : this.object;
  }

  /** A run of segments that mimalloc has put into the queue: the block itself, not what debug hooks make of it. */
  private isHugeObject(address: number): boolean {
    const heap = this.i32;
    const owner = Atomics.load(heap, Control.SegmentTable + (address >>> Geometry.SegmentShift));
    return owner === SegmentOwner.Huge && heap[pageOf(heap, address) + Page.Tag] !== HeapTag.Mem;
  }

  /** The memory is full: gives back what freed blocks hold. */
  private relieve(): void {
    this.qsbr?.advance();
    this.collect(true);
  }
}
