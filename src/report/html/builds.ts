import { e } from './markup.js';

/** Each build has a colour, a shape and a dash of its own, the same everywhere. */
const KNOWN = ['gil', 'free-threaded', 'gilectomy', 'unsafe'];
const SERIES = 8;

/** Number of a build's look: class `b0` to `b7`, shape `#m0` to `#m7`. */
export function seriesOf(builds: readonly string[], build: string): number {
  const known = KNOWN.indexOf(build);
  if (known >= 0) return known;
  const others = builds.filter((name) => !KNOWN.includes(name));
  const taken = KNOWN.filter((name) => builds.includes(name)).length;
  // With all of the known ones there, others use what is left first.
  const free = [4, 5, 6, 7, ...(taken === 0 ? [0, 1, 2, 3] : [])];
  return free[others.indexOf(build) % free.length] % SERIES;
}

/** Outlines around the origin, about nine units wide. */
const SHAPES = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z',
  'M-3.7-3.7h7.4v7.4h-7.4z',
  'M0-4.8 4.6 3.7H-4.6z',
  'M0-5.2 5.2 0 0 5.2-5.2 0z',
  'M0 4.8 4.6-3.7H-4.6z',
  'M-1.8-4.6h3.6v2.8h2.8v3.6h-2.8v2.8h-3.6v-2.8h-2.8v-3.6h2.8z',
  'M0-5 4.8-1.5 2.9 4.1h-5.8L-4.8-1.5z',
  'M-4.8-2h9.6v4h-9.6z',
];

/** The shapes, once a page. */
export function shapeDefs(): string {
  const paths = SHAPES.map((shape, i) => `<path id="m${i}" d="${shape}"/>`);
  return `<svg class="defs" aria-hidden="true" focusable="false"><defs>${paths.join('')}</defs></svg>`;
}

/** Which look is which build, of those `shown`; CPython's points are the same shapes, hollow. `more`: list items. */
export function legend(
  builds: readonly string[],
  shown: readonly string[],
  withCPython: boolean,
  more = '',
): string {
  const entries = shown.map(
    (build) =>
      `<li data-b="${builds.indexOf(build)}" class="b${seriesOf(builds, build)}">${sample(builds, build, false)}${e(build)}</li>`,
  );
  const own = shown.find((build) => KNOWN.includes(build)) ?? shown[0];
  if (withCPython) {
    entries.push(
      `<li class="b${seriesOf(builds, own)}">${sample(builds, own, true)}the same, hollow: CPython</li>`,
    );
  }
  return `<ul class="legend">${entries.join('')}${more}</ul>`;
}

function sample(builds: readonly string[], build: string, hollow: boolean): string {
  const line = hollow ? '' : '<line class="ln" x1="0" y1="7" x2="30" y2="7"/>';
  const mark = `<use href="#m${seriesOf(builds, build)}" x="15" y="7"${hollow ? ' class="o"' : ''}/>`;
  return `<svg width="30" height="14" aria-hidden="true">${line}${mark}</svg>`;
}
