/**
 * Runs in the reader's page, not in Node: filters, sorting, notes on points, the theme, the download. No imports: the compiler's
 * output is put into the page as it is. Without it the page still shows everything.
 */

function all<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] {
  return [...root.querySelectorAll<E>(selector)];
}

function show(element: Element, shown: boolean): void {
  if (shown) element.removeAttribute('hidden');
  else element.setAttribute('hidden', '');
}

performance.mark('script');
for (const control of all('.controls')) show(control, true);

// --- Filters: elements say which workload and which build they are of ---

const form = document.querySelector<HTMLFormElement>('.filter')!;
const count = form.querySelector('output')!;
const names = all<HTMLOptionElement>('#workload-names option');
const buildNames = all<HTMLOptionElement>('#build-names option').map((option) => option.value);
const boxes = all<HTMLInputElement>('[name=build]', form);
const marked = all<Element>('[data-w], [data-b]');

/** Cells of tables that say the builds of their columns once; heads that span several columns speak for themselves. */
const columnCells = all<HTMLTableCellElement>('table[data-cols] td, table[data-cols] th:not([data-b])');

function buildOfCell(cell: HTMLTableCellElement): string {
  const builds = cell.closest('table')!.dataset.cols!.split(',');
  return builds[Number(cell.dataset.i ?? cell.cellIndex)] ?? '';
}

function filter(): void {
  const text = form.querySelector<HTMLInputElement>('[name=text]')!.value.trim().toLowerCase();
  const group = form.querySelector<HTMLSelectElement>('[name=group]')?.value ?? '';
  const workloads = names.map(
    (option) => option.value.toLowerCase().includes(text) && (group === '' || option.dataset.g === group),
  );
  const builds = boxes.map((box) => box.checked);
  for (const element of marked) {
    const { w, b } = (element as HTMLElement | SVGElement).dataset;
    show(
      element,
      (w === undefined || workloads[Number(w)]) && (b === undefined || (builds[Number(b)] ?? true)),
    );
  }
  for (const cell of columnCells) {
    const of = buildOfCell(cell);
    if (of !== '') show(cell, builds[Number(of)] ?? true);
  }
  const rows = all('.figures tbody tr');
  const left = rows.filter((row) => !row.hidden).length;
  const shown = workloads.filter(Boolean).length;
  count.value = `${shown} of ${names.length} workloads, ${left} of ${rows.length} rows`;
}

form.addEventListener('input', filter);
form.addEventListener('submit', (event) => event.preventDefault());
// The fields have their first values only after the event.
form.addEventListener('reset', () => setTimeout(filter));
filter();

// --- Sorting ---

function sortBy(table: HTMLTableElement, head: HTMLTableCellElement): void {
  const column = Number(head.dataset.i ?? head.cellIndex);
  const body = table.tBodies[0];
  const key = (row: HTMLTableRowElement): string => row.cells[column].textContent ?? '';
  const rows = [...body.rows];
  const numeric = rows.some((row) => !Number.isNaN(figureOf(key(row))));
  const before = head.getAttribute('aria-sort');
  const falling = before === null ? numeric : before === 'ascending';
  const figure = (row: HTMLTableRowElement): number => {
    const value = figureOf(key(row));
    // What has no figure stays last either way.
    return Number.isNaN(value) ? (falling ? -Infinity : Infinity) : value;
  };
  const sign = falling ? -1 : 1;
  rows.sort((a, b) => sign * (numeric ? compare(figure(a), figure(b)) : key(a).localeCompare(key(b))));
  body.append(...rows);
  for (const other of all('th[aria-sort]', table)) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
}

const UNITS: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };

/** The first figure of a text, in the smallest of its units; NaN if it does not begin with one. */
function figureOf(text: string): number {
  const match = /^[(<≈]?(-?[\d.,]+)(?: ?([kMGTnµm]?s?)(?![a-z]))?/.exec(text);
  if (match === null) return Number.NaN;
  // The low end of an interval has the unit of the high one.
  const unit = match[2] || (/ ([kMGTnµm]?s?)\)?[?*]?$/.exec(text)?.[1] ?? '');
  return Number(match[1].replaceAll(',', '')) * (UNITS[unit] ?? 1);
}

