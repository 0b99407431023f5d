import { buildNamed } from '../runtime/builds.js';
import type { Explained, Hot } from './types.js';

/** What a diagnosis needs of the ordinary run: the counted one says nothing of speed. */
export interface DiagnosedRun {
  build: string;
  threads: number;
  /** Wall nanoseconds an operation, of all threads together. */
  nsPerOp: number;
  /** Speed-up over what is possible; null where it was not measured. */
  efficiency: number | null;
}

/** What a mechanism costs, in nanoseconds, as DESIGN section 5 has it: for ranking causes, not for figures. */
const enum Cost {
  /** A cache line that goes from core to core: what spinning on free cores takes at the least for a switch (0.1 us). */
  CacheLine = 100,
  /** An atomic operation in wasm on a line that is there already (4 to 6 ns), a load (3 ns). */
  AtomicLoad = 3,
  Atomic = 5,
}

/** From this efficiency on a workload scales. */
export const SCALES_FROM = 0.75;
/** A cause that takes less of the time explains nothing; the GIL keeps all but one out, whatever else there is. */
const WORTH_SAYING = 0.1;
const GIL_WORTH_SAYING = 0.01;
/** A second cause is named if it takes at least so much of the time, and half of what the first does. */
const SECOND_FROM = 0.2;
/** So few events an operation are none. */
const RARE = 0.01;

/** Something that takes time. */
export interface Cause {
  /** Of the threads' time, measured or estimated, 0 to 1. */
  share: number;
  /** As the estimate came out: it may be too high. */
  raw: number;
  /** What happens, for people; of what is estimated it says "likely". */
  text: string;
}

/** One line: why the workload does not scale, or that nothing keeps it from scaling. */
export function diagnose(explained: Explained, run: DiagnosedRun): string {
  if (explained.operations === 0) return 'no operation was counted';
  const causes = causesOf(explained, run);
  if (timeShare(explained, 'gilMicroseconds') >= GIL_WORTH_SAYING) return gil(explained).text;
  const named = causes.filter((cause) => cause.share >= WORTH_SAYING);
  if (run.efficiency !== null && run.efficiency >= SCALES_FROM) return scaling(explained, named);
  if (named.length === 0) {
    return run.efficiency === null
      ? 'nothing that was counted takes much time'
      : 'nothing that was counted explains it: likely the memory system, or other work on this machine';
  }
  const [first, second] = named;
  const also = second !== undefined && second.share >= Math.max(SECOND_FROM, first.share / 2);
  return also ? `${first.text}; also ${second.text}` : first.text;
}

/**
 * Everything that may take time, dearest first. What waiting takes was measured; estimates share in what is left of the
 * time. Under a GIL nothing is fought over but that.
 */
export function causesOf(explained: Explained, run: DiagnosedRun): Cause[] {
  const waiting = ['gilMicroseconds', 'lockMicroseconds', 'suspendedMicroseconds', 'stopMicroseconds'].reduce(
    (sum, counter) => sum + timeShare(explained, counter),
    0,
  );
  const hasGil = buildNamed(run.build).lock === 'gil';
  const context = { explained, run, left: hasGil ? 0 : Math.max(0, 1 - waiting) };
  return [
    gil(explained),
    locks(context),
    counts(context),
    pauses(explained),
    queues(context),
    foreignFrees(context),
    fallBacks(context),
    foreignReads(context),
  ]
    .filter((cause) => cause.share > 0)
    .sort((one, other) => other.share - one.share || other.raw - one.raw);
}

function scaling(explained: Explained, causes: readonly Cause[]): string {
  if (causes.length > 0) return `scales, although ${causes[0].text}`;
  const { hotCount, hotLock } = explained;
  const shared = [hotCount, hotLock].some((hot) => fought(hot) / explained.operations > RARE);
  return shared ? 'little is shared: scales' : 'nothing is shared: scales';
}

// --- Causes ---

interface Context {
  explained: Explained;
  run: DiagnosedRun;
  /** Share of the time that nobody was seen to wait in. */
  left: number;
}

const NOTHING: Cause = { share: 0, raw: 0, text: '' };

function gil(explained: Explained): Cause {
  const share = timeShare(explained, 'gilMicroseconds');
  const longest = Math.max(...explained.threads.map((thread) => thread.gilLongestMicroseconds ?? 0));
  return {
    share,
    raw: share,
    text: `the GIL: threads wait ${percent(share)} of the time, longest ${time(longest)}`,
  };
}

function locks(context: Context): Cause {
  const { explained } = context;
  const waiting = timeShare(explained, 'lockMicroseconds');
  const { hotLock: hot, hotMiss: missed } = explained;
  if (missed?.threads === 1 && fought(hot) === 0) {
    const where = `${lockOf(missed)} that no other thread waits for`;
    const text = `one thread waits for ${where}, ${percent(waiting)} of all threads' time: likely it sleeps there`;
    return { share: waiting, raw: waiting, text };
  }
  if (hot === null) return NOTHING;
  const often = hot.count / explained.operations;
  // Who holds the program's own lock keeps the others from everything that it does meanwhile.
  const whole = hot.what === 'Lock' && fought(hot) > 0 && often >= 0.5;
  const lines = whole
    ? { share: context.left, raw: Number.POSITIVE_INFINITY }
    : estimate(fought(hot), Cost.CacheLine, context);
  if (waiting === 0 && lines.share === 0) return NOTHING;
  const who = often >= 0.9 ? 'every operation takes' : `${percent(often)} of operations take`;
  const turns =
    waiting >= 0.01
      ? `they take turns, waiting ${percent(waiting)} of the time`
      : 'they take turns, and its cache line likely goes from core to core';
  const dearer = waiting > lines.share ? { share: waiting, raw: waiting } : lines;
  return { ...dearer, text: `${who} ${lockOf(hot)}: ${turns}` };
}

