import type { Exploration, Step, Violation } from '../explore/results.js';
import { capital, e, lines, scriptText, scrollable, table } from './html/markup.js';
import { renderPage } from './html/page.js';
import { matrixTable, outcomesTable } from './html/raceTables.js';
import { formatRaceJson, type RaceRun, toRaceJson } from './raceJson.js';
import { type RepeatContext, repeatCommand } from './raceRepeat.js';
import { RACE_STYLE } from './raceStyle.js';
import { type RaceSummary, summariseRace } from './raceVerdict.js';
import {
  confirmationWords,
  declaredWords,
  formatSeconds,
  howExplored,
  kindOf,
  raceWords,
  stepWords,
  undeclaredRaces,
  verdict,
} from './raceWords.js';
import { formatCount, plural } from './text.js';

/** The report as one page that needs nothing else, neither network nor scripts. Ends in a newline. */
export function renderRaceHtml(run: RaceRun): string {
  const { explorations, host, interrupted } = run;
  const summary = summariseRace(explorations, interrupted);
  const body = [
    '<header>',
    '<h1>ungil race</h1>',
    `<p>${e(sumWords(summary))}</p>`,
    `<p class="quiet">ungil ${e(host.ungil)}, Node ${e(host.node)}, ${e(plural(host.cpus, 'processor'))}</p>`,
    summary.interrupted ? '<p class="bad">Interrupted: not exhaustive.</p>' : '',
    '</header>',
    '<main>',
    matrixSection(explorations),
    '<h2>Explorations</h2>',
    ...explorations.map((exploration, i) => explorationSection(exploration, i, run.repeat)),
    '</main>',
    `<script type="application/json" id="race-json">${scriptText(formatRaceJson(toRaceJson(run)))}</script>`,
  ];
  return renderPage({ title: 'ungil race', style: RACE_STYLE, script: '', body: lines(...body) });
}

function sumWords(sum: RaceSummary): string {
  const parts = [
    `${plural(sum.explorations, 'exploration')}: ${sum.ok} ok, ${sum.failed} failed`,
    `${plural(sum.caught, 'bug')} caught as expected`,
    `${sum.notExhaustive} not exhaustive`,
    plural(sum.executions, 'execution').replace(/^\d+/, formatCount(sum.executions)),
    formatSeconds(sum.seconds),
  ];
  return `${parts.join(', ')}.`;
}

function matrixSection(explorations: readonly Exploration[]): string {
  if (explorations.length === 0) return '<p>Nothing was explored.</p>';
  const link = (name: string): string => `#x${explorations.findIndex(({ scenario }) => scenario === name)}`;
  return `<h2>Summary</h2>\n${matrixTable(explorations, link)}`;
}

// --- One exploration ---

function explorationSection(exploration: Exploration, index: number, repeat: RepeatContext): string {
  const { scenario, ok, about } = exploration;
  const mark = ok ? '<span class="mark ok">ok</span>' : '<span class="mark bad">failed</span>';
  const title = `<b>${e(scenario)}</b> ${e(kindOf(exploration))}`;
  return lines(
    `<details id="x${index}"${ok ? '' : ' open'}>`,
    `<summary>${mark} ${title}<br><span class="quiet">${e(verdict(exploration))}</span></summary>`,
    `<p>${e(about)}</p>`,
    `<p class="quiet">${e(howExplored(exploration))}</p>`,
    ...exploration.problems.map((problem) => `<p class="bad">Failed: ${e(problem)}</p>`),
    outcomesTable(exploration),
    racesList(exploration),
    ...exploration.violations.map((violation) => violationSection(exploration, violation, repeat)),
    '</details>',
  );
}

function racesList(exploration: Exploration): string {
  const rows = undeclaredRaces(exploration).map((race) => `<li>Data race on ${e(raceWords(race))}</li>`);
  const { declaredRaces } = exploration;
  if (declaredRaces > 0) rows.push(`<li>${e(declaredWords(declaredRaces))}</li>`);
  return rows.length > 0 ? `<ul>${rows.join('')}</ul>` : '';
}

// --- One violation ---

function violationSection(exploration: Exploration, violation: Violation, repeat: RepeatContext): string {
  const { kind, message, allowed, schedule } = violation;
  return lines(
    `<details class="violation"${allowed ? '' : ' open'}>`,
    `<summary><span class="${allowed ? '' : 'bad'}">${e(kind)}${allowed ? ' (allowed here)' : ''}</span>: ${e(message)}</summary>`,
    violation.trace.length > 0 ? lanesTable(exploration.threads, violation.trace) : '',
    causeList(violation),
    `<p>Repeat: <code>${e(repeatCommand(exploration, schedule, repeat))}</code></p>`,
    `<p>${e(capital(confirmationWords(violation)))}.</p>`,
    '</details>',
  );
}

function lanesTable(threads: readonly string[], trace: readonly Step[]): string {
  const heads = ['#', ...threads, 'source'].map((head) => `<th scope="col">${e(head)}</th>`);
  const rows = trace.map((step) => {
    const note = step.note === '' ? '' : `<br><span class="bad">${e(step.note)}</span>`;
    const cells = threads.map((_, thread) =>
      thread === step.thread
        ? `<td class="step"><code>${e(stepWords(step))}</code>${note}</td>`
        : '<td></td>',
    );
    const source = `<td class="quiet"><code>${e(step.source)}</code> ${e(step.function)}</td>`;
    return `<tr><th scope="row">${step.index}</th>${cells.join('')}${source}</tr>`;
  });
  return scrollable('Schedule', table('The schedule, one column a thread', heads, rows, 'lanes'));
}

function causeList({ cause }: Violation): string {
  if (cause === null) return '';
  const parts = [cause.first, cause.second].map(({ thread, step, what, stack }) => {
    const frames = stack.map((frame) => `<li><code>${e(frame)}</code></li>`).join('');
    return `<li>${e(`${thread}, step ${step}: ${what}`)}<ol class="stack">${frames}</ol></li>`;
  });
  return `<ul>${parts.join('')}<li>Missing: ${e(cause.missing)}</li></ul>`;
}
