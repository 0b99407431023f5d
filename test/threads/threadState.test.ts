import { describe, expect, it } from 'vitest';
import { PlainAtomicOps } from '#ungil/memory/atomicOps.js';
import { FatalError, RunAborted } from '#ungil/memory/errors.js';
import {
  AbortReason,
  Control,
  Counter,
  EvalBreaker,
  ThreadBlock,
  ThreadStatus,
} from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { clearBreaker, setBreaker, threadBlock } from '#ungil/threads/evalBreaker.js';
import type { InterpreterLock } from '#ungil/threads/gil.js';
import { StopTheWorld } from '#ungil/threads/stopTheWorld.js';
import { ThreadState } from '#ungil/threads/threadState.js';

/** Threads that one JavaScript thread plays: nothing here may wait. */
class World {
  readonly memory = SharedMemory.create(16 << 20);
  readonly i32 = this.memory.i32;
  readonly events: string[] = [];

  thread(slot: number): ThreadState {
    const state = new ThreadState(this.memory, new PlainAtomicOps(this.memory), slot, false);
    state.pending = {
      mergeQueued: () => this.events.push('merge'),
      processDelayed: () => this.events.push('delayed'),
      collectIfDue: () => this.events.push('collect'),
      publishStack: () => {},
      helpPause: () => {},
      dropCaches: () => this.events.push('drop caches'),
    };
    return state;
  }

  /** A thread with a lock that only writes down what is done to it. */
  recorded(slot: number): ThreadState {
    const state = this.thread(slot) as ThreadState & { lock: InterpreterLock };
    Object.assign(state, {
      lock: { take: () => this.events.push('take'), drop: () => this.events.push('drop') },
    });
    return state;
  }

  word(slot: number, word: ThreadBlock): number {
    return this.i32[threadBlock(slot) + word];
  }
}

describe('a thread state', () => {
  it('is detached when bound, then attached and detached by its thread', () => {
    const world = new World();
    const a = world.thread(3);
    a.bind();
    expect([world.word(3, ThreadBlock.Alive), world.word(3, ThreadBlock.Id), a.id]).toEqual([1, 7, 7]);
    expect(a.isAttached()).toBe(false);
    expect(world.word(3, ThreadBlock.QsbrSequence)).toBe(0);
    a.attach();
    expect(world.word(3, ThreadBlock.Status)).toBe(ThreadStatus.Attached);
    expect(world.word(3, ThreadBlock.QsbrSequence)).toBe(a.qsbr.current());
    a.detach();
    expect(world.word(3, ThreadBlock.Status)).toBe(ThreadStatus.Detached);
    expect(world.word(3, ThreadBlock.QsbrSequence)).toBe(0);
    a.unbind();
    expect(world.word(3, ThreadBlock.Alive)).toBe(0);
  });

  it('has its slot to itself, and starts with no request and no count', () => {
    const world = new World();
    const a = world.thread(0);
    setBreaker(world.i32, a.block, EvalBreaker.ExplicitMerge);
    world.i32[a.block + ThreadBlock.Counters + Counter.Parks] = 5;
    a.bind();
    expect(world.word(0, ThreadBlock.Breaker)).toBe(0);
    expect(world.i32[a.block + ThreadBlock.Counters + Counter.Parks]).toBe(0);
    expect(() => world.thread(0).bind()).toThrow(FatalError);
    a.attach();
    expect(() => a.attach()).toThrow(/attached already/);
    a.detach();
    a.unbind();
    world.thread(0).bind();
  });

  it('does not begin in a run that has ended, nor attach in one that is shut down', () => {
    const world = new World();
    const a = world.thread(0);
    a.bind();
    Atomics.store(world.i32, a.block + ThreadBlock.Status, ThreadStatus.ShuttingDown);
    expect(() => a.attach()).toThrow(RunAborted);
    Atomics.store(world.i32, Control.Abort, AbortReason.Error);
    expect(() => world.thread(1).bind()).toThrow(RunAborted);
  });

  it('reports quiescence at its safepoints and by leaving', () => {
    const world = new World();
    const [reader, writer] = [world.thread(0), world.thread(1)];
    for (const thread of [reader, writer]) {
      thread.bind();
      thread.attach();
    }
    const goal = writer.qsbr.advance();
    writer.poll();
    expect(writer.qsbr.poll(goal)).toBe(false);
    reader.poll();
    expect(world.word(0, ThreadBlock.QsbrSequence)).toBe(goal);
    expect(writer.qsbr.poll(goal)).toBe(true);

    const next = writer.qsbr.advance();
    writer.poll();
    expect(writer.qsbr.poll(next)).toBe(false);
    reader.detach();
    expect(writer.qsbr.poll(next)).toBe(true);
    reader.attach();
    expect(world.word(0, ThreadBlock.QsbrSequence)).toBe(next);
  });
});

