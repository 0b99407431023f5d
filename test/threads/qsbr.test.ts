import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Control, EvalBreaker, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { Qsbr } from '#ungil/threads/qsbr.js';
import { runWorkers } from '../support/workers.js';

const create = (threads: number) => {
  const memory = SharedMemory.create(16 << 20);
  const all = Array.from({ length: threads }, (_, slot) => new Qsbr(memory, blockOf(slot)));
  return { memory, heap: memory.i32, all };
};
const blockOf = (slot: number) => Control.Threads + slot * ThreadBlock.Words;

describe('Qsbr', () => {
  test('a goal is reached when every online thread has been quiescent', () => {
    const { all } = create(3);
    const [a, b, c] = all as [Qsbr, Qsbr, Qsbr];
    a.attach();
    b.attach();
    const goal = a.advance();
    expect(a.poll(goal)).toBe(false);
    a.quiescentState();
    expect(a.poll(goal)).toBe(false);
    b.quiescentState();
    expect(c.poll(goal)).toBe(true);
  });

  test('offline threads are not waited for, and come online at the current sequence', () => {
    const { all } = create(2);
    const [a, b] = all as [Qsbr, Qsbr];
    a.attach();
    b.attach();
    const goal = a.advance();
    a.quiescentState();
    b.detach();
    expect(a.poll(goal)).toBe(true);
    const later = a.advance();
    b.attach();
    expect(b.observed).toBe(later);
    a.quiescentState();
    expect(a.poll(later)).toBe(true);
  });

  test('observed says what the slot says while online', () => {
    const { heap, all } = create(1);
    const qsbr = all[0]!;
    qsbr.attach();
    expect(qsbr.observed).toBe(heap[Control.WriteSequence]);
    qsbr.advance();
    expect(qsbr.observed).not.toBe(heap[Control.WriteSequence]);
    qsbr.quiescentState();
    expect(qsbr.observed).toBe(heap[Control.WriteSequence]);
    expect(heap[blockOf(0) + ThreadBlock.QsbrSequence]).toBe(qsbr.observed);
  });

  test('items: 127 are deferred, the next advances and asks for processing', () => {
    const { heap, all } = create(1);
    const qsbr = all[0]!;
    qsbr.attach();
    const before = qsbr.current();
    for (let i = 0; i < 127; i++) expect(qsbr.deferredAdvance(16)).toBe(before + 2);
    expect(qsbr.current()).toBe(before);
    expect(heap[blockOf(0) + ThreadBlock.Breaker]).toBe(0);
    expect(qsbr.deferredAdvance(16)).toBe(before + 2);
    expect(qsbr.current()).toBe(before + 2);
    expect(heap[blockOf(0) + ThreadBlock.Breaker]).toBe(EvalBreaker.ProcessDelayed);
    expect(qsbr.deferredAdvance(16)).toBe(before + 4);
  });

  test('bytes: more than 1 MiB at once or together advances', () => {
    const { all } = create(1);
    const qsbr = all[0]!;
    const before = qsbr.current();
    qsbr.deferredAdvance((1 << 20) + 1);
    expect(qsbr.current()).toBe(before + 2);
    for (let i = 0; i < 4; i++) qsbr.deferredAdvance(1 << 18);
    expect(qsbr.current()).toBe(before + 2);
    qsbr.deferredAdvance(1);
    expect(qsbr.current()).toBe(before + 4);
  });

  test('pages: more than 80 KiB advances', () => {
    const { all } = create(1);
    const qsbr = all[0]!;
    const before = qsbr.current();
    qsbr.deferredAdvanceForPage(65_536);
    expect(qsbr.current()).toBe(before);
    qsbr.deferredAdvanceForPage(65_536);
    expect(qsbr.current()).toBe(before + 2);
  });

  test('a deferred goal is not reached before somebody advances', () => {
    const { all } = create(2);
    const [a, b] = all as [Qsbr, Qsbr];
    a.attach();
    const goal = a.deferredAdvance(1);
    a.quiescentState();
    expect(a.poll(goal)).toBe(false);
    b.advance();
    expect(a.poll(goal)).toBe(false);
    a.quiescentState();
    expect(a.poll(goal)).toBe(true);
  });

  test('sequences wrap', () => {
    const { heap, all } = create(2);
    heap[Control.WriteSequence] = 0x7fffffff - 2;
    heap[Control.ReadSequence] = 0x7fffffff - 2;
    const [a, b] = all as [Qsbr, Qsbr];
    a.attach();
    b.attach();
    for (let i = 0; i < 8; i++) {
      const goal = a.advance();
      expect(goal & 1).toBe(1);
      expect(a.poll(goal)).toBe(false);
      a.quiescentState();
      expect(a.poll(goal)).toBe(false);
      b.quiescentState();
      expect(a.poll(goal)).toBe(true);
    }
    expect(heap[Control.WriteSequence]).toBeLessThan(0);
  });

  test('random histories: no goal is reached early, none late; the read sequence only grows', () => {
    const step = fc.record({
      thread: fc.nat(3),
      op: fc.constantFrom('attach', 'detach', 'quiescent', 'advance', 'poll'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { heap, all } = create(4);
        const online = [false, false, false, false];
        // For each goal: the threads that have not been offline or quiescent since.
        const waiting = new Map<number, Set<number>>();
        const release = (thread: number) => {
          for (const threads of waiting.values()) threads.delete(thread);
        };
        let read = heap[Control.ReadSequence]!;
        for (const { thread, op } of steps) {
          const qsbr = all[thread]!;
          if (op === 'attach' && !online[thread]) {
            qsbr.attach();
            online[thread] = true;
          } else if (op === 'detach' && online[thread]) {
            qsbr.detach();
            online[thread] = false;
            release(thread);
          } else if (op === 'quiescent' && online[thread]) {
            qsbr.quiescentState();
            release(thread);
          } else if (op === 'advance') {
            waiting.set(qsbr.advance(), new Set([0, 1, 2, 3].filter((t) => online[t])));
          } else if (op === 'poll') {
            for (const [goal, threads] of waiting) expect(qsbr.poll(goal)).toBe(threads.size === 0);
          }
          expect(heap[Control.ReadSequence]).toBeGreaterThanOrEqual(read);
          read = heap[Control.ReadSequence]!;
        }
      }),
    );
  });

  test('readers in other threads never see what was reclaimed', async () => {
    const memory = SharedMemory.create(16 << 20);
    const results = await runWorkers<{ torn: number; reads: number; freed: number }>(
      'allocQsbr',
      memory.handle,
      2,
    );
    expect(results.map(({ torn }) => torn)).toEqual([0, 0]);
    expect(results[0]!.freed).toBeGreaterThan(100);
    expect(results[1]!.reads).toBeGreaterThan(100);
  });
});
