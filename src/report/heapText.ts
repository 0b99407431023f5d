import type {
  CacheStatistics,
  ClassStatistics,
  HeapStatistics,
  OwnerStatistics,
  Space,
} from '../allocators/statistics/types.js';
import type { HeapExamination } from '../runtime/examine.js';
import type { HeapRun } from '../workloads/heapRun.js';
import { alignedWidth, alignRows } from './align.js';
import { formatBytes, formatCount, type Paint, plural, wrap } from './text.js';

export interface HeapTextOptions {
  /** No line is longer; 40 at least. */
  readonly width: number;
  readonly paint: Paint;
}

/** The heap of one run, in the manner of CPython's `sys._debugmallocstats`. Lines without newlines. */
export function renderHeap(run: HeapRun, options: HeapTextOptions): string[] {
  const title = `${run.build}, ${plural(run.threads, 'thread')}`;
  return [
    ...renderMoment(`${title}: at the end of run, everything alive`, run.during, options),
    '',
    ...renderMoment(`${title}: after the last thread has exited`, run.after, options),
    '',
    ...renderLeaks(run, options),
  ];
}

function renderMoment(
  title: string,
  { statistics, problems }: HeapExamination,
  options: HeapTextOptions,
): string[] {
  const { width, paint } = options;
  const parts = [
    wrap(title, width, '  ').map((line) => paint('bold', line)),
    summary(statistics).flatMap((line) => wrap(line, width, '  ')),
    ownerTable(statistics.owners, width),
    ...statistics.owners.flatMap((owner) => classTables(owner, options)),
    pymallocLines(statistics).flatMap((line) => wrap(line, width, '  ')),
    waitingLines(statistics).flatMap((line) => wrap(line, width, '  ')),
    cacheLines(statistics.caches).flatMap((line) => wrap(line, width, '  ')),
    problemLines(problems).flatMap((line) =>
      wrap(line, width, '  ').map((text) => (problems?.length === 0 ? text : paint('red', text))),
    ),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, i) => (i > 0 ? ['', ...part] : part));
}

// --- The whole ---

function summary({ segments, segmentSize, space }: HeapStatistics): string[] {
  const { all, used, peak, heap, huge, arenas, other } = segments;
  const kinds = [
    `${heap} of pages`,
    `${huge} of huge blocks`,
    `${arenas} of arenas`,
    ...(other > 0 ? [`${other} others`] : []),
  ].join(', ');
  const parts = SPACES.map(([name, key]) => `${formatBytes(space[key])} ${name}`).join(' + ');
  return [
    `${used} of ${plural(all, 'segment')} of ${formatBytes(segmentSize)} in use (${kinds}), ${peak} at the peak`,
    `${formatCount(used * segmentSize)} bytes = ${parts}`,
  ];
}

const SPACES: readonly (readonly [string, keyof Space])[] = [
  ['live', 'live'],
  ['free', 'free'],
  ['unused', 'unused'],
  ['waste', 'waste'],
];

// --- Tables ---

/** A column, and how soon it goes when there is no room: the highest first, 0 never. */
interface TableColumn<Row> {
  readonly head: string;
  readonly goes: number;
  cell(row: Row): string;
}

/** As many columns as fit; the first stands at the left edge, the others at the right. */
function table<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  width: number,
  indent = '',
): string[] {
  if (rows.length === 0) return [];
  let shown = [...columns];
  for (;;) {
    const cells = [
      shown.map((column) => column.head),
      ...rows.map((row) => shown.map((column) => column.cell(row))),
    ];
    const last = Math.max(...shown.map((column) => column.goes));
    if (last === 0 || alignedWidth(cells) + indent.length <= width) {
      const right = shown.map((_, i) => i).slice(1);
      return alignRows(cells, { right }).map((line) => indent + line);
    }
    shown = shown.filter((column) => column.goes !== last);
  }
}

function ownerTable(owners: readonly OwnerStatistics[], width: number): string[] {
  const columns: TableColumn<OwnerStatistics>[] = [
    { head: 'owner', goes: 0, cell: (row) => row.owner },
    { head: 'segments', goes: 1, cell: (row) => String(row.segments) },
    ...SPACES.map(([head, key], i) => ({
      head,
      goes: i < 2 ? 0 : i,
      cell: (row: OwnerStatistics) => formatBytes(row.space[key]),
    })),
  ];
  return table(owners, columns, width);
}

