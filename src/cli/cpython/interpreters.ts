import { fileURLToPath } from 'node:url';
import type { Interpreter } from '../../report/cpythonLive.js';
import { splitList } from '../options.js';
import { type ChildEnd, runChild } from './child.js';

/** From dist/src/cli/cpython/ to the package. */
export const HARNESS = fileURLToPath(new URL('../../../../python/harness.py', import.meta.url));

/** The oldest version that the twins run on. */
const OLDEST = [3, 11] as const;
/** A Python starts in a tenth of a second. */
const DESCRIBE_MS = 10_000;
const ACCEPTED = `accepted: CPython ${OLDEST.join('.')} or later, by name on PATH or by path`;

/** An interpreter and how it is started. */
export interface Startable extends Interpreter {
  /** In front of the harness: `-X gil=0` for a free-threaded build. */
  readonly arguments: readonly string[];
}

/** What the commands around interpreters need. */
export interface PythonHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** One line for people, without a newline. */
  note(line: string): void;
  /** How long an interpreter may stay silent, in milliseconds; for tests. */
  readonly patienceMs?: number;
}

/** The interpreters of `--with-cpython`, without repetition; throws UsageError. */
export function parseInterpreters(text: string | undefined): string[] {
  if (text === undefined) return [];
  return [...new Set(splitList(text, '--with-cpython', ACCEPTED))];
}

/** Asks each what it is, one after the other; those that cannot serve are named in a note and left out. */
export async function probe(names: readonly string[], host: PythonHost): Promise<Startable[]> {
  const found: Startable[] = [];
  for (const name of names) {
    const one = await probeOne(name, host);
    if (host.signal.aborted) return found;
    if (typeof one === 'string') host.note(`--with-cpython: ${name}: ${one}`);
    else found.push(one);
  }
  if (names.length > 0 && found.length === 0) {
    host.note("--with-cpython: no interpreter is left; CPython's figures are the bundled ones");
  }
  return found;
}

/** The interpreter, or what is wrong with it. */
async function probeOne(name: string, host: PythonHost): Promise<Startable | string> {
  const first = await describe(name, [], host);
  if (typeof first === 'string') return first;
  const { implementation, version } = first;
  if (implementation !== 'CPython') return `is ${implementation} ${version}; ${ACCEPTED}`;
  if (isTooOld(version)) return `is CPython ${version}, which is too old; ${ACCEPTED}`;
  const facts = { name, version, ...placeOf(first) };
  if (!first.freeThreaded) return { ...facts, build: 'gil', arguments: [] };
  // Otherwise an extension module could switch the GIL on.
  const withoutGil = ['-X', 'gil=0'];
  const second = await describe(name, withoutGil, host);
  if (typeof second === 'string') return `with -X gil=0 ${second}`;
  if (second.gilEnabled) return 'is a free-threaded build that runs with the GIL even with -X gil=0';
  return { ...facts, build: 'free-threaded', arguments: withoutGil };
}

/** What `harness.py --describe` prints. */
interface Description {
  readonly implementation: string;
  readonly version: string;
  readonly freeThreaded: boolean;
  readonly gilEnabled: boolean;
  readonly executable: string;
  readonly compiler: string;
  readonly platform: string;
}

function placeOf({ executable, compiler, platform }: Description) {
  return { executable, compiler, platform };
}

/** The description, or why there is none. */
async function describe(
  name: string,
  before: readonly string[],
  host: PythonHost,
): Promise<Description | string> {
  let description: Description | null = null;
  let printed = '';
  const end = await runChild(name, [...before, HARNESS, '--describe'], {
    env: environmentOf(host.env),
    patienceMs: host.patienceMs ?? DESCRIBE_MS,
    signal: host.signal,
    onLine(line) {
      printed = line;
      description = parseDescription(line);
      return description !== null;
    },
  });
  // A child that has said what it is may end as it likes, but for being ended by us.
  if (end.reason === null && end.code === 0 && description !== null) return description;
  if (end.reason === 'refused' || (end.reason === null && end.code === 0)) {
    return `is no Python: asked for its version it printed '${printed.slice(0, 60)}'; ${ACCEPTED}`;
  }
  return `${howItEnded(end, host.patienceMs ?? DESCRIBE_MS)}; ${ACCEPTED}`;
}

function parseDescription(line: string): Description | null {
  const value = parseObject(line);
  if (value === null) return null;
  const texts = ['implementation', 'version', 'executable', 'compiler', 'platform'];
  if (!texts.every((key) => typeof value[key] === 'string')) return null;
  if (typeof value.freeThreaded !== 'boolean' || typeof value.gilEnabled !== 'boolean') return null;
  return value as unknown as Description;
}

function isTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
  return !(major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]));
}

/** A GIL build refuses to start with PYTHON_GIL=0; what is asked for is asked for on the command line. */
export function environmentOf(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const { PYTHON_GIL: _, ...others } = env;
  return others;
}

/** A line's JSON object; null if it is none. */
export function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** `ended with exit status 1 (what it said last)`. */
export function howItEnded({ code, signal, reason, stderr }: ChildEnd, patienceMs: number): string {
  if (reason === 'not found') return 'was not found';
  if (reason === 'not executable') return 'cannot be executed';
  if (reason === 'silent') return `said nothing for ${patienceMs / 1000} s and was ended`;
  const last = stderr.trim().split('\n').pop() ?? '';
  const words = last === '' ? '' : ` (${last.slice(0, 120)})`;
  return signal !== null ? `was killed by ${signal}${words}` : `ended with exit status ${code}${words}`;
}
