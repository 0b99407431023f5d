import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Runtime } from '#ungil/runtime/runtime.js';
import { program, SAFE_BUILDS, TRACING_BUILDS } from '../support/runtimes.js';

const VALUES = [
  0,
  -5,
  256,
  257,
  2 ** 40,
  -(2 ** 53) + 1,
  0.5,
  1e308,
  '',
  'ascii',
  'größe',
  'Ωμέγα, 漢字',
  '🐍🦀 with\u0000null',
  'x'.repeat(5000),
  true,
  false,
  null,
];

describe.each([...SAFE_BUILDS, ...TRACING_BUILDS, 'unsafe'])('handles in build %s', (build) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start({ build, threads: 1, memory: 64 << 20 });
  });
  afterAll(async () => {
    expect(await runtime.shutdown()).toEqual({ leaks: [] });
  });

  // biome-ignore lint/suspicious/noExplicitAny: each case has a shape of its own
  async function runCase(name: string, args: object = {}): Promise<any> {
    const { results } = await runtime.run(program('values'), { args: { case: name, ...args } });
    expect(runtime.leaks()).toEqual([]);
    return results[0];
  }

  it('carry plain values there and back', async () => {
    const keys = await runCase('roundTrip', { values: VALUES });
    expect(keys.list).toEqual(VALUES);
    expect(keys.dict).toEqual(VALUES);
    expect(keys.tuple).toEqual(VALUES);
    expect(keys.call).toEqual(VALUES);
    // True == 1 and 0 == False, for keys too: the later of two equal keys wins.
    expect(keys.keys).toEqual(VALUES.map((value) => (value === 0 ? false : value)).map(indexOf));
  });

  it('nest, and are the same objects each time', async () => {
    expect(await runCase('nested')).toEqual({ deep: 'deep', y: 2, same: 2 });
  });

  it('have the methods of lists', async () => {
    expect(await runCase('listMethods')).toEqual({
      items: [1, 2, 3, 'a', 1, 2, 3],
      popped: null,
      cleared: 0,
    });
  });

  it('have the methods of dicts, with keys of every hashable type', async () => {
    expect(await runCase('dictMethods')).toEqual({ size: 2, a: 'gone', has: true, byTuple: true });
  });

  it('keep floats', async () => {
    expect(await runCase('floats')).toEqual({
      list: [3, 0.1, -1e300, 2 ** 53, Number.POSITIVE_INFINITY],
      nan: true,
      zero: true,
    });
  });

  it('raise what Python raises, and leave everything as it was', async () => {
    const result = await runCase('errors', { rounds: 50 });
    expect(result.errors).toEqual([
      'IndexError',
      'IndexError',
      'TypeError',
      'IndexError',
      'IndexError',
      'IndexError',
      'KeyError',
      'TypeError',
      'TypeError',
      'TypeError',
      'TypeError',
      'TypeError',
      'TypeError',
      'AttributeError',
      'ValueError',
      'ValueError',
      'RuntimeError',
    ]);
    expect(result.list).toEqual([1]);
    expect(result.dict).toEqual([1, 1]);
  });

  it('are released at the end of their scope', async () => {
    expect(await runCase('scopes')).toEqual({
      inner: 2,
      thrown: 'RangeError',
      used: 'ValueError',
      disposed: 'ValueError',
    });
  });
});

function indexOf(value: unknown): number {
  return VALUES.lastIndexOf(value as never);
}