const CLASS_COLUMNS: readonly TableColumn<ClassStatistics>[] = [
  { head: 'size', goes: 0, cell: (row) => formatCount(row.size) },
  { head: 'pages', goes: 0, cell: (row) => formatCount(row.pages) },
  { head: 'waiting', goes: 5, cell: (row) => formatCount(row.waitingPages) },
  { head: 'live', goes: 0, cell: (row) => formatCount(row.live) },
  { head: 'free', goes: 1, cell: (row) => formatCount(row.free) },
  { head: 'room', goes: 4, cell: (row) => formatCount(row.capacity) },
  { head: 'live bytes', goes: 2, cell: (row) => formatCount(row.space.live) },
  { head: 'free bytes', goes: 3, cell: (row) => formatCount(row.space.free) },
  { head: 'unused', goes: 6, cell: (row) => formatCount(row.space.unused) },
  { head: 'waste', goes: 7, cell: (row) => formatCount(row.space.waste) },
];

/** A table for each heap. */
function classTables(owner: OwnerStatistics, { width, paint }: HeapTextOptions): string[][] {
  const pages = owner.owner === 'pymalloc' ? 'pools' : 'pages';
  const columns = CLASS_COLUMNS.map((column) =>
    column.head === 'pages' ? { ...column, head: pages } : column,
  );
  return owner.tags.map(({ tag, domain, classes }) => [
    ...wrap(
      `${owner.owner}, ${tag === 'raw' ? 'raw domain' : `heap ${tag}, ${domain} domain`}`,
      width,
      '  ',
    ).map((line) => paint('bold', line)),
    ...table(classes, columns, width, '  '),
  ]);
}

// --- The rest ---

function pymallocLines({ pymalloc }: HeapStatistics): string[] {
  if (pymalloc === null) return [];
  const counted = `, ${pymalloc.arenasEver} ever, ${pymalloc.arenasHighWater} at the peak`;
  return [
    `pymalloc: ${plural(pymalloc.arenas, 'arena')} of ${formatBytes(pymalloc.arenaSize)}${counted}`,
    `  ${plural(pymalloc.freePools, 'free pool')} of ${formatBytes(pymalloc.poolSize)}: ${formatCount(pymalloc.freePoolBytes)} bytes`,
    `  pool headers ${formatCount(pymalloc.poolHeaderBytes)} bytes, lost to quantisation ${formatCount(pymalloc.quantisationBytes)}`,
  ];
}

function waitingLines({ waiting }: HeapStatistics): string[] {
  const { delayedBlocks, delayedBytes, pages, pageBytes, queuedObjects } = waiting;
  return [
    `waiting for readers: ${plural(delayedBlocks, 'block')} (${formatCount(delayedBytes)} bytes), ` +
      `${plural(pages, 'empty page')} (${formatCount(pageBytes)} bytes); ` +
      `for their owners: ${plural(queuedObjects, 'queued object')}`,
  ];
}

function cacheLines(caches: readonly CacheStatistics[]): string[] {
  const owners = [...new Set(caches.map(({ owner }) => owner))];
  if (owners.length === 0) return ['free lists of objects: empty'];
  return owners.map((owner) => {
    const lists = caches.filter((cache) => cache.owner === owner);
    const bytes = lists.reduce((sum, { bytes: part }) => sum + part, 0);
    return `free lists of ${owner}: ${lists.map(({ list, blocks }) => `${list} ${formatCount(blocks)}`).join(', ')} (${formatCount(bytes)} bytes)`;
  });
}

function problemLines(problems: readonly string[] | null): string[] {
  if (problems === null) return [];
  return problems.length === 0
    ? ['check: the heap is sound']
    : problems.map((problem) => `check: ${problem}`);
}

/** Leaks name their first addresses only. */
function some(count: number, addresses: readonly number[]): string {
  return count > addresses.length ? 'the first at' : 'at';
}

function renderLeaks({ leaks }: HeapRun, { width, paint }: HeapTextOptions): string[] {
  if (leaks.length === 0) return ['nothing is left: no leak'];
  return leaks.flatMap(({ type, count, addresses }) =>
    wrap(
      `left: ${formatCount(count)} of ${type}, ${some(count, addresses)} ${addresses.join(', ')}`,
      width,
      '  ',
    ).map((line) => paint('red', line)),
  );
}