describe('the eval breaker', () => {
  it('lies in the block of its thread, one bit a request', () => {
    const world = new World();
    const block = threadBlock(2);
    expect(block).toBe(Control.Threads + 2 * ThreadBlock.Words);
    setBreaker(world.i32, block, EvalBreaker.PleaseStop);
    setBreaker(world.i32, block, EvalBreaker.GilDropRequest);
    clearBreaker(world.i32, block, EvalBreaker.PleaseStop);
    expect(world.word(2, ThreadBlock.Breaker)).toBe(EvalBreaker.GilDropRequest);
    expect(world.word(1, ThreadBlock.Breaker)).toBe(0);
  });

  it('is served in the order of CPython: stop, merge, delayed frees, GIL, exception', () => {
    const world = new World();
    const a = world.recorded(0);
    a.bind();
    a.attach();
    world.events.length = 0;
    setBreaker(world.i32, a.block, EvalBreaker.AsyncException);
    setBreaker(world.i32, a.block, EvalBreaker.GilDropRequest);
    setBreaker(world.i32, a.block, EvalBreaker.ProcessDelayed);
    setBreaker(world.i32, a.block, EvalBreaker.ExplicitMerge);
    setBreaker(world.i32, a.block, EvalBreaker.PleaseStop);
    Atomics.store(world.i32, Control.Abort, AbortReason.Error);
    expect(() => a.poll()).toThrow(RunAborted);
    expect(world.events).toEqual(['drop', 'take', 'merge', 'delayed', 'drop', 'take']);
    const served = EvalBreaker.PleaseStop | EvalBreaker.ExplicitMerge | EvalBreaker.ProcessDelayed;
    expect(world.word(0, ThreadBlock.Breaker) & served).toBe(0);
    expect(a.isAttached()).toBe(true);
  });

  it('keeps a request that comes while another is served', () => {
    const world = new World();
    const a = world.thread(0);
    a.pending.mergeQueued = () => {
      world.events.push('merge');
      if (world.events.length === 1) setBreaker(world.i32, a.block, EvalBreaker.ExplicitMerge);
    };
    a.bind();
    a.attach();
    setBreaker(world.i32, a.block, EvalBreaker.ExplicitMerge);
    a.poll();
    a.poll();
    a.poll();
    expect(world.events).toEqual(['merge', 'merge']);
  });

  it('costs nothing while nothing is asked', () => {
    const world = new World();
    const a = world.recorded(0);
    a.bind();
    a.attach();
    world.events.length = 0;
    for (let i = 0; i < 100; i++) a.poll();
    expect(world.events).toEqual([]);
  });

  it('asked to stop by nobody any more, the thread goes on', () => {
    const world = new World();
    const a = world.thread(0);
    a.bind();
    a.attach();
    setBreaker(world.i32, a.block, EvalBreaker.PleaseStop);
    a.poll();
    expect(a.isAttached()).toBe(true);
    expect(world.i32[a.block + ThreadBlock.Counters + Counter.Suspensions]).toBe(0);
  });
});

describe('a stop of the world', () => {
  it('suspends detached threads, and lets them go', () => {
    const world = new World();
    const [a, b] = [world.thread(0), world.thread(1)];
    a.bind();
    b.bind();
    a.attach();
    const stop = new StopTheWorld(a);
    stop.stop();
    expect(world.word(1, ThreadBlock.Status)).toBe(ThreadStatus.Suspended);
    expect([world.i32[Control.WorldStopped], world.i32[Control.StopCountdown]]).toEqual([1, 0]);
    expect(a.isAttached()).toBe(true);
    stop.start();
    expect(world.word(1, ThreadBlock.Status)).toBe(ThreadStatus.Detached);
    expect([world.i32[Control.WorldStopped], world.i32[Control.StopRequested]]).toEqual([0, 0]);
    b.attach();
    b.detach();
  });

  it('needs nobody else, and can be done again', () => {
    const world = new World();
    const a = world.thread(0);
    a.bind();
    a.attach();
    const stop = new StopTheWorld(a);
    for (let i = 0; i < 3; i++) {
      stop.stop();
      stop.start();
    }
    expect(a.isAttached()).toBe(true);
  });

  it('holds threads that are born meanwhile', () => {
    const world = new World();
    const [a, b] = [world.thread(0), world.thread(1)];
    a.bind();
    a.attach();
    const stop = new StopTheWorld(a);
    stop.stop();
    b.bind();
    expect(world.word(1, ThreadBlock.Status)).toBe(ThreadStatus.Suspended);
    stop.start();
    b.attach();
    expect(b.isAttached()).toBe(true);
  });

  it('counts a thread that leaves meanwhile once: as suspended, or as gone (D18)', () => {
    const world = new World();
    const [a, b, c] = [world.thread(0), world.thread(1), world.thread(2)];
    for (const thread of [a, b, c]) thread.bind();
    const heap = world.i32;
    Atomics.store(heap, Control.StopRequested, 1);
    Atomics.store(heap, Control.StopCountdown, 1);
    Atomics.store(heap, b.block + ThreadBlock.Status, ThreadStatus.Suspended);
    b.unbind();
    expect([heap[Control.StopCountdown], heap[Control.StopEvent]]).toEqual([1, 0]);
    c.unbind();
    expect([heap[Control.StopCountdown], heap[Control.StopEvent]]).toEqual([0, 1]);
  });
});
