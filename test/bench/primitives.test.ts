import { describe, expect, it } from 'vitest';
import { makePrimitives } from '../../dist/bench/primitives/all.js';
import { bareCases, bareName, SHAPES } from '../../dist/bench/primitives/bare.js';
import { SharedMemory } from '../../dist/src/memory/sharedMemory.js';
import { buildNamed } from '../../dist/src/runtime/builds.js';
import { Thread } from '../../dist/src/runtime/thread.js';

describe.each(['free-threaded', 'gil', 'gilectomy'])('the primitives of %s', (name) => {
  const build = buildNamed(name);
  const memory = SharedMemory.create(64 << 20);
  const thread = new Thread(memory, build, 0);
  thread.start();
  thread.initialiseInterpreter();
  const other = build.lock === 'gil' ? null : new Thread(memory, build, 1);
  other?.start();
  const primitives = makePrimitives(thread, other);

  it('do what they say, and leave nothing behind', () => {
    for (const { name, body, check } of primitives) {
      body();
      expect(check?.() ?? null, name).toBeNull();
    }
  });

  it('have names of their own, each with a bare loop beside it', () => {
    const names = primitives.map((primitive) => primitive.name);
    expect(new Set(names).size).toBe(names.length);
    const bare = bareCases(thread.i32);
    for (const { shape } of primitives) {
      const both = [bareName(shape, 'plain'), bareName(shape, 'atomic')];
      expect(bare.map((loop) => loop.name)).toEqual(expect.arrayContaining(both));
    }
    expect(bare).toHaveLength(SHAPES.length * 2);
    for (const { body } of bare) body();
  });
});
