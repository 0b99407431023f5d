import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Site, SiteMark } from './hooks.js';
import { displayName } from './rewrite/sourceFile.js';

/** A site further away than this many lines is another statement. */
const MAX_LINES = 3;
const LINE = 1000;

/**
 * Finds the site of an access in code that was not rewritten: from the stack to the place in the compiled module,
 * through its source map to the nearest site that the rewriter knows.
 */
export class SiteFinder {
  private readonly byFile = new Map<string, [site: number, at: Site][]>();
  private readonly maps = new Map<string, SourceMap | null>();
  private readonly known = new Map<string, number>();

  constructor(private readonly sites: readonly Site[]) {
    sites.forEach((site, number) => {
      const others = this.byFile.get(site.file);
      if (others === undefined) this.byFile.set(site.file, [[number, site]]);
      else others.push([number, site]);
    });
  }

  marks(site: number): number {
    return site < 0 ? 0 : this.sites[site].marks;
  }

  /**
   * Number of the site that called `hook`; -1: there is none near. `writes`: of the two sites of `a[i]++` it is the
   * second.
   */
  callerOf(hook: (...args: never[]) => unknown, writes = false): number {
    const [frame, next] = callerFrames(hook);
    const site = this.siteOf(frame, writes);
    if ((this.marks(site) & SiteMark.Forwarder) === 0) return site;
    const outer = this.siteOf(next, writes);
    return outer < 0 ? site : outer;
  }

  private siteOf(frame: NodeJS.CallSite | undefined, writes: boolean): number {
    const url = frame?.getFileName() ?? '';
    const line = frame?.getLineNumber() ?? 0;
    const column = frame?.getColumnNumber() ?? 0;
    const key = `${url}:${line}:${column}:${writes}`;
    let site = this.known.get(key);
    if (site === undefined) {
      site = this.find(url, line, column, writes);
      this.known.set(key, site);
    }
    return site;
  }

  private find(url: string, line: number, column: number, writes: boolean): number {
    const entry = this.mapOf(url)?.findEntry(line - 1, column - 1);
    if (entry !== undefined && 'originalSource' in entry) {
      const file = displayName(new URL(entry.originalSource, url).href, url);
      return this.nearest(file, entry.originalLine + 1, entry.originalColumn + 1, writes);
    }
    return this.nearest(displayName(url), line, column, writes);
  }

  private nearest(file: string, line: number, column: number, writes: boolean): number {
    const sites = this.byFile.get(file) ?? [];
    const exact = nearestOf(
      sites.filter(([, { marks }]) => ((marks & SiteMark.Write) !== 0) === writes),
      line,
      column,
    );
    return exact < 0 ? nearestOf(sites, line, column) : exact;
  }

  private mapOf(url: string): SourceMap | null {
    const known = this.maps.get(url);
    if (known !== undefined) return known;
    let map: SourceMap | null = null;
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
    } catch {
      // No map: the module was written as it is.
    }
    this.maps.set(url, map);
    return map;
  }
}

/**
 * A site stands where its expression begins; on the stack is the bracket, the name of the method or the `=` behind
 * it.
 */
function nearestOf(
  sites: readonly (readonly [site: number, at: Site])[],
  line: number,
  column: number,
): number {
  let best = -1;
  let least = MAX_LINES * LINE;
  for (const [number, at] of sites) {
    const behind = column - at.column;
    const distance = Math.abs(at.line - line) * LINE + (behind >= 0 ? behind : LINE / 2 - behind);
    if (distance < least) {
      least = distance;
      best = number;
    }
  }
  return best;
}

function callerFrames(hook: (...args: never[]) => unknown): readonly (NodeJS.CallSite | undefined)[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = 2;
  Error.prepareStackTrace = (_error, frames) => frames;
  Error.captureStackTrace(holder, hook);
  const frames = holder.stack as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return frames;
}
