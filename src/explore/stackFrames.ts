import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { displayName, OWN_SOURCES } from './rewrite/sourceFile.js';

/** A frame of code under exploration. */
export interface Frame {
  /** `Class.method`; empty for a function without a name. */
  readonly function: string;
  /** `refcount/biased.ts:180`. */
  readonly place: string;
  /** Of a scenario, built-in or the user's. */
  readonly isScenario: boolean;
}

/** Deeper than any stack of the modules. */
const DEPTH = 64;

const HERE = fileURLToPath(new URL('./', import.meta.url));
/** Resumes the threads: below it is the host. */
const ENGINE = `${HERE}fiberEngine.js`;
/** What stands between the code under exploration and the engine: not what a reader looks for. */
const HARNESS = ['scenarios/modelAllocator.js', 'scenarios/world.js'].map((name) =>
  fileURLToPath(new URL(name, OWN_SOURCES)),
);

/**
 * The call stack at this moment, innermost first, without frames of the engine and the host. Suspended functions
 * that are driven by `yield*` are all on the stack while the innermost runs. Lines of rewritten code are those of the
 * compiled file.
 */
export function captureStack(): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = DEPTH;
  Error.prepareStackTrace = (_, sites) => sites;
  try {
    const sites = new Error().stack as unknown as NodeJS.CallSite[];
    const files = sites.map((site) => site.getFileName() ?? '');
    const host = files.indexOf(ENGINE);
    return sites.filter((_, i) => (host < 0 || i < host) && isExplored(files[i]));
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function isExplored(file: string): boolean {
  if (!file.startsWith('/') && !/^[A-Za-z]:\\/.test(file)) return false;
  return !file.startsWith(HERE) && !HARNESS.includes(file) && !file.includes('node_modules');
}

/** Frames with the places in the sources that were compiled; maps are read once each. */
export class FrameReader {
  private readonly maps = new Map<string, SourceMap | null>();

  frames(stack: readonly NodeJS.CallSite[]): Frame[] {
    return stack.map((site) => {
      const url = pathToFileURL(site.getFileName() ?? '').href;
      const isScenario = !url.startsWith(OWN_SOURCES) || url.startsWith(`${OWN_SOURCES}scenarios/`);
      return { function: nameOf(site), place: this.place(url, site.getLineNumber() ?? 1), isScenario };
    });
  }

  /** Rewriting keeps lines but not columns: the last place on the line that the map knows. */
  private place(url: string, line: number): string {
    const entry = this.mapOf(url)?.findEntry(line - 1, Number.MAX_SAFE_INTEGER);
    if (entry === undefined || !('originalSource' in entry)) return `${displayName(url)}:${line}`;
    return `${displayName(new URL(entry.originalSource, url).href, url)}:${entry.originalLine + 1}`;
  }

  private mapOf(url: string): SourceMap | null {
    const known = this.maps.get(url);
    if (known !== undefined) return known;
    const map = readMap(url);
    this.maps.set(url, map);
    return map;
  }
}

function readMap(url: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), 'utf8')));
  } catch {
    return null;
  }
}

/** Receivers that say nothing: of functions, and of the bodies of threads. */
const PLAIN: ReadonlySet<string | null> = new Set([null, 'Object', 'Array']);

/** `Class.method`, where the class is the one of the object at hand. */
function nameOf(site: NodeJS.CallSite): string {
  const name = site.getFunctionName() ?? '';
  if (name === '' || name.includes('.')) return name;
  const type = site.getTypeName();
  return PLAIN.has(type) || site.isConstructor() ? name : `${type}.${name}`;
}

/** Without what calls the thread's body: frames outside of the outermost one of a scenario. */
export function withoutDriver(frames: readonly Frame[]): readonly Frame[] {
  const last = frames.findLastIndex(({ isScenario }) => isScenario);
  return last < 0 ? frames : frames.slice(0, last + 1);
}

/** `BiasedRefCounter.mergeZeroLocal (refcount/biased.ts:180)`. */
export function frameText({ function: name, place }: Frame): string {
  return name === '' ? place : `${name} (${place})`;
}
