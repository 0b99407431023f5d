import { describe, expect, it } from 'vitest';
import { MOST_BYTES, renderCompareHtml } from '#ungil/report/html/compareHtml.js';
import { formatNs, formatRange, formatRate, formatTick } from '#ungil/report/html/format.js';
import { linear, logarithmic } from '#ungil/report/html/scale.js';
import { exclusiveTimes, thinned } from '#ungil/report/html/timelineSlices.js';
import { type CompareJson, toCompareJson } from '#ungil/report/json.js';
import { toResults } from '#ungil/report/results.js';
import type { TimelineSlice } from '#ungil/report/timeline.js';
import { grid, measured, NAMES, WORKLOADS } from '../fixtures.js';
import { compared } from './fixture.js';

function embedded(html: string): CompareJson {
  const [, text = ''] = /id="compare-json">([\s\S]*?)<\/script>/.exec(html) ?? [];
  return JSON.parse(text);
}

function bare(measurements = grid(NAMES, ['gil', 'free-threaded'], [1, 2]), complete = true): CompareJson {
  const options = {
    workloads: NAMES,
    builds: ['gil'],
    threads: [1, 2],
    timeMs: 100,
    repeats: 9,
    memoryBytes: 2 ** 26,
  };
  const host = { ungil: '0.5.0', node: 'v20.0.0', cpus: 2 };
  return toCompareJson(host, options, toResults(measurements, WORKLOADS), complete);
}

const page = (json: CompareJson) => renderCompareHtml(json, { workloads: WORKLOADS, race: null });

