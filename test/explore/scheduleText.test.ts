import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatSchedule,
  mergeSegments,
  parseSchedule,
  ScheduleError,
  type Segment,
} from '#ungil/explore/scheduleText.js';

const segment = fc.record({
  thread: fc.integer({ min: 0, max: 7 }),
  count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 999_999_999 })),
  choice: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 999_999_999 })),
});
const schedule = fc.array(segment, { maxLength: 12 });

/** Thread and choice of each access. */
function accesses(segments: readonly Segment[]): string[] {
  return segments.flatMap(({ thread, count, choice }) =>
    Array.from({ length: count }, (_, i) => `${thread}:${i === count - 1 ? choice : 0}`),
  );
}

function messageOf(text: string, threads?: number): string {
  try {
    parseSchedule(text, threads);
  } catch (error) {
    if (error instanceof ScheduleError) return `${error.position}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('schedule text', () => {
  it('is written as a letter, a count and a choice', () => {
    const segments = [
      { thread: 0, count: 12, choice: 0 },
      { thread: 1, count: 3, choice: 1 },
      { thread: 7, count: 4, choice: 0 },
    ];
    expect(formatSchedule(segments)).toBe('a12-b3!1-h4');
    expect(parseSchedule('a12-b3!1-h4')).toEqual(segments);
    expect(formatSchedule([])).toBe('');
    expect(parseSchedule('')).toEqual([]);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(schedule, (segments) => {
        expect(parseSchedule(formatSchedule(segments))).toEqual(segments);
      }),
    );
  });

  it('writes what it reads: there is one text for a schedule', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '2', '0', '-', '!'), maxLength: 8 });
    fc.assert(
      fc.property(text, (candidate) => {
        if (messageOf(candidate) === 'accepted')
          expect(formatSchedule(parseSchedule(candidate))).toBe(candidate);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['x3', "1: schedule 'x3': there is 'x' at position 1; accepted: a thread, 'a' to 'h'"],
    ['a', "2: schedule 'a': it ends at position 2; accepted: a count, 1 to 999999999"],
    ['a0', "2: schedule 'a0': there is '0' at position 2; accepted: a count, 1 to 999999999"],
    ['a3-', "4: schedule 'a3-': it ends at position 4; accepted: a thread, 'a' to 'h'"],
    ['a3--b1', "4: schedule 'a3--b1': there is '-' at position 4; accepted: a thread, 'a' to 'h'"],
    [
      'a3 -b1',
      "3: schedule 'a3 -b1': there is ' ' at position 3; accepted: a digit, '!' and a choice, '-' or the end",
    ],
    ['a3!', "4: schedule 'a3!': it ends at position 4; accepted: a choice, 1 to 999999999"],
    ['a3!1!2', "5: schedule 'a3!1!2': there is '!' at position 5; accepted: a digit, '-' or the end"],
    [
      'a1234567890',
      "11: schedule 'a1234567890': there is '0' at position 11; accepted: a count, 1 to 999999999",
    ],
  ])('says where %s is wrong, and what is accepted', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it('knows how many threads there are', () => {
    expect(messageOf('a1-b2-c1', 2)).toBe(
      "7: schedule 'a1-b2-c1': there is 'c' at position 7; accepted: a thread, 'a' to 'b'",
    );
    expect(messageOf('b1', 1)).toBe("1: schedule 'b1': there is 'b' at position 1; accepted: thread 'a'");
  });

  it.each([
    { thread: 8, count: 1, choice: 0 },
    { thread: -1, count: 1, choice: 0 },
    { thread: 0, count: 0, choice: 0 },
    { thread: 0, count: 1.5, choice: 0 },
    { thread: 0, count: 1, choice: -1 },
  ])('does not write %o', (wrong) => {
    expect(() => formatSchedule([wrong])).toThrow(RangeError);
  });

  it('merges neighbours of one thread unless a choice stands between them', () => {
    expect(formatSchedule(mergeSegments(parseSchedule('a1-a2-b1-b1!2-b4-b1-a1')))).toBe('a3-b2!2-b5-a1');
  });

  it('merging keeps every access, and leaves nothing to merge', () => {
    const short = fc.array(
      fc.record({
        thread: fc.integer({ min: 0, max: 2 }),
        count: fc.integer({ min: 1, max: 3 }),
        choice: fc.constantFrom(0, 0, 1),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(short, (segments) => {
        const merged = mergeSegments(segments);
        expect(accesses(merged)).toEqual(accesses(segments));
        for (let i = 1; i < merged.length; i++) {
          expect(merged[i].thread !== merged[i - 1].thread || merged[i - 1].choice !== 0).toBe(true);
        }
      }),
    );
  });
});
