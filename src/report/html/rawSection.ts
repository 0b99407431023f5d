import type { CompareJson } from '../json.js';
import { e, lines, scriptText } from './markup.js';
import type { Model, Section } from './model.js';

/** The figures behind everything, to take along. */
export function rawSection(model: Model): Section {
  const { leftOut, raw } = model.detail;
  return {
    id: 'raw',
    title: 'Raw figures',
    html: lines(
      `<p>${raw ? 'compare.json, in this page. ' : ''}${e(leftOut)}</p>`,
      raw
        ? '<p class="controls" hidden><button type="button" id="download">Download compare.json</button></p>'
        : '',
      raw ? `<script type="application/json" id="compare-json">${scriptText(rawJson(model))}</script>` : '',
    ),
    missing: '',
  };
}

function rawJson({ json, detail }: Model): string {
  const { digits } = detail;
  const lean: CompareJson = detail.samples
    ? json
    : { ...json, results: json.results.map(withoutSamples), timelines: [] };
  const kept = detail.byThread
    ? lean
    : { ...lean, results: lean.results.map((row) => ({ ...row, explanation: null, counters: {} })) };
  return JSON.stringify(kept, (_, value: unknown) =>
    digits !== null && typeof value === 'number' && !Number.isInteger(value)
      ? Number(value.toPrecision(digits))
      : value,
  );
}

function withoutSamples(row: CompareJson['results'][number]): CompareJson['results'][number] {
  const { opsPerSecond, latency, gilWaits } = row;
  return {
    ...row,
    opsPerSecond: { ...opsPerSecond, samples: [] },
    seconds: [],
    latency: latency === null ? null : { ...latency, curve: [] },
    gilWaits: gilWaits === null ? null : { ...gilWaits, histogram: [] },
    trash: null,
  };
}
