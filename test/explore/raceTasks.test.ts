import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { race } from '#ungil/explore/race.js';
import type { RaceRequest } from '#ungil/explore/raceTypes.js';
import type { Exploration } from '#ungil/explore/results.js';

const FILE = fileURLToPath(new URL('../fixtures/race/detectors.mjs', import.meta.url));
const REQUEST: RaceRequest = {
  scenarios: [],
  files: [FILE],
  mode: 'auto',
  refcount: null,
  variant: 'none',
  budgetMs: 500,
  seed: 1,
  maxSteps: null,
  engine: 'fiber',
  replay: null,
};

async function run(request: Partial<RaceRequest>): Promise<readonly Exploration[]> {
  const hooks = { found: () => {}, progress: () => {} };
  const { explorations } = await race({ ...REQUEST, ...request }, hooks, new AbortController().signal);
  return explorations;
}

describe('what is asked for', () => {
  it('one scenario of a file, which tells how to name it again', async () => {
    const found = await run({ files: [`${FILE}#deadlock`] });
    expect(found.map(({ scenario, target }) => [scenario, target])).toEqual([
      ['deadlock', `${FILE}#deadlock`],
    ]);
  });

  it('a built-in one: not what else its module exports', async () => {
    const found = await run({ files: [], scenarios: ['racy-counter-2'] });
    expect(found.map(({ target }) => target)).toEqual(['racy-counter-2']);
  });

  it.each<[Partial<RaceRequest>, RegExp]>([
    [{ files: [`${FILE}#dead`] }, /exports no scenario 'dead'; accepted: .*deadlock/],
    [{ variant: 'nobody' }, /unknown variant 'nobody'; accepted: all, none, .*an atomic one is/],
    [{ files: [`${FILE}#double free`], refcount: ['gil'] }, /nothing to run under gil; accepted: biased$/],
    [{ files: [`${FILE}#leak`], refcount: ['gil'], mode: 'stress' }, /mode stress does not run under gil/],
    [
      { files: [`${FILE}#leak`], replay: 'a1' },
      /--replay needs one scheme; accepted: .* gil, plain, atomic, biased$/,
    ],
    [{ replay: 'a1' }, /--replay needs the one scenario .*#deadlock/],
  ])('is refused where it is nothing, or not one: %j', async (request, message) => {
    await expect(run(request)).rejects.toThrow(message);
  });
});
