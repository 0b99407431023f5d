import type { SiteTable } from './siteTable.js';

/** Frames that are looked at: enough to see through an operation on a container to the program. */
const FRAMES = 9;
/** Stacks that a thread remembers; a recursive program has ever new ones. */
const MAX_STACKS = 8192;

/** Rooms that are the runtime; other modules are programs. */
const RUNTIME_ROOMS = ['memory', 'sync', 'threads', 'allocators', 'refcount', 'objects', 'gc', 'runtime'];

/** What a frame of the stack tells (V8's stack trace API). */
export interface Frame {
  getScriptNameOrSourceURL(): string | null;
  /** Characters from the script's start: known without counting lines. */
  getPosition(): number;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

/**
 * Says where the calling code is. Walking the stack takes some microseconds, whatever is done about it; lines are
 * counted, and texts made, once for each stack and thread.
 */
export class Places {
  /** By `keyOf`. */
  private readonly sites = new Map<number, number>();
  private readonly scripts = new Map<string, number>();

  constructor(private readonly table: SiteTable) {}

  /** The id of the place that called `entry`, the allocator's method. Throws RunAborted. */
  here(entry: (...args: never[]) => unknown): number {
    const frames = stackAbove(entry);
    const key = this.keyOf(frames);
    let site = this.sites.get(key);
    if (site === undefined) {
      site = this.table.intern(placeIn(frames));
      if (this.sites.size >= MAX_STACKS) this.sites.clear();
      this.sites.set(key, site);
    }
    return site;
  }

  /** 53 bits that two stacks hardly share. */
  private keyOf(frames: readonly Frame[]): number {
    let low = 0;
    let high = 0;
    for (let i = 0; i < frames.length; i++) {
      const position = frames[i].getPosition();
      low = (Math.imul(low, 31) + position) | 0;
      high = Math.imul(high ^ position ^ (this.scriptNumber(frames[i]) << 20), 0x01000193);
    }
    return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
  }

  private scriptNumber(frame: Frame): number {
    const name = frame.getScriptNameOrSourceURL() ?? '';
    let number = this.scripts.get(name);
    if (number === undefined) {
      number = this.scripts.size + 1;
      this.scripts.set(name, number);
    }
    return number;
  }
}

/** Frames of the callers of `entry`; of everybody, if it is not on the stack. */
function stackAbove(entry: (...args: never[]) => unknown): readonly Frame[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = framesAsTheyAre;
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, entry);
  const frames = holder.stack as readonly Frame[];
  Error.stackTraceLimit = stackTraceLimit;
  if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
  else Error.prepareStackTrace = prepareStackTrace;
  return frames;
}

function framesAsTheyAre(_error: unknown, frames: readonly Frame[]): readonly Frame[] {
  return frames;
}

/**
 * `objects/lists.js:51:20, from /home/me/program.mjs:12:3`: the first frame that is not the allocators', as a path in
 * the runtime, and the program's that called it; the latter alone where the program called the allocator.
 */
function placeIn(frames: readonly Frame[]): string {
  const root = new URL('../../', import.meta.url).href;
  const workers = new URL('../workers/', root).href;
  let own = '';
  for (const frame of frames) {
    const name = frame.getScriptNameOrSourceURL() ?? '';
    const url = name.startsWith('/') ? `file://${name}` : name;
    // What calls a program is nobody's place; code without a script neither.
    if (url.startsWith(workers) || url.startsWith('node:')) break;
    if (url === '') continue;
    const inside = url.startsWith(root) ? url.slice(root.length) : '';
    const room = inside.split('/')[0];
    const line = `:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
    if (!RUNTIME_ROOMS.includes(room)) {
      const program = (inside !== '' ? inside : pathOf(url)) + line;
      return own === '' ? program : `${own}, from ${program}`;
    }
    if (own === '' && room !== 'allocators') own = inside + line;
  }
  return own === '' ? 'a place that the stack does not show' : own;
}

function pathOf(url: string): string {
  return url.startsWith('file://') ? decodeURI(url.slice('file://'.length)) : url;
}
