/**
 * The rules of Chrome's trace events, as Perfetto's importer and chrome://tracing read them (Google's document "Trace Event
 * Format"; Perfetto `src/trace_processor/importers/json/`). Times become whole nanoseconds by cutting off.
 */

interface Event {
  readonly [key: string]: unknown;
}

interface Slice {
  readonly start: number;
  readonly end: number;
  readonly index: number;
}

const METADATA: Readonly<Record<string, (args: Event) => boolean>> = {
  process_name: ({ name }) => isText(name),
  thread_name: ({ name }) => isText(name),
  process_sort_index: ({ sort_index: index }) => Number.isInteger(index),
  thread_sort_index: ({ sort_index: index }) => Number.isInteger(index),
};

/** What is wrong with the text of a trace file; empty: nothing. */
export function violationsOf(text: string): string[] {
  let file: Event;
  try {
    file = JSON.parse(text) as Event;
  } catch {
    return ['not JSON'];
  }
  const wrong: string[] = [];
  if (file.displayTimeUnit !== 'ms' && file.displayTimeUnit !== 'ns') wrong.push('displayTimeUnit');
  if (typeof file.otherData !== 'object' || file.otherData === null) wrong.push('otherData');
  if (!Array.isArray(file.traceEvents)) return [...wrong, 'traceEvents is no array'];
  const events = file.traceEvents as Event[];
  events.forEach((event, index) => {
    for (const problem of fieldsOf(event)) wrong.push(`event ${index}: ${problem}`);
  });
  if (wrong.length > 0) return wrong;
  const tracks = tracksOf(events);
  return [...namesOf(events), ...nesting(tracks), ...flows(events, tracks), ...counters(events)];
}

// --- Each event by itself ---

function fieldsOf(event: Event): string[] {
  const wrong: string[] = [];
  if (!isText(event.name)) wrong.push('name');
  for (const field of ['pid', 'tid']) if (!isCount(event[field])) wrong.push(field);
  if (event.args !== undefined && !isObject(event.args)) wrong.push('args');
  switch (event.ph) {
    case 'M':
      if (METADATA[String(event.name)]?.((event.args ?? {}) as Event) !== true) wrong.push('metadata');
      break;
    case 'X':
      if (!isTime(event.ts)) wrong.push('ts');
      if (!isTime(event.dur)) wrong.push('dur');
      if (!isText(event.cat)) wrong.push('cat');
      break;
    case 's':
    case 'f':
      if (!isTime(event.ts)) wrong.push('ts');
      if (!isCount(event.id)) wrong.push('id');
      if (!isText(event.cat)) wrong.push('cat');
      if (event.ph === 'f' && event.bp !== 'e') wrong.push('bp');
      break;
    case 'C':
      if (!isTime(event.ts)) wrong.push('ts');
      if (!isObject(event.args) || !areNumbers(Object.values(event.args))) wrong.push('counter args');
      break;
    default:
      wrong.push(`ph ${String(event.ph)}`);
  }
  return wrong;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Event {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areNumbers(values: unknown[]): boolean {
  return values.length > 0 && values.every((value) => typeof value === 'number' && Number.isFinite(value));
}

// --- Events together ---

function trackOf({ pid, tid }: Event): string {
  return `${pid}/${tid}`;
}

function nanoseconds(time: unknown): number {
  return Math.trunc((time as number) * 1000);
}

function tracksOf(events: readonly Event[]): Map<string, Slice[]> {
  const tracks = new Map<string, Slice[]>();
  events.forEach((event, index) => {
    if (event.ph !== 'X') return;
    const slices = tracks.get(trackOf(event)) ?? [];
    tracks.set(trackOf(event), slices);
    const start = nanoseconds(event.ts);
    slices.push({ start, end: start + nanoseconds(event.dur), index });
  });
  return tracks;
}

function namesOf(events: readonly Event[]): string[] {
  const named = (name: string, key: (event: Event) => string) =>
    new Set(events.filter((event) => event.ph === 'M' && event.name === name).map(key));
  const processes = named('process_name', ({ pid }) => String(pid));
  const threads = named('thread_name', trackOf);
  const wrong = new Set<string>();
  for (const event of events) {
    if (!processes.has(String(event.pid))) wrong.add(`process ${event.pid} has no name`);
    if (event.ph === 'X' && !threads.has(trackOf(event))) wrong.add(`track ${trackOf(event)} has no name`);
  }
  return [...wrong];
}

/** Readers sort by time and keep the file's order at one time: there the one around comes first. */
function nesting(tracks: ReadonlyMap<string, readonly Slice[]>): string[] {
  const wrong: string[] = [];
  for (const [track, slices] of tracks) {
    const inOrder = [...slices].sort((a, b) => a.start - b.start || a.index - b.index);
    const open: Slice[] = [];
    for (const slice of inOrder) {
      while (open.length > 0 && open[open.length - 1]!.end <= slice.start) open.pop();
      const around = open[open.length - 1];
      if (around !== undefined && slice.end > around.end) {
        wrong.push(`track ${track}: event ${slice.index} lies across event ${around.index}`);
      }
      open.push(slice);
    }
  }
  return wrong;
}

function flows(events: readonly Event[], tracks: ReadonlyMap<string, readonly Slice[]>): string[] {
  const wrong: string[] = [];
  const byId = new Map<string, Event[]>();
  for (const event of events) {
    if (event.ph !== 's' && event.ph !== 'f') continue;
    const key = `${event.cat} ${event.id} ${event.name}`;
    byId.set(key, [...(byId.get(key) ?? []), event]);
    const at = nanoseconds(event.ts);
    const slices = tracks.get(trackOf(event)) ?? [];
    if (!slices.some(({ start, end }) => start <= at && at < end)) {
      wrong.push(`flow ${key}: '${event.ph}' lies in no slice`);
    }
  }
  for (const [key, ends] of byId) {
    const starts = ends.filter(({ ph }) => ph === 's');
    if (starts.length !== 1 || ends.length !== 2) wrong.push(`flow ${key}: not one start and one end`);
    else if (nanoseconds(starts[0]!.ts) > nanoseconds(ends.find(({ ph }) => ph === 'f')!.ts)) {
      wrong.push(`flow ${key}: points backwards`);
    }
  }
  return wrong;
}

function counters(events: readonly Event[]): string[] {
  const last = new Map<string, number>();
  const wrong: string[] = [];
  for (const event of events) {
    if (event.ph !== 'C') continue;
    const key = `${event.pid} ${event.name}`;
    const at = nanoseconds(event.ts);
    if (at < (last.get(key) ?? 0)) wrong.push(`counter ${key}: goes back in time`);
    last.set(key, at);
  }
  return wrong;
}
