import { describe, expect, it } from 'vitest';
import { PythonError } from '#ungil/memory/errors.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { smallInt } from '#ungil/objects/numbers.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { SAFE_BUILDS } from '../support/runtimes.js';

describe.each(SAFE_BUILDS)('exchange in build %s', (build) => {
  it('moves the old item out, counts the new one, and keeps the rest', () => {
    const t = new Thread(SharedMemory.create(16 << 20), buildNamed(build), 0);
    t.start();
    t.initialiseInterpreter();
    const list = t.lists.create();
    const old = t.numbers.int(1000);
    const value = t.numbers.int(2000);
    for (const item of [smallInt(1), old, smallInt(3)]) t.lists.append(list, item);
    expect(t.lists.exchange(list, -2, value)).toBe(old);
    // The list's reference is ours now.
    expect([t.refs.count(old), t.refs.count(value)]).toEqual([2, 2]);
    expect([0, 1, 2].map((index) => t.lists.get(list, index))).toEqual([smallInt(1), value, smallInt(3)]);
    for (const index of [3, -4]) {
      expect(() => t.lists.exchange(list, index, value)).toThrow(
        new PythonError('IndexError', `list index ${index} out of range`),
      );
    }
    // What we got from the list above; a failing exchange counts nothing.
    expect(t.refs.count(value)).toBe(3);
  });
});
