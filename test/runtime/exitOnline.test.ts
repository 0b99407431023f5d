import { expect, test } from 'vitest';
import { Control, ThreadBlock } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed, withDebug } from '#ungil/runtime/builds.js';
import { DebugParts } from '#ungil/runtime/debugParts.js';
import { Thread } from '#ungil/runtime/thread.js';

/** Two threads that assert invariants; the other one notes in its finalisers whether QSBR waits for it, and polls. */
function world() {
  const memory = SharedMemory.create(32 << 20);
  const build = withDebug(buildNamed('free-threaded'), true);
  const main = new Thread(memory, build, 0, new DebugParts());
  const other = new Thread(memory, build, 1, new DebugParts());
  const online: boolean[] = [];
  const bodies = {
    finalize: () => {
      online.push(Atomics.load(memory.i32, other.block + ThreadBlock.QsbrSequence) !== 0);
      other.state.handlePending();
      return Control.None;
    },
  };
  main.start(0, bodies);
  main.initialiseInterpreter();
  const type = main.instances.createType('Finalized', [], 0, 4);
  main.instances.setFinalizer(type, main.calls.define('finalize'));
  main.state.detach();
  other.start(1, bodies);
  const object: Ref = other.instances.create(type);
  return { main, other, online, object };
}

test('a finaliser of what was queued for a thread that exits runs while QSBR waits for the thread', () => {
  const { main, other, online, object } = world();
  other.state.detach();
  main.state.attach();
  main.refs.decref(object);
  main.state.detach();
  expect(online).toEqual([]);
  other.state.attach();
  other.exit();
  expect(online).toEqual([true]);
});

test('so does a finaliser of what waited for a grace period, and the thread is offline behind it', () => {
  const { other, online, object } = world();
  other.allocator.decrefDelayed(object);
  other.exit();
  expect(online).toEqual([true]);
  expect(Atomics.load(other.i32, other.block + ThreadBlock.QsbrSequence)).toBe(0);
});