describe('compare.html', () => {
  const { json, workloads } = compared();
  const html = renderCompareHtml(json, { workloads, race: null });

  it('needs no network and allows none', () => {
    expect(html).not.toMatch(/\b(src|href)=(?!["']?#)|url\(|@import|https?:|\bfetch\(|sourceMappingURL/);
    expect(html).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
    expect(html).not.toMatch(/ style=| on[a-z]+=/);
  });

  it('has a section for everything that was measured', () => {
    const ids = [...html.matchAll(/<section id="([a-z]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([
      'summary',
      'environment',
      'scaling',
      'efficiency',
      'price',
      'figures',
      'latency',
      'fairness',
      'gil',
      'pauses',
      'why',
      'timelines',
      'warnings',
      'workloads',
      'raw',
    ]);
    for (const id of ids) expect(html).toContain(`<a href="#${id}">`);
    expect(html).toContain('AMD EPYC 7B13; 4 cores');
    expect(html).toContain('--html &#39;my report.html&#39;</code>');
    expect(html).toContain('78\u00a0% are within a quarter of CPython&#39;s');
  });

  it('says what is not there, and why', () => {
    const little = page(bare());
    expect(little).toContain('Not in this report');
    for (const why of [
      '--group requests',
      '--group gc',
      'no explaining runs',
      'ungil trace',
      '--race race.json',
    ]) {
      expect(little).toContain(why);
    }
    for (const each of [little, html]) {
      expect(each.replace(/<script[\s\S]*?<\/script>/g, '')).not.toMatch(/NaN|undefined|Infinity|\[object/);
    }
  });

  it('holds the figures', () => {
    const all = page(bare());
    expect(embedded(all)).toEqual(JSON.parse(JSON.stringify(bare())));
  });

  it('shows what there is of an interrupted run, and of none at all', () => {
    const cut = page(bare([measured('fib', 'gil', 1, [10])], false));
    expect(cut).toContain('interrupted or failed');
    expect(cut).toContain('needs 1 thread and more than 1');
    const none = page(bare([], false));
    expect(none).toContain('Nothing was measured');
  });

  it('marks what is wrong, and says so at the top', () => {
    const wrong = page(
      bare([
        measured('fib', 'gil', 1, [10], { wrong: '2 is not 3' }),
        measured('fib', 'gil', 2, [0], { leaks: [{ type: 'list', count: 2, addresses: [64] }] }),
      ]),
    );
    expect(wrong).toContain('<li class=bad>gil, fib, 1 thread: WRONG RESULT: 2 is not 3');
    expect(wrong).toContain('LEAK: 2 list');
    expect(wrong).toContain('<td>10.0 M*');
  });

  it('shows interpreters that ran beside ours, and changes against a baseline', () => {
    const base = bare();
    const figures = {
      speedup: 1.5,
      nsPerOp: 40,
      source: 'CPython 3.14.2, <python3.14t>',
      opsPerSecond: { median: 25e6, min: 24e6, max: 26e6, samples: [25e6], interval: null },
      fairness: 0.98,
    };
    base.results = base.results.map((result) => ({
      ...result,
      cpython: figures,
      interpreters: [figures, figures],
    }));
    const change = {
      workload: 'fib',
      build: 'gil',
      threads: 1,
      before: 2e6,
      after: 1e6,
      ratio: 0.5,
      interval: { low: 0.45, high: 0.55 },
      p: 0.001,
    };
    base.changes = {
      rows: [
        { ...change, verdict: 'as before', build: 'free-threaded' },
        { ...change, verdict: 'slower' },
      ],
      overall: 0.7,
      onlyBefore: 0,
      onlyAfter: 0,
    };
    const shown = page(base);
    expect(
      shown.match(/CPython 3\.14\.2, &lt;python3\.14t&gt;<td>25\.0 M<td>40\.0 ns<td>1\.50/g),
    ).toHaveLength(128);
    expect(shown).toContain('0 faster, 1 slower, 1 as before. All together are 0.70 times as fast.');
    // What moved is first.
    expect(shown).toMatch(/0\.45 – 0\.55<td class=bad>slower[\s\S]+<td>as before/);
    expect(page(bare())).not.toContain('Against the baseline');
  });

  it('draws no percentile that so few requests do not have', () => {
    const few = compared({ workloads: 12, builds: ['gil'], threads: [1] });
    const curve = (count: number) => {
      const results = few.json.results.map((result) => ({
        ...result,
        latency: result.latency === null ? null : { ...result.latency, count },
      }));
      const made = renderCompareHtml({ ...few.json, results }, { workloads: few.workloads, race: null });
      return (made.match(/<section id="latency"[\s\S]*?<\/section>/)?.[0].match(/<use href=#m0 x=/g) ?? [])
        .length;
    };
    // The legend's, the median and the slowest; then 99 % and 99.9 %, too.
    expect([20, 200, 100_000].map(curve)).toEqual([3, 4, 5]);
  });

  it('escapes everything', () => {
    const evil = '</script><script>alert("1")</script><b title=\'x\'>';
    const { json: good, workloads: infos } = compared({ workloads: 1 });
    const results = good.results.map((result) => ({
      ...result,
      workload: evil,
      build: `${result.build}:${evil}`,
      warnings: [evil],
      unraisable: [evil],
      wrong: result.threads === 4 ? evil : null,
      explanation: {
        operations: 1,
        seconds: 1,
        threads: [{ [evil]: 1 }],
        hotCount: null,
        hotLock: null,
        hotMiss: null,
        diagnosis: evil,
      },
    }));
    const environment = { ...good.environment!, cpu: evil, command: evil };
    const timelines = good.timelines.map((each) => ({
      ...each,
      workload: evil,
      tracks: each.tracks.map((track) => ({ ...track, name: evil })),
    }));
    const bad = { ...good, results, environment, timelines, cpythonSource: evil };
    const shown = renderCompareHtml(bad, {
      workloads: infos.map((info) => ({ ...info, name: evil, title: evil, cpython: evil })),
      race: null,
    });
    // The figures and the page's own script.
    expect(shown.match(/<script/g)).toHaveLength(2);
    expect(shown.match(/<\/script>/g)).toHaveLength(2);
    expect(shown).not.toContain('<b title=');
    expect(embedded(shown).results[0].workload).toBe(evil);
  });

  it.each([
    [16, ['gil', 'free-threaded'], [1, 2]],
    [16, ['gil', 'free-threaded', 'gilectomy'], [1, 2, 4]],
    [60, ['gil', 'free-threaded'], [1, 2]],
    [60, ['gil', 'free-threaded', 'gilectomy'], [1, 2, 4]],
  ])('stays small: %i workloads, builds %j, threads %j', (count, builds, threads) => {
    const large = compared({ workloads: count, builds, threads });
    const made = renderCompareHtml(large.json, { workloads: large.workloads, race: null });
    expect(Buffer.byteLength(made)).toBeLessThanOrEqual(MOST_BYTES);
    expect(MOST_BYTES).toBeLessThan(400_000);
    // Figures and curves stay, whatever else is left out; what is left out is said.
    expect(
      made.match(/<tr data-w=\d+ data-b=\d+><th scope=row>[^<]+<td class=b\d>[^<]+<td>\d/g),
    ).toHaveLength(count * builds.length * threads.length);
    expect(made.match(/speed-up by number of threads/g)).toHaveLength(count);
    if (count * builds.length * threads.length <= 64)
      expect(embedded(made)).toEqual(JSON.parse(JSON.stringify(large.json)));
    else expect(made).toContain('To keep the page small');
  });
});

describe('figures in words', () => {
  it('have three digits and a unit', () => {
    expect([1, 999.4, 999.6, 12_345, 1.5e6, 2.345e9].map(formatRate)).toEqual([
      '1.00',
      '999',
      '1.00 k',
      '12.3 k',
      '1.50 M',
      '2.35 G',
    ]);
    expect([0, 0.5, 850, 12_340, 1.2e6, 3e9, 2e12].map(formatNs)).toEqual([
      '0 ns',
      '0.50 ns',
      '850 ns',
      '12.3 µs',
      '1.20 ms',
      '3.00 s',
      '2000 s',
    ]);
    expect([null, undefined, Number.NaN, Infinity].map(formatNs)).toEqual(['-', '-', '-', '-']);
    expect([0, 1000, 2.5e6].map(formatTick)).toEqual(['0', '1 µs', '2.50 ms']);
  });

  it('name a unit once where both ends have it', () => {
    expect(formatRange('1.00 M', '2.00 M')).toBe('1.00 – 2.00 M');
    expect(formatRange('900 k', '1.10 M')).toBe('900 k – 1.10 M');
    expect(formatRange('0.95', '1.05')).toBe('0.95 – 1.05');
  });
});

describe('axes', () => {
  it('have ticks at round numbers, within', () => {
    expect(linear(0, 2.08, 4, String).ticks.map(({ label }) => label)).toEqual(['0', '1', '2']);
    expect(linear(0, 1, 4, String).ticks.map(({ label }) => label)).toEqual([
      '0',
      '0.25',
      '0.5',
      '0.75',
      '1',
    ]);
    const { at } = linear(0, 4, 4, String);
    expect([0, 1, 4, 5, -1, Number.NaN].map(at)).toEqual([0, 0.25, 1, 1, 0, 0]);
  });

  it('can grow by powers', () => {
    const { at, ticks } = logarithmic(0.6, 3.1, 2, String);
    expect(ticks.map(({ value }) => value)).toEqual([0.5, 1, 2, 4]);
    expect([0.5, 1, 4].map(at)).toEqual([0, expect.closeTo(1 / 3, 9), 1]);
    expect(logarithmic(1, 1, 10, String).ticks.length).toBeGreaterThan(1);
  });
});

describe('slices of a timeline', () => {
  const slice = (state: TimelineSlice['state'], start: number, end: number): TimelineSlice => ({
    state,
    start,
    end,
  });

  it('count the time of inner ones once', () => {
    const slices = [
      slice('running', 0, 10),
      slice('waiting for a lock', 2, 5),
      slice('parked', 3, 4),
      slice('running', 10, 12),
    ];
    expect([...exclusiveTimes(slices)]).toEqual([
      ['running', 9],
      ['waiting for a lock', 2],
      ['parked', 1],
    ]);
  });

  it('are thinned to the longest', () => {
    const slices = [slice('running', 0, 5), slice('parked', 5, 6), slice('running', 6, 9)];
    expect(thinned(slices, 2)).toEqual([slices[0], slices[2]]);
    expect(thinned(slices, 3)).toEqual(slices);
  });
});
