import type { AtomicOps } from '../memory/atomicOps.js';
import { FatalError } from '../memory/errors.js';
import { Counter, ThreadBlock } from '../memory/layout.js';
import type { Mutex } from './mutex.js';
import type { SyncThread } from './syncThread.js';
import { isWorldStopped } from './worldStopped.js';

/**
 * An entry of a thread's stack of sections. A mutex is its byte address while the section holds it, the negated
 * address while the section is suspended (CPython tags the link with INACTIVE), and 0 if there is none, or while
 * the thread waits for it: what a section shows as 0, `suspendAll` leaves alone.
 */
const enum Section {
  First = 0,
  /** Only in sections of two mutexes. */
  Second = 1,
  Words = 2,
}

const INITIAL_SECTIONS = 32;

/**
 * CPython's critical sections (PEP 703, `Python/critical_section.c`): per-object locks that are released
 * whenever the thread detaches, as the GIL would be, so that they cannot dead-lock (INV-6.6). Only the top
 * section's mutexes are sure to be held (INV-6.4): after a call that may block, what an outer section guards must
 * be looked at again.
 *
 * One instance a thread, called by an attached thread. The stack is private to it.
 */
export class CriticalSections {
  private readonly atomics: AtomicOps;
  private readonly i32: Int32Array;
  private readonly block: number;
  private readonly mutex: Mutex;
  /** Entry 0 is a sentinel of zeros: neither active nor suspended. Suspended entries lie below all others. */
  private stack = new Int32Array((INITIAL_SECTIONS + 1) * Section.Words);
  /** Index behind the top entry. */
  private top: number = Section.Words;
  /** The top at which the stack is full. */
  private limit: number = this.stack.length;

  /** Reads the thread's memory, block and atomics: they must be set already. */
  constructor(thread: SyncThread, mutex: Mutex) {
    this.atomics = thread.atomics;
    this.i32 = thread.i32;
    this.block = thread.block;
    this.mutex = mutex;
  }

  /**
   * Enters a section on the mutex at `byte`. Returns a token for `end`: 0 where nothing had to be done, because the
   * top section holds this mutex already, or the world is stopped. May detach, suspending all outer sections.
   * Throws RunAborted, having entered nothing.
   */
  begin(byte: number): number {
    const top = this.top;
    if (top === this.limit || this.atomics.tryLock(byte) !== 0) return this.beginSlow(byte);
    const stack = this.stack;
    stack[top] = byte;
    stack[top + Section.Second] = 0;
    this.top = top + Section.Words;
    return top + Section.Words;
  }

  /**
   * As `begin`, for two mutexes at once, in any order: they are locked in the order of their addresses. The same
   * one twice is a section of one.
   */
  begin2(byteA: number, byteB: number): number {
    if (byteA === byteB) return this.begin(byteA);
    return byteA < byteB ? this.beginOrdered(byteA, byteB) : this.beginOrdered(byteB, byteA);
  }

  /**
   * Leaves a section; sections end in the reverse order of their beginnings. If the one below had been suspended,
   * takes its mutexes again, which may detach. Throws RunAborted, the section having ended; FatalError if the
   * token is not the top section's.
   */
  end(token: number): void {
    if (token === 0) return;
    const stack = this.stack;
    const entry = token - Section.Words;
    const byte = stack[entry];
    if (
      token === this.top &&
      byte > 0 &&
      stack[entry + Section.Second] === 0 &&
      this.atomics.tryUnlock(byte) === 1
    ) {
      this.top = entry;
      if (stack[entry - Section.Words] < 0) this.resumeTop();
    } else {
      this.endSlow(token);
    }
  }

  /** Called by detach: releases what the sections hold, from the top down to the first that is suspended. */
  suspendAll(): void {
    const stack = this.stack;
    let entry = this.top - Section.Words;
    while (entry > 0 && stack[entry] >= 0) {
      if (stack[entry] > 0) this.suspend(entry);
      entry -= Section.Words;
    }
  }

  /** Called by attach: takes the top section's mutexes again, if it is suspended; others stay so. */
  resumeTop(): void {
    const entry = this.top - Section.Words;
    if (this.stack[entry] < 0) this.resume(entry);
  }

  /** How many sections are open, suspended ones included. */
  depth(): number {
    return this.top / Section.Words - 1;
  }

