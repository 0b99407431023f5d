import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The house, from the ground up: a room imports only rooms in front of it. */
const ROOMS = [
  'memory',
  'sync',
  'threads',
  'allocators',
  'refcount',
  'objects',
  'gc',
  'runtime',
  'workloads',
  'scenarios',
  'explore',
  'report',
  'cli',
];
/** Rooms that any JavaScript host could run. */
const PORTABLE = ROOMS.slice(0, ROOMS.indexOf('runtime'));
/** Rooms whose code is hot. */
const HOT = ['memory', 'sync', 'threads', 'allocators', 'refcount', 'objects', 'workloads'];
/** Type-only imports from higher floors, where a lower one must name what it serves. None is needed so far. */
const UPWARD_TYPES: readonly string[] = [];

interface Source {
  /** Below src/ or dist/src/. */
  readonly file: string;
  readonly room: string;
  readonly text: string;
}

function sources(folder: string, extension: string): Source[] {
  const base = path.join(ROOT, folder);
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => file.endsWith(extension) && !file.endsWith('.d.ts'))
    .map((file) => ({
      file,
      room: file.includes('/') ? file.slice(0, file.indexOf('/')) : '',
      text: readFileSync(path.join(base, file), 'utf8'),
    }));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const match of withoutComments(text).matchAll(
    /^\s*(?:import|export)\s+(type\s+)?([^'";]*?\bfrom\s+)?'([^']+)'/gm,
  )) {
    const names = match[2] ?? '';
    const each =
      /\{([^}]*)\}/
        .exec(names)?.[1]
        .split(',')
        .filter((name) => name.trim() !== '') ?? [];
    const allTypes = each.length > 0 && each.every((name) => name.trim().startsWith('type '));
    found.push({ from: match[3], typeOnly: match[1] !== undefined || allTypes });
  }
  return found;
}

/** The room that a relative import leads to; null for packages, Node and files outside the rooms. */
function roomOf(file: string, from: string): string | null {
  if (!from.startsWith('.')) return null;
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), from));
  return target.includes('/') ? target.slice(0, target.indexOf('/')) : null;
}

const SOURCES = sources('src', '.ts');
const BUILT = sources('dist/src', '.js');

