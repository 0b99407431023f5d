import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory, type HistoryOperation } from '#ungil/explore/linearizability.js';
import type { SequentialSpec } from '#ungil/scenarios/scenario.js';

const register: SequentialSpec<number> = {
  initial: 0,
  apply(state, operation, [value]) {
    return operation === 'write' ? [value as number, undefined] : [state, state];
  },
};

const counter: SequentialSpec<number> = {
  initial: 0,
  apply: (state, operation) => (operation === 'add' ? [state + 1, state] : [state, state]),
};

const queue: SequentialSpec<readonly number[]> = {
  initial: [],
  apply(state, operation, [value]) {
    if (operation === 'put') return [[...state, value as number], null];
    return [state.slice(1), { found: state.length > 0, item: state[0] ?? null }];
  },
};

const stack: SequentialSpec<readonly number[]> = {
  initial: [],
  apply(state, operation, [value]) {
    if (operation === 'push') return [[value as number, ...state], state.length + 1];
    return [state.slice(1), state[0] ?? 'empty'];
  },
};

interface Subject {
  readonly spec: SequentialSpec<never>;
  readonly operations: readonly string[];
}

const subjects: readonly Subject[] = [
  { spec: register as SequentialSpec<never>, operations: ['write', 'read'] },
  { spec: counter as SequentialSpec<never>, operations: ['add', 'get'] },
  { spec: queue as SequentialSpec<never>, operations: ['put', 'take'] },
  { spec: stack as SequentialSpec<never>, operations: ['push', 'pop'] },
];

/** The definition: some order of all returned and some pending operations. */
function bruteForce(history: readonly HistoryOperation[], spec: SequentialSpec<never>): boolean {
  function extend(rest: readonly HistoryOperation[], state: never): boolean {
    if (rest.every(({ returned }) => returned === Infinity)) return true;
    return rest.some((operation) => {
      if (rest.some((other) => other !== operation && other.returned < operation.call)) return false;
      const [next, result] = spec.apply(state, operation.operation, operation.args);
      const fits =
        operation.returned === Infinity || JSON.stringify(result) === JSON.stringify(operation.result);
      return (
        fits &&
        extend(
          rest.filter((other) => other !== operation),
          next,
        )
      );
    });
  }
  return extend(history, spec.initial);
}

/** Whether the order is one, by replaying it. */
function explains(
  order: readonly number[],
  history: readonly HistoryOperation[],
  spec: SequentialSpec<never>,
) {
  let state: never = spec.initial;
  const seen = new Set<number>();
  for (const index of order) {
    const operation = history[index];
    const late = history.some((other, i) => i !== index && !seen.has(i) && other.returned < operation.call);
    const [next, result] = spec.apply(state, operation.operation, operation.args);
    const fits =
      operation.returned === Infinity || JSON.stringify(result) === JSON.stringify(operation.result);
    if (late || !fits || seen.has(index)) return false;
    state = next;
    seen.add(index);
  }
  return history.every(({ returned }, index) => returned === Infinity || seen.has(index));
}

/** What the generator draws: at each tick a thread calls, takes effect or returns. */
interface Plan {
  readonly subject: Subject;
  readonly ticks: readonly { readonly thread: number; readonly kind: number; readonly value: number }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  subject: fc.constantFrom(...subjects),
  ticks: fc.array(
    fc.record({
      thread: fc.integer({ min: 0, max: 2 }),
      kind: fc.integer({ min: 0, max: 1 }),
      value: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 21 },
  ),
});

interface Running {
  operation: string;
  args: readonly unknown[];
  call: number;
  effect: boolean;
  result: unknown;
}

/** A history of an object that is linearizable: each operation takes effect at one of its three ticks. */
function simulate({ subject, ticks }: Plan): HistoryOperation[] {
  const history: HistoryOperation[] = [];
  const running = new Map<number, Running>();
  let state: never = subject.spec.initial;
  ticks.forEach(({ thread, kind, value }, time) => {
    const mine = running.get(thread);
    if (mine === undefined) {
      const operation = subject.operations[kind];
      running.set(thread, { operation, args: [value], call: time, effect: false, result: undefined });
    } else if (!mine.effect) {
      [state, mine.result] = subject.spec.apply(state, mine.operation, mine.args);
      mine.effect = true;
    } else {
      const { operation, args, result, call } = mine;
      history.push({ thread, operation, args, result, call, returned: time });
      running.delete(thread);
    }
  });
  for (const [thread, { operation, args, call }] of running) {
    history.push({ thread, operation, args, result: undefined, call, returned: Infinity });
  }
  return history;
}

function op(
  thread: number,
  operation: string,
  arg: number | null,
  result: unknown,
  call: number,
  returned: number,
) {
  return { thread, operation, args: arg === null ? [] : [arg], result, call, returned };
}

