import { e, lines } from './markup.js';
import { groupOf, type Model } from './model.js';

/** Controls that the page's script brings to life; without it they stay hidden, and everything is shown. */
export function filterBar(model: Model): string {
  const { workloads, builds } = model;
  const groups = [...new Set(workloads.map((workload) => groupOf(model, workload)))];
  // The list completes what is typed, and tells the script which workload is number so and so.
  const options = workloads.map(
    (workload) => `<option value="${e(workload)}" data-g="${e(groupOf(model, workload))}"></option>`,
  );
  const boxes = builds.map(
    (build, i) => `<label><input type="checkbox" name="build" value="${i}" checked> ${e(build)}</label>`,
  );
  return lines(
    '<form class="controls filter" role="search" aria-label="Filter the report" hidden>',
    '<label>Workload <input type="text" name="text" list="workload-names" autocomplete="off" spellcheck="false" placeholder="part of a name"></label>',
    `<datalist id="workload-names">${options.join('')}</datalist>` +
      `<datalist id="build-names">${builds.map((build) => `<option value="${e(build)}"></option>`).join('')}</datalist>`,
    groups.length > 1
      ? `<label>Group <select name="group"><option value="">all</option>${groups.map((group) => `<option>${e(group)}</option>`).join('')}</select></label>`
      : '',
    builds.length > 1 ? `<fieldset><legend>Builds</legend>${boxes.join(' ')}</fieldset>` : '',
    '<button type="reset">Show all</button>',
    '<output name="count" aria-live="polite"></output>',
    '</form>',
  );
}
