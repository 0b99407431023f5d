import { describe, expect, it } from 'vitest';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { reserveSideTable } from '#ungil/memory/sideTable.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';

const BUILDS = [
  'free-threaded',
  'free-threaded:mark-alive=off',
  'free-threaded:biased=off',
  'free-threaded:deferred=off',
  'free-threaded:per-thread=off',
  'free-threaded:immortal=off',
  'free-threaded:thread-heaps=off',
  'free-threaded:qsbr=off',
  'free-threaded:qsbr=off:refcount=side-table',
  'gilectomy',
  'gilectomy:refcount=side-table',
];

describe.each(BUILDS)('collections in build %s', (name) => {
  it('free lists that hold themselves', () => {
    const build = buildNamed(name);
    const memory = SharedMemory.create(32 << 20);
    if (build.refcount === 'side-table') reserveSideTable(memory.i32);
    const t = new Thread(memory, build, 0);
    t.start();
    t.initialiseInterpreter();
    const kept = t.lists.create();
    for (let i = 0; i < 1000; i++) {
      const list = t.lists.create();
      t.lists.append(list, list);
      if (i % 2 === 0) t.lists.append(kept, list);
      t.refs.decref(list);
    }
    expect(t.collector.collect(2, 'manual')).toBe(500);
    expect(t.collector.collect(2, 'manual')).toBe(0);
    expect(t.lists.length(kept)).toBe(500);
    t.refs.decref(kept);
    expect(t.collector.collect(2, 'manual')).toBe(500);
    expect(checkObjects(memory, { refcount: build.refcount, complete: true })).toEqual([]);
  });
});