describe('checkHistory', () => {
  it('accepts the empty history', () => {
    expect(checkHistory([], register)).toEqual({ order: [] });
  });

  it('reorders operations that overlap', () => {
    const history = [op(0, 'read', null, 1, 0, 3), op(1, 'write', 1, undefined, 1, 2)];
    expect(checkHistory(history, register)).toEqual({ order: [1, 0] });
  });

  it('does not reorder operations that do not', () => {
    const history = [op(0, 'read', null, 1, 0, 1), op(1, 'write', 1, undefined, 2, 3)];
    expect(checkHistory(history, register)).toBeNull();
  });

  it('takes operations that touch at one moment for overlapping', () => {
    const history = [op(0, 'read', null, 1, 0, 2), op(1, 'write', 1, undefined, 2, 3)];
    expect(checkHistory(history, register)).toEqual({ order: [1, 0] });
  });

  it('finds the lost update', () => {
    const history = [op(0, 'add', null, 0, 0, 2), op(1, 'add', null, 0, 1, 3)];
    expect(checkHistory(history, counter)).toBeNull();
  });

  it('finds the new-old inversion of two reads', () => {
    const write = op(0, 'write', 1, undefined, 0, 9);
    expect(
      checkHistory([write, op(1, 'read', null, 1, 1, 2), op(2, 'read', null, 0, 3, 4)], register),
    ).toBeNull();
    expect(
      checkHistory([write, op(1, 'read', null, 0, 1, 2), op(2, 'read', null, 1, 3, 4)], register),
    ).not.toBeNull();
  });

  it('lets a pending operation take effect, or not, or late', () => {
    const pending = op(0, 'write', 1, undefined, 0, Infinity);
    expect(checkHistory([pending, op(1, 'read', null, 1, 1, 2)], register)).toEqual({ order: [0, 1] });
    expect(checkHistory([pending, op(1, 'read', null, 0, 1, 2)], register)).toEqual({ order: [1] });
    const late = [pending, op(1, 'read', null, 0, 1, 2), op(1, 'read', null, 1, 3, 4)];
    expect(checkHistory(late, register)).toEqual({ order: [1, 0, 2] });
    expect(checkHistory([pending, op(1, 'read', null, 2, 1, 2)], register)).toBeNull();
  });

  it('takes a pending operation that its own thread went on after', () => {
    const history = [
      op(0, 'write', 1, undefined, 0, Infinity),
      op(0, 'read', null, 0, 1, 2),
      op(0, 'read', null, 1, 3, 4),
    ];
    expect(checkHistory(history, register)).toEqual({ order: [1, 0, 2] });
  });

  it('does not take a missing result for a null one', () => {
    expect(checkHistory([op(0, 'write', 1, null, 0, 1)], register)).toBeNull();
  });

  it('uses the key of the states where there is one', () => {
    const keys: number[] = [];
    const spec: SequentialSpec<{ n: number }> = {
      initial: { n: 0 },
      apply: ({ n }) => [{ n: n + 1 }, n],
      key({ n }) {
        keys.push(n);
        return String(n);
      },
    };
    expect(checkHistory([op(0, 'add', null, 0, 0, 1), op(0, 'add', null, 1, 2, 3)], spec)).not.toBeNull();
    expect(keys).toEqual([1, 2]);
  });

  it('does not try what the memo knows to fail', () => {
    let applied = 0;
    const spec: SequentialSpec<number> = {
      initial: 0,
      apply(state, operation) {
        applied++;
        return operation === 'add' ? [state + 1, undefined] : [state, state];
      },
    };
    const adds = Array.from({ length: 12 }, (_, thread) => op(thread, 'add', null, undefined, 0, 1));
    expect(checkHistory([...adds, op(0, 'get', null, 99, 2, 3)], spec)).toBeNull();
    // 2^12 sets, at most 12 ways on from each; without the memo 12! orders.
    expect(applied).toBeLessThanOrEqual(12 * 2 ** 12);
  });

  it('takes histories of more than 32 operations, and says where it is too much', () => {
    const long = Array.from({ length: 3 * 40 }, (_, i) => op(i % 3, 'add', null, i, 10 * i, 10 * i + 25));
    expect(checkHistory(long, counter)?.order).toHaveLength(120);
    const wide = Array.from({ length: 60 }, (_, i) => op(i, 'add', null, i, 0, 1));
    expect(() => checkHistory(wide, counter)).toThrow(RangeError);
  });

  it('accepts what an object with atomic effects did', () => {
    fc.assert(
      fc.property(plan, (drawn) => {
        const history = simulate(drawn);
        const found = checkHistory(history, drawn.subject.spec);
        expect(found !== null && explains(found.order, history, drawn.subject.spec)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('agrees with brute force where results and times are changed', () => {
    const verdicts = { yes: 0, no: 0 };
    const change = fc.record({
      plan,
      victim: fc.nat(),
      other: fc.nat(),
      stretch: fc.integer({ min: 0, max: 3 }),
      swap: fc.boolean(),
    });
    fc.assert(
      fc.property(change, ({ plan: drawn, victim, other, stretch, swap }) => {
        const history = simulate(drawn);
        if (history.length === 0) return;
        const at = victim % history.length;
        const result = swap ? history[other % history.length].result : other % 4;
        history[at] = { ...history[at], result, returned: history[at].returned + stretch };
        const found = checkHistory(history, drawn.subject.spec);
        expect(found !== null).toBe(bruteForce(history, drawn.subject.spec));
        if (found !== null) expect(explains(found.order, history, drawn.subject.spec)).toBe(true);
        verdicts[found === null ? 'no' : 'yes']++;
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(verdicts.no).toBeGreaterThan(300);
    expect(verdicts.yes).toBeGreaterThan(300);
  });
});