  private beginSlow(byte: number): number {
    if (this.topHolds(byte) || this.isWorldStopped()) return 0;
    return this.beginWaiting(byte, 0, false);
  }

  protected beginOrdered(first: number, second: number): number {
    const top = this.top;
    if (top === this.limit || this.atomics.tryLock(first) !== 0) {
      return this.beginOrderedSlow(first, second, false);
    }
    if (this.atomics.tryLock(second) !== 0) return this.beginOrderedSlow(first, second, true);
    const stack = this.stack;
    stack[top] = first;
    stack[top + Section.Second] = second;
    this.top = top + Section.Words;
    return top + Section.Words;
  }

  private beginOrderedSlow(first: number, second: number, firstHeld: boolean): number {
    if (this.topHolds(first) && this.topHolds(second)) return 0;
    if (this.isWorldStopped()) {
      if (firstHeld) this.mutex.unlock(first);
      return 0;
    }
    return this.beginWaiting(first, second, firstHeld);
  }

  /**
   * Pushes the section showing no mutex, so that waiting, which suspends all sections, leaves it alone; locks; and
   * only then shows what it holds.
   */
  private beginWaiting(first: number, second: number, firstHeld: boolean): number {
    if (this.top === this.limit) this.grow();
    const entry = this.top;
    this.stack[entry] = 0;
    this.stack[entry + Section.Second] = 0;
    this.top = entry + Section.Words;
    try {
      this.lockBoth(first, second, firstHeld);
    } catch (error) {
      this.top = entry;
      throw error;
    }
    this.stack[entry] = first;
    this.stack[entry + Section.Second] = second;
    return entry + Section.Words;
  }

  /**
   * Locks one mutex or two, ascending. While it waits for the second it keeps the first (INV-6.5's exception):
   * every thread goes up the same way, so no circle can form.
   */
  private lockBoth(first: number, second: number, firstHeld: boolean): void {
    const mutex = this.mutex;
    if (!firstHeld) mutex.lock(first);
    if (second === 0) return;
    try {
      mutex.lock(second);
    } catch (error) {
      mutex.unlock(first);
      throw error;
    }
  }

  private endSlow(token: number): void {
    if (token !== this.top) {
      throw new FatalError(`critical sections must end in reverse order: token ${token}, top ${this.top}`);
    }
    const stack = this.stack;
    const entry = token - Section.Words;
    const first = stack[entry];
    const second = stack[entry + Section.Second];
    this.top = entry;
    // A suspended section ends when RunAborted flies past it: it holds nothing.
    if (second > 0) this.mutex.unlock(second);
    if (first > 0) this.mutex.unlock(first);
    this.resumeTop();
  }

  private suspend(entry: number): void {
    const stack = this.stack;
    const first = stack[entry];
    const second = stack[entry + Section.Second];
    stack[entry] = -first;
    stack[entry + Section.Second] = -second;
    if (second !== 0) this.mutex.unlock(second);
    this.mutex.unlock(first);
    this.i32[this.block + ThreadBlock.Counters + Counter.SectionsSuspended]++;
  }

  /** Shows no mutex while it waits, as `beginWaiting`. On RunAborted the section is suspended as before. */
  private resume(entry: number): void {
    const stack = this.stack;
    const first = 0 - stack[entry];
    const second = 0 - stack[entry + Section.Second];
    stack[entry] = 0;
    stack[entry + Section.Second] = 0;
    try {
      this.lockBoth(first, second, false);
    } catch (error) {
      stack[entry] = -first;
      stack[entry + Section.Second] = -second;
      throw error;
    }
    stack[entry] = first;
    stack[entry + Section.Second] = second;
  }

  private topHolds(byte: number): boolean {
    const stack = this.stack;
    const entry = this.top - Section.Words;
    return stack[entry] === byte || stack[entry + Section.Second] === byte;
  }

  /**
   * Then this is the only thread that runs, and needs no lock; but a fair hand-off may have given the mutex to a
   * thread that is suspended, and waiting for it would never end (gh-144513, PIT-6.1). A mutex that is free is
   * locked all the same: this is asked on the slow path only.
   */
  protected isWorldStopped(): boolean {
    return isWorldStopped(this.i32, this.block);
  }

  private grow(): void {
    const larger = new Int32Array(this.stack.length * 2);
    larger.set(this.stack);
    this.stack = larger;
    this.limit = larger.length;
  }
}
