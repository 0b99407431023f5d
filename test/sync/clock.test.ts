import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clock, isAfter, later } from '#ungil/sync/clock.js';

test('later is after, across the wrap of 31 bits', () => {
  const time = fc.integer({ min: 0, max: 0x7fffffff });
  fc.assert(
    fc.property(time, fc.integer({ min: 1, max: 0x3fffffff }), (then, delay) => {
      const now = later(then, delay);
      expect(now).toBeGreaterThanOrEqual(0);
      expect(isAfter(now, then)).toBe(true);
      expect(isAfter(then, now)).toBe(false);
      expect(isAfter(then, then)).toBe(false);
    }),
  );
});

test('the time in microseconds moves with the clock', () => {
  const clock = new Clock();
  const then = clock.microseconds();
  const start = clock.milliseconds();
  while (clock.milliseconds() - start < 3);
  expect(isAfter(clock.microseconds(), later(then, 2000))).toBe(true);
});
