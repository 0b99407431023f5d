import { readFileSync } from 'node:fs';
import type { CompareJson } from '../json.js';
import { plural } from '../text.js';
import { ablationSection } from './ablationSection.js';
import { shapeDefs } from './builds.js';
import { changesSection } from './changesSection.js';
import { COMPARE_STYLE } from './compareStyle.js';
import { DETAILS, type Detail } from './detail.js';
import { environmentSection } from './environmentSection.js';
import { fairnessSection } from './fairnessSection.js';
import { figuresSection } from './figuresSection.js';
import { filterBar } from './filterBar.js';
import { gilSection } from './gilSection.js';
import { heatSection } from './heatSection.js';
import { interpretersSection } from './interpretersSection.js';
import { latencySection } from './latencySection.js';
import { e, lines, shorten } from './markup.js';
import { type Model, type ModelSources, type Section, toModel } from './model.js';
import { renderPage } from './page.js';
import { pausesSection } from './pausesSection.js';
import { priceSection } from './priceSection.js';
import { raceSection } from './raceSection.js';
import { rawSection } from './rawSection.js';
import { scalingSection } from './scalingSection.js';
import { summarySection } from './summarySection.js';
import { timelineSection } from './timelineSection.js';
import { warningsSection } from './warningsSection.js';
import { whySection } from './whySection.js';
import { workloadsSection } from './workloadsSection.js';

/** The page that a comparison makes stays below this many bytes, leaving out what `DETAILS` says. */
export const MOST_BYTES = 399_000;

/** In the order of the page. */
const SECTIONS: readonly ((model: Model) => Section)[] = [
  summarySection,
  environmentSection,
  scalingSection,
  heatSection,
  priceSection,
  figuresSection,
  interpretersSection,
  changesSection,
  latencySection,
  fairnessSection,
  gilSection,
  pausesSection,
  whySection,
  timelineSection,
  ablationSection,
  ({ race }) => raceSection(race),
  warningsSection,
  workloadsSection,
  rawSection,
];

/** compare.json as one page that needs nothing else. Everything shows without scripts, too. Ends in a newline. */
export function renderCompareHtml(compared: CompareJson, sources: ModelSources): string {
  // As a reader of the file has it: NaN is null.
  const json = JSON.parse(JSON.stringify(compared)) as CompareJson;
  const script = readScript();
  let html = '';
  for (const detail of DETAILS) {
    html = render(json, sources, detail, script);
    if (Buffer.byteLength(html) <= MOST_BYTES) break;
  }
  return html;
}

function render(json: CompareJson, sources: ModelSources, detail: Detail, script: string): string {
  const model = toModel(json, sources, detail);
  const sections = SECTIONS.map((section) => section(model));
  const shown = sections.filter(({ html }) => html !== null);
  const missing = sections.filter(({ html, missing: why }) => html === null && why !== '');
  const body = lines(
    '<a class="skip" href="#main">Skip to the report</a>',
    shapeDefs(),
    header(model),
    `<nav aria-label="Contents"><ul>${shown.map(({ id, title }) => `<li><a href="#${id}">${e(title)}</a></li>`).join('')}</ul></nav>`,
    filterBar(model),
    '<main id="main" tabindex="-1">',
    ...shown.map(
      ({ id, title, html }) =>
        `<section id="${id}" aria-labelledby="h-${id}"><h2 id="h-${id}">${e(title)}</h2>\n${shorten(html!)}\n</section>`,
    ),
    missing.length === 0
      ? ''
      : `<section aria-labelledby="h-missing"><h2 id="h-missing">Not in this report</h2><ul class="short">${missing
          .map(({ missing: why }) => `<li>${e(why)}</li>`)
          .join('')}</ul></section>`,
    '</main>',
  );
  return renderPage({ title: 'ungil compare', style: COMPARE_STYLE, script, body });
}

function header({ json, workloads, builds, threads }: Model): string {
  const date = json.environment?.date.slice(0, 16).replace('T', ' ');
  const what =
    `${plural(workloads.length, 'workload')}, ${builds.join(' and ')}, at ${threads.join(', ')} ` +
    `${threads.length === 1 && threads[0] === 1 ? 'thread' : 'threads'}`;
  const where = `ungil ${json.ungil}, Node ${json.node}, ${plural(json.cpus, 'core')}${date === undefined ? '' : `, ${date} UTC`}`;
  return lines(
    '<header>',
    '<div><h1>ungil compare</h1>',
    `<p>${e(workloads.length === 0 ? 'Nothing was measured.' : what)}</p>`,
    `<p class="quiet">${e(where)}</p></div>`,
    '<button type="button" id="theme" class="controls" hidden>Dark</button>',
    '</header>',
  );
}

/** The page's script as the compiler made it; its source map is not in the page. */
function readScript(): string {
  return readFileSync(new URL('./client.js', import.meta.url), 'utf8')
    .replace(/^export \{\};\n/m, '')
    .replace(/\/\/# sourceMappingURL=.*\n?/, '');
}