function lockOf(hot: Hot): string {
  if (hot.what === 'Lock') return 'one Lock';
  return hot.what === 'runtime' ? 'a lock of the runtime' : `one ${hot.what}'s lock`;
}

function counts(context: Context): Cause {
  const { explained } = context;
  const hot = explained.hotCount;
  const counted = fought(hot);
  if (hot === null || counted === 0) return NOTHING;
  const reads = total(explained, 'reads');
  // Half of what was counted are the decrements.
  const ofReads = counted / 2 / reads;
  const what =
    reads >= explained.operations / 2 && ofReads <= 1.1
      ? `${percent(Math.min(ofReads, 1))} of reads count one ${hot.what}'s references`
      : `operations count one ${hot.what}'s references, ${perOperation(counted, explained)} times each`;
  return {
    ...estimate(counted, Cost.CacheLine, context),
    text: `${what}, ${hot.threads} threads at once: likely cache-line contention`,
  };
}

function pauses(explained: Explained): Cause {
  const share = timeShare(explained, 'suspendedMicroseconds') + timeShare(explained, 'stopMicroseconds');
  return { share, raw: share, text: `stop-the-world takes ${percent(share)} of the time` };
}

/** The entry's line, the queue's and its lock's go to the other core, and the object's back. */
function queues(context: Context): Cause {
  const { explained } = context;
  const queued = total(explained, 'brcQueued');
  const dropped = total(explained, 'sharedDecrefs');
  const oneIn = Math.max(1, Math.round(dropped / Math.max(queued, 1)));
  return {
    ...estimate(queued, 3 * Cost.CacheLine, context),
    text: `references of another thread's objects are dropped: ${
      oneIn === 1 ? 'each one' : `1 in ${oneIn}`
    } goes through the merge queue, likely dear`,
  };
}

function foreignFrees(context: Context): Cause {
  const { explained } = context;
  const freed = total(explained, 'foreignFrees');
  const each = perOperation(freed, explained);
  return {
    ...estimate(freed, Cost.CacheLine, context),
    text: `${each} blocks an operation are freed by another thread than their maker: likely cache-line traffic`,
  };
}

/** A read under the lock is two atomic operations at least. */
function fallBacks(context: Context): Cause {
  const { explained } = context;
  const locked = total(explained, 'lockedReads');
  const reads = total(explained, 'reads');
  if (locked === 0 || reads === 0) return NOTHING;
  const why =
    total(explained, 'failedIncrefs') * 2 > locked
      ? 'the object read was just being dropped or replaced'
      : 'the container was being changed, or had not been shared yet';
  return {
    ...estimate(locked, 2 * Cost.Atomic, context),
    text: `${percent(Math.min(locked / reads, 1))} of reads fall back to the lock, for ${why}`,
  };
}

/**
 * Who does not own a container loads its header and its array atomically; nobody waits for anybody. By thread: the owner may
 * have done most of the operations.
 */
function foreignReads(context: Context): Cause {
  const { threads, operations } = context.explained;
  const rates = threads.map((thread) => (thread.atomicLoads ?? 0) / (thread.operations || 1));
  const loads = rates.reduce((sum, rate) => sum + rate, 0) / threads.length;
  return {
    ...estimate(loads * operations, Cost.AtomicLoad, context),
    text:
      `${Math.max(...rates).toFixed(1)} atomic loads an operation in threads that read what another owns: ` +
      "likely dearer than the owner's reads, but nothing is waited for",
  };
}

// --- Figures ---

/** How often threads met this, if there were several. */
function fought(hot: Hot | null): number {
  return hot !== null && hot.threads > 1 ? hot.count : 0;
}

/** Share of the ordinary run's time that so many events take at so much each; a core may do several in a row for less. */
function estimate(
  events: number,
  ns: number,
  { explained, run, left }: Context,
): Pick<Cause, 'share' | 'raw'> {
  const raw = ((events / explained.operations) * ns) / (run.nsPerOp * run.threads) || 0;
  return { share: Math.min(raw, 1) * left, raw };
}

function timeShare(explained: Explained, counter: string): number {
  return total(explained, counter) / 1e6 / (explained.seconds * explained.threads.length) || 0;
}

function total({ threads }: Explained, counter: string): number {
  return threads.reduce((sum, thread) => sum + (thread[counter] ?? 0), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.095 ? 1 : 0)} %`;
}

function perOperation(events: number, { operations }: Explained): string {
  return (events / operations).toFixed(1);
}

function time(microseconds: number): string {
  return microseconds < 1000 ? `${Math.round(microseconds)} us` : `${(microseconds / 1000).toFixed(0)} ms`;
}