/** Infinities are equal to themselves, which a difference does not say. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

for (const table of all<HTMLTableElement>('table.sortable')) {
  for (const head of all<HTMLTableCellElement>('th.s', table)) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => sortBy(table, head));
  }
}

// --- Notes on points: at the pointer's nearest one; by arrow keys from a chart that has the focus ---

const NEAR = 22;
const tip = document.createElement('div');
tip.className = 'tip';
tip.setAttribute('role', 'status');
tip.hidden = true;
document.body.append(tip);
const texts = new WeakMap<Element, string>();
let current: Element | null = null;

/** Points of a build's group leave out what they are of. */
function whose(point: Element): string {
  const build = point.closest<SVGElement>('g[data-b]')?.dataset.b;
  const workload = point.closest<HTMLElement>('tr[data-w], figure[data-w]')?.dataset.w;
  if (build === undefined || workload === undefined) return '';
  return `${names[Number(workload)].value}, ${buildNames[Number(build)]}: `;
}

for (const title of all<SVGTitleElement>('svg.chart title')) {
  texts.set(title.parentElement!, whose(title.parentElement!) + (title.textContent ?? ''));
  // Otherwise the browser would show it as well, later.
  title.remove();
}

function pointsOf(chart: Element): Element[] {
  return all<Element>('use, rect, line', chart).filter(
    (point) => texts.has(point) && point.getClientRects().length > 0,
  );
}

function note(point: Element | null): void {
  if (point === current) return;
  current?.classList.remove('on');
  current = point;
  tip.hidden = point === null;
  if (point === null) return;
  point.classList.add('on');
  tip.textContent = texts.get(point) ?? '';
  placeTip(point);
}

function placeTip(point: Element): void {
  const at = point.getBoundingClientRect();
  const left = Math.min(
    at.left + at.width / 2 + 8,
    document.documentElement.clientWidth - tip.offsetWidth - 8,
  );
  const above = at.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${above > 0 ? above : at.bottom + 6}px`;
}

function distance(point: Element, event: PointerEvent): number {
  const { left, right, top, bottom } = point.getBoundingClientRect();
  const x = Math.max(left - event.clientX, event.clientX - right, 0);
  const y = Math.max(top - event.clientY, event.clientY - bottom, 0);
  return Math.hypot(x, y);
}

document.addEventListener('pointermove', (event) => {
  const chart = (event.target as Element | null)?.closest?.('svg.chart') ?? null;
  if (chart === null) {
    if (!(document.activeElement instanceof SVGElement)) note(null);
    return;
  }
  const near = pointsOf(chart)
    .map((point) => ({ point, away: distance(point, event) }))
    .reduce((best, each) => (each.away < best.away ? each : best), {
      point: null as Element | null,
      away: NEAR,
    });
  note(near.point);
});
const moved = (): void => {
  if (current !== null) placeTip(current);
};
document.addEventListener('scroll', moved, { passive: true, capture: true });

/** Charts beside each other are one stop of the Tab key; arrows go through the points of all of them. */
for (const group of all('.multiples, .wide, .timeline')) {
  const charts = all<SVGSVGElement>('svg.chart', group);
  const first = charts[0];
  if (first === undefined) continue;
  first.setAttribute('tabindex', '0');
  first.addEventListener('blur', () => note(null));
  first.addEventListener('keydown', (event) => {
    const points = charts.flatMap(pointsOf);
    const at = current === null ? -1 : points.indexOf(current);
    const last = points.length - 1;
    const next = { ArrowRight: Math.min(at + 1, last), ArrowLeft: Math.max(at - 1, 0), Home: 0, End: last }[
      event.key
    ];
    if (event.key === 'Escape') note(null);
    if (next === undefined || points.length === 0) return;
    event.preventDefault();
    points[next].scrollIntoView({ block: 'nearest', inline: 'nearest' });
    note(points[next]);
  });
}

// --- Theme, download, paper ---

const theme = document.querySelector<HTMLButtonElement>('#theme')!;
const dark = (): boolean => {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
};
const nameTheme = (): void => {
  theme.textContent = dark() ? 'Light colours' : 'Dark colours';
};
theme.addEventListener('click', () => {
  document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
  nameTheme();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', nameTheme);
nameTheme();

document.querySelector('#download')?.addEventListener('click', () => {
  const json = JSON.parse(document.querySelector('#compare-json')!.textContent ?? 'null');
  const url = URL.createObjectURL(
    new Blob([`${JSON.stringify(json, null, 2)}\n`], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = 'compare.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});

let closed: HTMLDetailsElement[] = [];
addEventListener('beforeprint', () => {
  closed = all<HTMLDetailsElement>('details:not([open])');
  for (const details of closed) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of closed) details.open = false;
});

// Two frames on, what was laid out has been painted.
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('drawn')));
