import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DelayedFree } from '#ungil/allocators/delayedFree.js';
import { Control, EvalBreaker, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { Qsbr } from '#ungil/threads/qsbr.js';

const OBJECT = 1_000_000;
/** Items of a chunk. */
const CAPACITY = 254;
/** Deferred items before a goal is advanced to. */
const BATCH = 127;

/** Threads of one memory that take turns; blocks are numbers that nothing lies behind. */
class Model {
  readonly memory = SharedMemory.create(16 << 20);
  readonly heap = this.memory.i32;
  readonly threads: { qsbr: Qsbr; delayed: DelayedFree; block: number }[] = [];
  /** In order: freed blocks, and objects of which a reference was dropped. */
  readonly released: number[] = [];
  readonly chunks = new Set<number>();
  outOfMemory = false;
  onDecref: (object: number) => void = () => {};
  private next: number = Control.StaticArena;
  private readonly spare: number[] = [];

  constructor(count: number) {
    for (let slot = 0; slot < count; slot++) {
      const block = Control.Threads + slot * ThreadBlock.Words;
      const qsbr = new Qsbr(this.memory, block);
      const delayed = new DelayedFree(this.heap, block, qsbr, this);
      delayed.start();
      qsbr.attach();
      this.threads.push({ qsbr, delayed, block });
    }
  }

  tryAllocChunk(words: number): number {
    if (this.outOfMemory) return 0;
    let chunk = this.spare.pop() ?? 0;
    if (chunk === 0) {
      chunk = this.next;
      this.next += (words + 3) & ~3;
    }
    this.chunks.add(chunk);
    return chunk;
  }

  freeChunk(chunk: number): void {
    if (!this.chunks.delete(chunk)) throw new Error(`${chunk} is no chunk in use`);
    this.heap.fill(0x0bad, chunk, chunk + 512);
    this.spare.push(chunk);
  }

  freeNow(address: number): void {
    this.released.push(address);
  }

  decrefNow(object: number): void {
    this.released.push(object);
    this.onDecref(object);
  }

  /** Every goal is reached: somebody advances, and all pass a quiescent state. */
  pass(): void {
    this.threads[0]!.qsbr.advance();
    for (const { qsbr } of this.threads) qsbr.quiescentState();
  }
}

let model: Model;
let one: Model['threads'][number];
beforeEach(() => {
  model = new Model(1);
  one = model.threads[0]!;
});

describe('delayed frees', () => {
  test('litmus D10: the only thread keeps what it has, until a batch is full and it is quiescent', () => {
    for (let i = 1; i <= 9; i++) one.delayed.add(4 * i, 64);
    for (let i = 0; i < 10; i++) {
      one.qsbr.quiescentState();
      one.delayed.process();
    }
    expect(model.released).toEqual([]);
    for (let i = 10; i <= BATCH + 1; i++) one.delayed.add(4 * i, 64);
    expect(model.heap[one.block + ThreadBlock.Breaker]! & EvalBreaker.ProcessDelayed).not.toBe(0);
    one.delayed.process();
    expect(model.released).toEqual([]);
    one.qsbr.quiescentState();
    one.delayed.process();
    expect(model.released).toEqual(Array.from({ length: BATCH + 1 }, (_, i) => 4 * (i + 1)));
  });

  test('blocks are freed, of objects a reference is dropped', () => {
    one.delayed.add(64, 64);
    one.delayed.addDecref(OBJECT, 0);
    model.pass();
    const dropped: number[] = [];
    model.onDecref = (object) => dropped.push(object);
    one.delayed.process();
    expect([model.released, dropped]).toEqual([[64, OBJECT], [OBJECT]]);
  });

  test('a full chunk is processed, the last one is kept', () => {
    for (let i = 0; i < CAPACITY; i++) {
      one.qsbr.quiescentState();
      one.delayed.add(4 * (i + 1), 64);
    }
    // The first batch was due by then.
    expect(model.released.length).toBeGreaterThanOrEqual(BATCH);
    expect(model.released.length).toBeLessThan(CAPACITY);
    for (let i = 0; i < 3 * CAPACITY; i++) one.delayed.add(4096 + 4 * i, 64);
    expect(model.chunks.size).toBe(4);
    model.pass();
    one.delayed.process();
    expect(model.released.length).toBe(4 * CAPACITY);
    expect(model.chunks.size).toBe(1);
    one.delayed.abandon(true);
    expect(model.chunks.size).toBe(0);
  });

  test('a destructor may queue and process: nothing is released twice, nothing lost', () => {
    let left = 2 * CAPACITY;
    model.onDecref = () => {
      if (left-- > 0) one.delayed.addDecref(OBJECT + 4 * left, 0);
      // Frees the chunk that the outer loop is in.
      one.delayed.process();
    };
    for (let i = 0; i < 2 * CAPACITY; i++) one.delayed.addDecref(2 * OBJECT + 4 * i, 0);
    for (let i = 0; i < 4 * CAPACITY; i++) {
      model.pass();
      one.delayed.process();
    }
    expect(model.released.length).toBe(4 * CAPACITY);
    expect(new Set(model.released).size).toBe(4 * CAPACITY);
    expect(model.chunks.size).toBe(1);
  });

  test('in a stopped world nothing waits', () => {
    Atomics.store(model.heap, Control.WorldStopped, 1);
    one.delayed.add(64, 64);
    one.delayed.addDecref(OBJECT, 0);
    expect(model.released).toEqual([64, OBJECT]);
    expect(model.chunks.size).toBe(0);
  });

  test('without memory for a chunk the grace period is waited out', () => {
    model.outOfMemory = true;
    one.delayed.addDecref(OBJECT, 0);
    expect(model.released).toEqual([OBJECT]);
    expect(model.heap[one.block + ThreadBlock.QsbrSequence]).not.toBe(0);
  });

  test('who has left the table of merge queues leaves objects to others', () => {
    const two = new Model(2);
    const [first, second] = two.threads;
    first!.delayed.addDecref(OBJECT, 0);
    first!.qsbr.detach();
    first!.delayed.abandon(true);
    expect(two.released).toEqual([]);
    second!.qsbr.quiescentState();
    first!.delayed.abandon(false);
    expect(two.released).toEqual([]);
    second!.delayed.process();
    expect(two.released).toEqual([OBJECT]);
    expect(two.chunks.size).toBe(0);
  });

  test('without memory for a chunk a thread waits the grace period out, offline', () => {
    const two = new Model(2);
    const [first, second] = two.threads;
    const { qsbr, block } = first!;
    const seen: { online: boolean; released: number }[] = [];
    const poll = qsbr.poll.bind(qsbr);
    qsbr.poll = (goal) => {
      seen.push({
        online: two.heap[block + ThreadBlock.QsbrSequence] !== 0,
        released: two.released.length,
      });
      if (seen.length === 3) second!.qsbr.quiescentState();
      return poll(goal);
    };
    two.outOfMemory = true;
    first!.delayed.add(64, 64);
    expect(seen).toEqual(Array(3).fill({ online: false, released: 0 }));
    expect(two.released).toEqual([64]);
    expect(two.heap[block + ThreadBlock.QsbrSequence]).not.toBe(0);
  });
});

test('random histories: nothing is released before its grace period, goals are in order, all goes in the end', () => {
  const step = fc.record({
    thread: fc.nat(2),
    op: fc.constantFrom('add', 'large', 'decref', 'process', 'quiescent', 'detach', 'attach', 'exit', 'many'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const world = new Model(3);
      const online = [true, true, true];
      const exited = [false, false, false];
      /** Of each item: who may still hold its address (appendix B 15, 18: those who were online, and no others). */
      const holders = new Map<number, Set<number>>();
      let checked = 0;
      let next = 16;
      const rest = (thread: number) => {
        for (const set of holders.values()) set.delete(thread);
      };
      const check = () => {
        for (; checked < world.released.length; checked++) {
          const item = world.released[checked]!;
          expect(holders.get(item)).toEqual(new Set());
          holders.delete(item);
        }
      };
      const add = (thread: number, op: string) => {
        const { delayed } = world.threads[thread]!;
        next += 16;
        const item = next;
        holders.set(item, new Set([0, 1, 2].filter((t) => online[t])));
        if (op === 'decref') delayed.addDecref(item, 0);
        else delayed.add(item, op === 'large' ? 1 << 21 : 64);
      };
      for (const { thread, op } of steps) {
        if (exited[thread]) continue;
        const { qsbr, delayed } = world.threads[thread]!;
        if (op === 'add' || op === 'large' || op === 'decref') {
          if (online[thread]) add(thread, op);
        } else if (op === 'many') {
          if (online[thread]) for (let i = 0; i < 90; i++) add(thread, i % 3 === 0 ? 'decref' : 'add');
        } else if (op === 'process') {
          if (online[thread]) delayed.process();
        } else if (op === 'quiescent') {
          if (!online[thread]) continue;
          rest(thread);
          qsbr.quiescentState();
        } else if (op === 'attach') {
          if (online[thread]) continue;
          qsbr.attach();
          online[thread] = true;
        } else {
          rest(thread);
          online[thread] = false;
          qsbr.detach();
          if (op === 'exit') {
            exited[thread] = true;
            delayed.abandon(true);
            delayed.abandon(false);
          }
        }
        check();
      }
      for (let thread = 0; thread < 3; thread++) {
        if (exited[thread]) continue;
        rest(thread);
        world.threads[thread]!.qsbr.detach();
        online[thread] = false;
        world.threads[thread]!.delayed.abandon(true);
        check();
      }
      expect(holders.size).toBe(0);
      expect(world.chunks.size).toBe(0);
      expect(world.heap[Control.InterpreterDelayedHead]).toBe(0);
    }),
    { numRuns: 150 },
  );
});