describe('the house', () => {
  it('has only the rooms of the design', () => {
    const rooms = new Set(SOURCES.map((source) => source.room).filter((room) => room !== ''));
    for (const room of rooms) expect(ROOMS).toContain(room);
    expect(SOURCES.length).toBeGreaterThan(60);
  });

  it('imports downwards only', () => {
    const upward: string[] = [];
    const upwardTypes: string[] = [];
    for (const { file, room, text } of SOURCES) {
      if (room === '') continue;
      for (const { from, typeOnly } of importsOf(text)) {
        const target = roomOf(file, from);
        if (target === null || ROOMS.indexOf(target) <= ROOMS.indexOf(room)) continue;
        (typeOnly ? upwardTypes : upward).push(`${file} -> ${from}`);
      }
    }
    expect(upward).toEqual([]);
    expect(upwardTypes.sort()).toEqual([...UPWARD_TYPES].sort());
  });

  it('has nothing of Node on its lower floors', () => {
    const found = [...SOURCES, ...BUILT]
      .filter((source) => PORTABLE.includes(source.room))
      .flatMap(({ file, text }) => importsOf(text).map(({ from }) => `${file} -> ${from}`))
      .filter((line) => !/ -> \.{1,2}\//.test(line));
    expect(found).toEqual([]);
    const globals = /(?<![.\w])(process\.|Buffer\b|require\(|__dirname)/;
    const using = SOURCES.filter(
      ({ room, text }) => PORTABLE.includes(room) && globals.test(withoutComments(text)),
    );
    expect(using.map((source) => source.file)).toEqual([]);
  });

  it('waits in one place', () => {
    const waits = /Atomics\s*\.\s*wait(Async)?\b|\bwait(Async)?\b[^{};]*\}\s*=\s*Atomics\b/;
    // Scenarios also explore algorithms of their own, a futex mutex among them.
    const waiting = SOURCES.filter(
      ({ room, text }) => room !== 'scenarios' && waits.test(withoutComments(text)),
    ).map((source) => source.file);
    const runtime = waiting.filter((file) => !file.startsWith('explore/'));
    expect(runtime).toEqual(['sync/futex.ts']);
    // Engines wait on words of their own, or stand for `Atomics` itself.
    const engines = waiting.filter((file) => file.startsWith('explore/'));
    expect(engines.sort()).toEqual([
      'explore/handOff.ts',
      'explore/stressMeeting.ts',
      'explore/workerGlobals.ts',
    ]);
  });

  it('keeps no mutable state in the modules of its lower floors', () => {
    const mutable = SOURCES.filter((source) => PORTABLE.includes(source.room)).filter(({ text }) =>
      /^(export\s+)?(let|var)\s/m.test(withoutComments(text)),
    );
    expect(mutable.map((source) => source.file)).toEqual([]);
  });
});

describe('the built files', () => {
  const enums = [
    ...new Set(SOURCES.flatMap(({ text }) => [...text.matchAll(/\bconst enum (\w+)/g)].map((m) => m[1]))),
  ];
  const hot = BUILT.filter((source) => HOT.includes(source.room));

  it('are there', () => {
    expect(enums).toContain('Header');
    expect(enums.length).toBeGreaterThan(20);
    for (const file of ['refcount/biased.js', 'objects/lockFreeLists.js', 'allocators/mimalloc/page.js']) {
      expect(hot.map((source) => source.file)).toContain(file);
    }
  });

  it('look no layout constant up at run time: all are inlined', () => {
    const lookup = new RegExp(`(?<![\\w.$'"\`])(${enums.join('|')})\\s*[.[]`);
    const found: string[] = [];
    for (const { file, text } of hot) {
      for (const line of withoutEnums(withoutComments(text)).split('\n')) {
        if (lookup.test(line)) found.push(`${file}: ${line.trim()}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('do not even import the objects of the enums', () => {
    const found = hot.filter(({ text }) => /import[^;]*layout\.js/.test(withoutComments(text)));
    expect(found.map((source) => source.file)).toEqual([]);
  });
});

/** Modules that are loaded from this one, itself included; below dist/. */
function reachable(entry: string): Set<string> {
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(path.join(ROOT, 'dist', file), 'utf8');
    for (const { from } of importsOf(text)) {
      if (from.startsWith('.')) queue.push(path.posix.join(path.posix.dirname(file), from));
    }
  }
  return seen;
}

describe('the command', () => {
  it('loads workloads, runtime and explorer only when something is to run', () => {
    const loaded = [...reachable('src/cli/main.js')];
    expect(loaded).toContain('src/cli/compareCommand.js');
    const late =
      /^src\/(objects|gc\/(?!samples|journal)|threads|refcount|workloads\/(?!(workload|fit|latency\/(hdr|latencyCounts))\.js)|runtime\/(thread|runtime)\.js)/;
    expect(loaded.filter((file) => late.test(file))).toEqual([]);
  });
});

describe('what the explorer costs production', () => {
  const loaded = [...reachable('workers/thread.js'), ...reachable('src/workloads/compare.js')];

  it('is nothing: what compare and its workers load has nothing of it', () => {
    expect(loaded).toContain('src/refcount/biased.js');
    expect(loaded).toContain('src/objects/lockFreeLists.js');
    expect(loaded.length).toBeGreaterThan(60);
    expect(loaded.filter((file) => /^src\/(explore|scenarios)\//.test(file))).toEqual([]);
  });

  it('is nothing: these files are what the compiler made of the sources, with real atomics and no hooks', () => {
    const hooks = /\$\.(point|exec|read|write|isGen)\b|\byield\b|Atomics\s*=|\bnew Proxy\b/;
    const hooked = loaded.filter((file) =>
      hooks.test(withoutComments(readFileSync(path.join(ROOT, 'dist', file), 'utf8'))),
    );
    expect(hooked).toEqual([]);
    // The atomics are really there: the search above would find nothing in files that have none.
    const atomics = loaded.filter((file) =>
      /\bAtomics\.\w+\(/.test(readFileSync(path.join(ROOT, 'dist', file), 'utf8')),
    );
    expect(atomics.length).toBeGreaterThan(15);
  });
});

/** Drops the objects that `preserveConstEnums` keeps, where they are declared. */
function withoutEnums(text: string): string {
  return text.replace(
    /^(export )?var (\w+);\n\(function \(\2\) \{[\s\S]*?^\}\)\(\2 \|\| \(\2 = \{\}\)\);/gm,
    '',
  );
}

describe('what workers load', () => {
  /** Files that come with this one of dist/: what it imports, and what that does; not what is imported when it is needed. */
  function loadedWith(entry: string): Set<string> {
    const loaded = new Set<string>();
    const waiting = [entry];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (loaded.has(file)) continue;
      loaded.add(file);
      const text = readFileSync(path.join(ROOT, 'dist', file), 'utf8');
      for (const { from } of importsOf(text)) {
        if (from.startsWith('.'))
          waiting.push(path.posix.normalize(path.posix.join(path.posix.dirname(file), from)));
      }
    }
    return loaded;
  }
  /** Classes that record, count or assert. */
  const EXTRA = /runtime\/(tracing\/|tracedParts|countedParts|debugParts)/;

  it.each(['workers/thread.js', 'src/runtime/runtime.js'])(
    '%s comes without debug classes and instruments',
    (entry) => {
      const loaded = [...loadedWith(entry)];
      expect(loaded).toContain('src/threads/threadState.js');
      expect(loaded.filter((file) => EXTRA.test(file))).toEqual([]);
    },
  );

  it('finds them where they are loaded', () => {
    const loaded = [...loadedWith('src/runtime/tracedParts.js')];
    expect(loaded.filter((file) => EXTRA.test(file))).toContain('src/runtime/tracing/recorder.js');
  });
});
