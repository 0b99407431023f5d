import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrcBucket, Control, EvalBreaker, SharedState, ThreadBlock } from '#ungil/memory/layout.js';
import { bucketOf } from '#ungil/refcount/mergeQueue.js';
import { RefcountWorld, type SimulatedThread } from '../support/refcountWorld.js';

/** Objects in this thread's merge queue: chunks of next, count, items (CPython `pycore_object_stack.h`). */
function queued(world: RefcountWorld, { block }: SimulatedThread): number[] {
  const { i32 } = world.memory;
  const objects: number[] = [];
  for (let chunk = i32[block + ThreadBlock.BrcQueue]; chunk !== 0; chunk = i32[chunk]) {
    objects.push(...i32.subarray(chunk + 2, chunk + 2 + i32[chunk + 1]));
  }
  return objects;
}

function isInTable(world: RefcountWorld, { id, block }: SimulatedThread): boolean {
  const { i32 } = world.memory;
  let member = i32[bucketOf(id) + BrcBucket.Head];
  while (member !== 0 && member !== block) member = i32[member + ThreadBlock.BrcNext];
  return member === block;
}

const action = fc.record({
  kind: fc.constantFrom('create', 'incref', 'decref', 'decref', 'pass', 'merge', 'tryIncref', 'weak', 'exit'),
  thread: fc.nat(2),
  other: fc.nat(2),
  pick: fc.nat(30),
});

test('random histories: one queue entry an object, drained by owner and exit; no increment revives', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), (actions) => {
      const world = new RefcountWorld(3);
      const { threads } = world;
      const alive = [true, true, true];
      const slot = Control.Scratch;
      /** References of each thread: a list with repetitions. */
      const held: number[][] = [[], [], []];
      const created: number[] = [];
      const dead = () => threads.flatMap((each) => each.dead);
      const dropAt = (thread: number, index: number) => {
        const [object] = held[thread].splice(index, 1);
        threads[thread].refs.decref(object);
      };
      const check = () => {
        const entries = threads.map((each) => queued(world, each));
        const all = entries.flat();
        // 5: one entry each, in state queued, in its owner's queue; the owner has been told.
        expect(new Set(all).size).toBe(all.length);
        entries.forEach((objects, index) => {
          for (const object of objects) {
            expect(world.shared(object) & SharedState.Mask).toBe(SharedState.Queued);
            expect(world.owner(object)).toBe(threads[index].id);
          }
          const breaker = world.memory.i32[threads[index].block + ThreadBlock.Breaker];
          if (objects.length > 0) expect(breaker & EvalBreaker.ExplicitMerge).not.toBe(0);
        });
        const destroyed = dead();
        // 2: once, and only without references.
        expect(new Set(destroyed).size).toBe(destroyed.length);
        for (const object of destroyed) expect(held.flat()).not.toContain(object);
        for (const object of created) {
          if (destroyed.includes(object)) continue;
          const state = world.shared(object) & SharedState.Mask;
          expect(state === SharedState.Queued).toBe(all.includes(object));
          expect(state === SharedState.Merged).toBe(world.owner(object) === 0);
          // 1: a queue entry holds the reference that was donated.
          const references = held.flat().filter((each) => each === object).length;
          expect(threads[0].refs.count(object)).toBe(references + (all.includes(object) ? 1 : 0));
        }
      };
      const exit = (thread: number) => {
        while (held[thread].length > 0) dropAt(thread, 0);
        threads[thread].refs.exit();
        alive[thread] = false;
        // 6, and INV-2.4.
        expect(queued(world, threads[thread])).toEqual([]);
        expect(isInTable(world, threads[thread])).toBe(false);
      };
      for (const { kind, thread, other, pick } of actions) {
        if (!alive[thread]) continue;
        const { refs } = threads[thread];
        const mine = held[thread];
        const at = pick % Math.max(mine.length, 1);
        if (kind === 'create') {
          created.push(world.create(threads[thread]));
          mine.push(created[created.length - 1]);
        } else if (kind === 'merge') {
          refs.mergeQueued();
          expect(queued(world, threads[thread])).toEqual([]);
        } else if (kind === 'exit') exit(thread);
        else if (kind === 'tryIncref') {
          // Of any object that ever was: the dead keep their words.
          if (created.length === 0) continue;
          const object = created[pick % created.length];
          if (dead().includes(object) && world.owner(object) === threads[thread].id) continue;
          const before = world.shared(object);
          const owned = world.owner(object) === threads[thread].id;
          world.memory.i32[slot] = object;
          const got = refs.tryIncrefCompare(slot, object);
          // 8: never from count 0 in state default or merged.
          expect(got).toBe(owned || (before !== SharedState.Default && before !== SharedState.Merged));
          if (got) expect(dead()).not.toContain(object);
          if (got) mine.push(object);
        } else if (mine.length === 0) continue;
        else if (kind === 'incref') {
          refs.incref(mine[at]);
          mine.push(mine[at]);
        } else if (kind === 'decref') dropAt(thread, at);
        else if (kind === 'weak') refs.setMaybeWeakref(mine[at]);
        else if (alive[other]) held[other].push(...mine.splice(at, 1));
        check();
      }
      for (let thread = 0; thread < 3; thread++) if (alive[thread]) exit(thread);
      expect(dead().sort((a, b) => a - b)).toEqual(created);
    }),
    { numRuns: 300 },
  );
});

test('an owner that exits between the decision to queue and the push: merged by whoever came (7)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(4), (references, exitAt) => {
      const world = new RefcountWorld(2);
      const [owner, other] = world.threads;
      const object = world.create(owner);
      for (let i = 1; i < references; i++) owner.refs.incref(object);
      const { queue } = other.refs;
      const enqueue = queue.enqueue.bind(queue);
      let exited = false;
      let late = 0;
      queue.enqueue = (each) => {
        if (!exited) owner.refs.exit();
        exited = true;
        late++;
        enqueue(each);
      };
      for (let i = 0; i < references; i++) {
        // The decrements behind an ordinary exit take the same way.
        if (i === exitAt && !exited) {
          owner.refs.exit();
          exited = true;
        }
        other.refs.decref(object);
      }
      expect(late).toBe(1);
      expect([owner.dead, other.dead]).toEqual([[], [object]]);
      expect([world.owner(object), world.shared(object)]).toEqual([0, SharedState.Merged]);
    }),
  );
});
