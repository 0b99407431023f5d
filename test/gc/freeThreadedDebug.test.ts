import { describe, expect, it } from 'vitest';
import { Control, GcBits, Header } from '#ungil/memory/layout.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed, withDebug } from '#ungil/runtime/builds.js';
import { DebugParts } from '#ungil/runtime/debugParts.js';
import { GcWorld } from './support/gcWorld.js';

/** A list that is held, and that holds itself. */
function debugWorld(): { world: GcWorld; list: Ref } {
  const build = withDebug(buildNamed('free-threaded:mark-alive=off'), true);
  const world = new GcWorld(build, new DebugParts());
  const list = world.main.lists.create();
  world.main.lists.append(list, list);
  return { world, list };
}

describe('the debug build finds', () => {
  it('nothing in a sound heap', () => {
    const { world, list } = debugWorld();
    expect(world.collect()).toBe(0);
    world.main.refs.decref(list);
    expect(world.collect()).toBe(1);
    world.check(true);
  });

  it('a count that is smaller than what other objects hold (INV-8.1), and lets the world go on', () => {
    const { world, list } = debugWorld();
    world.i32[list + Header.Local] = 0;
    expect(() => world.collect()).toThrow(
      `INV-8.1 is violated in thread slot 0: object ${list} of kind 8: its count is 0, and other objects hold 1 references more`,
    );
    expect(world.i32[Control.WorldStopped]).toBe(0);
    expect(world.owner(list)).toBe(world.main.id);
    world.i32[list + Header.Local] = 2;
    expect(world.collect()).toBe(0);
    world.check();
  });

  it('a mark of a collection that is over (INV-8.2)', () => {
    const { world, list } = debugWorld();
    world.i32[list] |= GcBits.Unreachable << 24;
    expect(() => world.collect()).toThrow(
      `INV-8.2 is violated in thread slot 0: object ${list} of kind 8: it has a mark of a collection that is over`,
    );
    expect(world.i32[Control.WorldStopped]).toBe(0);
  });

  it('an object without an owner that is not merged (INV-8.2)', () => {
    const { world, list } = debugWorld();
    world.i32[list] &= ~Header.OwnerMask;
    expect(() => world.collect()).toThrow('it has no owner and is not merged');
  });
});
