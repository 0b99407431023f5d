/** What CPython itself takes to collect, to hold our figures against. Measured, never computed; see `CPYTHON_SOURCE`. */

export type CPythonBuild = 'gil' | 'free-threaded';

/** Milliseconds. */
type Row = Readonly<Record<CPythonBuild, number>>;

/** `gc.collect()` with so many live objects. An interpreter without a program takes 2.1 (gil) and 1.5 ms of each. */
const LIVE: Readonly<Record<string, Row>> = {
  'lists 10000': { gil: 2.171, 'free-threaded': 1.801 },
  'lists 100000': { gil: 5.711, 'free-threaded': 4.157 },
  'lists 1000000': { gil: 53.187, 'free-threaded': 21.042 },
  'dicts 10000': { gil: 2.663, 'free-threaded': 2.008 },
  'dicts 100000': { gil: 7.511, 'free-threaded': 5.607 },
  'dicts 1000000': { gil: 78.222, 'free-threaded': 30.258 },
  'instances 10000': { gil: 2.666, 'free-threaded': 1.897 },
  'instances 100000': { gil: 7.354, 'free-threaded': 5.292 },
  'instances 1000000': { gil: 64.191, 'free-threaded': 29.226 },
};

/** `gc.collect()` that finds 100,000 objects of garbage in cycles. */
const GARBAGE: Readonly<Record<string, Row>> = {
  lists: { gil: 10.057, 'free-threaded': 7.876 },
  pairs: { gil: 12.596, 'free-threaded': 9.876 },
  dicts: { gil: 14.789, 'free-threaded': 14.621 },
};

/** `gc.collect(0)`, with 10,000 to 1,000,000 live lists: the GIL build alone has a young generation. */
export const CPYTHON_YOUNG_MS = 0.001;

/** Making a list of 1,000,000 lists, with automatic collections and without. */
export const CPYTHON_BUILD: Readonly<Record<'on' | 'off', Row>> = {
  on: { gil: 159.574, 'free-threaded': 102.401 },
  off: { gil: 75.838, 'free-threaded': 34.559 },
};

/** null where it was not measured. */
export function cpythonLiveMs(kind: string, objects: number, build: CPythonBuild): number | null {
  return LIVE[`${kind} ${objects}`]?.[build] ?? null;
}

/** Of 100,000 objects; null where it was not measured. */
export function cpythonGarbageMs(kind: string, build: CPythonBuild): number | null {
  return GARBAGE[kind]?.[build] ?? null;
}
