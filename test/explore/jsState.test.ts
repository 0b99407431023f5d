import { expect, test } from 'vitest';
import { JsState } from '#ungil/explore/jsState.js';

/** As a world that has threads with a free list of slots. */
function makeWorld(): { free: number; slots: Int32Array; scratch: Float64Array; memory: Int32Array } {
  return {
    free: 2,
    slots: Int32Array.of(1, 0),
    scratch: Float64Array.of(Number.NaN),
    memory: new Int32Array(new SharedArrayBuffer(8)),
  };
}

test('typed arrays are put back, but for views of shared memory', () => {
  const world = makeWorld();
  const state = new JsState(world, {});
  expect(state.changes()).toBeNull();
  world.free = 1;
  world.slots[1] = 7;
  world.scratch[0] = 3;
  world.memory[0] = 5;
  state.restore();
  expect(world.free).toBe(2);
  expect([...world.slots]).toEqual([1, 0]);
  expect([...world.scratch]).toEqual([Number.NaN]);
  expect([...world.memory]).toEqual([5, 0]);
  expect(state.changes()).toBeNull();
});

test('a typed array that was replaced is there again, with what it held', () => {
  const world = makeWorld();
  const { slots } = world;
  const state = new JsState(world, {});
  slots[0] = 9;
  world.slots = new Int32Array(8);
  state.restore();
  expect(world.slots).toBe(slots);
  expect([...slots]).toEqual([1, 0]);
});

test('changes of typed arrays travel to another copy of the world', () => {
  const [one, other] = [makeWorld(), makeWorld()];
  const [from, to] = [new JsState(one, {}), new JsState(other, {})];
  expect(from.shape).toBe(to.shape);
  one.slots[0] = 4;
  one.scratch[0] = 0.5;
  const changes = from.changes();
  to.apply(structuredClone(changes!));
  expect([...other.slots]).toEqual([4, 0]);
  expect([...other.scratch]).toEqual([0.5]);
});
