import { beforeAll, describe, expect, test } from 'vitest';
import { PythonError } from '#ungil/memory/errors.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { checkObjects } from '#ungil/objects/check/checkObjects.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Thread } from '#ungil/runtime/thread.js';
import { MIB } from '../../allocators/support.js';
import type { ConformanceCase, Difference } from './cases/conformanceCase.js';
import { CASES } from './cases/index.js';
import { Interpreter } from './interpreter.js';
import { parse } from './parser.js';
import { type Log, Python } from './python.js';

let python: Python;

beforeAll(async () => {
  python = await Python.load();
}, 60_000);

/** Runs a program on a fresh runtime of one thread; what it said. The heap is sound afterwards. */
function runHere(buildName: string, source: string): Log {
  const memory = SharedMemory.create(32 * MIB);
  const build = buildNamed(buildName);
  const t = new Thread(memory, build, 0);
  let interpreter!: Interpreter;
  t.start(
    0,
    Interpreter.bodies(() => interpreter),
  );
  t.initialiseInterpreter();
  interpreter = new Interpreter(t);
  t.unraisable.report = (error) => {
    if (!(error instanceof PythonError)) throw error;
    interpreter.log.push(`unraisable ${error.kind}`);
  };
  t.gc.disable();
  t.gc.collect();
  const log = interpreter.run(parse(source));
  expect(checkObjects(memory, { refcount: build.refcount })).toEqual([]);
  return log;
}

function expectSame(here: Log, there: Log, difference: Difference | undefined): void {
  if (difference === undefined) expect(here).toEqual(there);
  else if (difference.log !== undefined) expect(here).toEqual(difference.log);
  else expect(sorted(here)).toEqual(sorted(there));
}

function sorted(log: Log): Log {
  return log.map((entry) => JSON.stringify(entry)).sort();
}

test('there are cases enough, and no two of one name', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

describe.each(CASES as ConformanceCase[])('$name', ({ source, gil, freeThreaded }) => {
  test('gil', () => expectSame(runHere('gil', source), python.run(source), gil));
  test('free-threaded', () => expectSame(runHere('free-threaded', source), python.run(source), freeThreaded));
});
