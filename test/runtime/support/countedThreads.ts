import { Geometry } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import type { Tally } from '#ungil/memory/tally.js';
import { buildNamed, withInstruments } from '#ungil/runtime/builds.js';
import { partsOf } from '#ungil/runtime/partsOf.js';
import { Thread } from '#ungil/runtime/thread.js';

/** Threads of a counted build that take turns in this one; under a GIL there can be one. */
export async function countedThreads(name: string, count: number): Promise<Thread[]> {
  const build = withInstruments(buildNamed(name), 'counted');
  const memory = SharedMemory.create(32 << 20);
  if (build.refcount === 'side-table') reserveSideTable(memory.i32);
  const host = new Thread(memory, build, Geometry.MaxThreads);
  host.start();
  host.initialiseInterpreter();
  host.exit();
  const threads: Thread[] = [];
  for (let slot = 0; slot < count; slot++) {
    const thread = new Thread(memory, build, slot, await partsOf(memory, build, new Map()));
    thread.start(slot);
    threads.push(thread);
  }
  return threads;
}

/** What the body adds to the thread's counts, those that are not 0. */
export function counted(thread: Thread, body: () => void): Record<string, number> {
  const before = tallyOf(thread).counts();
  body();
  return changes(before, tallyOf(thread).counts());
}

export function tallyOf(thread: Thread): Tally {
  if (thread.tally === null) throw new Error('no thread of a counted build');
  return thread.tally;
}

function changes(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const added = Object.entries(after).map(([name, count]): [string, number] => [name, count - before[name]]);
  return Object.fromEntries(added.filter(([, count]) => count !== 0));
}
