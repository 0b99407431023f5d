import { ThreadBlock } from '../../memory/layout.js';
import type { Qsbr } from '../../threads/qsbr.js';
import { Page } from './layout.js';

/**
 * Pages of objects that are empty but may still be looked at by lock-free readers (CPython `Objects/obmalloc.c`,
 * `_PyMem_mi_page_maybe_free`): each has a goal, and waits in the thread's list. Such a page stays in its bin: its
 * blocks may be handed out at once for the same size and tag, but nothing else may use its memory before the goal.
 *
 * A goal counts only while the page has been empty without interruption: whoever sees `Used` fall to 0 forgets an
 * older one (gh-145615). Owner only.
 */
export class QsbrPages {
  private readonly head: number;
  private readonly tail: number;

  constructor(
    private readonly i32: Int32Array,
    block: number,
    private readonly qsbr: Qsbr,
  ) {
    this.head = block + ThreadBlock.QsbrPagesHead;
    this.tail = block + ThreadBlock.QsbrPagesTail;
  }

  start(): void {
    this.i32[this.head] = 0;
    this.i32[this.tail] = 0;
  }

  /** First page of the list, 0 if there is none. */
  first(): number {
    return this.i32[this.head];
  }

  /** Has the page wait, from now on. */
  setGoal(page: number): void {
    const heap = this.i32;
    const bytes = heap[page + Page.Capacity] * heap[page + Page.BlockWords] * 4;
    this.unlink(page);
    heap[page + Page.QsbrGoal] = this.qsbr.deferredAdvanceForPage(bytes);
    this.link(page);
  }

  /** As `setGoal` with a goal that needs no later advance: the thread is leaving. */
  setFinalGoal(page: number): void {
    this.unlink(page);
    this.i32[page + Page.QsbrGoal] = this.qsbr.advance();
  }

  /** The page has a goal and it is reached. */
  isReached(page: number): boolean {
    const goal = this.i32[page + Page.QsbrGoal];
    return goal !== 0 && this.qsbr.poll(goal);
  }

  /** The page is in use again, or has just become empty anew. */
  forget(page: number): void {
    this.unlink(page);
    this.i32[page + Page.QsbrGoal] = 0;
  }

  /** Adds a page with a goal behind the others. */
  link(page: number): void {
    const heap = this.i32;
    const last = heap[this.tail];
    heap[page + Page.QsbrNext] = 0;
    heap[page + Page.QsbrPrevious] = last;
    heap[page + Page.QsbrLinked] = 1;
    heap[this.tail] = page;
    if (last !== 0) heap[last + Page.QsbrNext] = page;
    else heap[this.head] = page;
  }

  /** Takes the page out of the list; an abandoned page keeps its goal. */
  unlink(page: number): void {
    const heap = this.i32;
    if (heap[page + Page.QsbrLinked] === 0) return;
    const next = heap[page + Page.QsbrNext];
    const previous = heap[page + Page.QsbrPrevious];
    heap[page + Page.QsbrLinked] = 0;
    if (next !== 0) heap[next + Page.QsbrPrevious] = previous;
    else heap[this.tail] = previous;
    if (previous !== 0) heap[previous + Page.QsbrNext] = next;
    else heap[this.head] = next;
  }
}
