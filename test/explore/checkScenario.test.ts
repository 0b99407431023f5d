import { describe, expect, it } from 'vitest';
import { faultOf } from '#ungil/explore/checkScenario.js';
import type { Scenario } from '#ungil/scenarios/scenario.js';

const RIGHT = { about: 'one line', threads: [() => {}], outcomes: { done: 'required' } };

function fault(changed: object): string | null {
  return faultOf({ name: 's', spec: { ...RIGHT, ...changed } } as unknown as Scenario);
}

describe('a declaration', () => {
  it('that is right', () => {
    expect(fault({})).toBeNull();
    expect(
      fault({ outcomes: { 'x=1': { gil: 'forbidden', else: 'required' }, '*': 'expected' } }),
    ).toBeNull();
    const variants = {
      v: { overrides: [], finds: ['leak'], world: { allocator: 'reuse' }, refcount: ['gil'] },
    };
    expect(fault({ refcount: ['gil', 'biased'], variants, threads: { a: () => {} } })).toBeNull();
  });

  it.each<[object, RegExp]>([
    [{ linearisable: {} }, /^scenario 's': unknown field 'linearisable'; accepted: about, .*linearizable/],
    [{ about: undefined }, /'about' is not a text/],
    [{ threads: ['x'] }, /thread 0 is not a function/],
    [{ threads: { reader: async () => {} } }, /thread reader is async/],
    [{ refcount: ['plane'] }, /'refcount' has 'plane'; accepted: gil, plain, atomic, biased, side-table$/],
    [{ refcount: 'gil' }, /'refcount' is not a list/],
    [{ outcomes: { done: 'maybe' } }, /outcome 'done' has 'maybe'; accepted: required, expected/],
    [{ outcomes: { done: { other: 'required' } } }, /outcome 'done' has 'other'; accepted: gil, .*else$/],
    [{ outcomes: { done: { gil: 'must' } } }, /outcome 'done' has 'must'/],
    [{ world: { datarace: true } }, /unknown field 'datarace' of world; accepted: allocator/],
    [{ world: { allocator: 'mimalloc' } }, /world\.allocator has 'mimalloc'; accepted: model, reuse, real$/],
    [{ variants: { v: { find: [] } } }, /unknown field 'find' of variant 'v'/],
    [{ variants: { v: { threads: [3] } } }, /thread 0 of variant 'v' is not a function/],
  ])('%j', (changed, message) => {
    expect(fault(changed)).toMatch(message);
  });
});
