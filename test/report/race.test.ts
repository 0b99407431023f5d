import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Exploration } from '#ungil/explore/results.js';
import { renderRaceHtml } from '#ungil/report/raceHtml.js';
import { formatRaceJson, type RaceRun, toRaceJson } from '#ungil/report/raceJson.js';
import { renderLanes } from '#ungil/report/raceLanes.js';
import { buildMatrix } from '#ungil/report/raceMatrix.js';
import { renderOutcomes } from '#ungil/report/raceOutcomes.js';
import { createRaceProgress } from '#ungil/report/raceProgress.js';
import { repeatCommand } from '#ungil/report/raceRepeat.js';
import { renderScenario } from '#ungil/report/raceScenario.js';
import { type RaceTextOptions, renderRace } from '#ungil/report/raceText.js';
import { isUnfinished, summariseRace } from '#ungil/report/raceVerdict.js';
import { formatSeconds, formatShare } from '#ungil/report/raceWords.js';
import { painter } from '#ungil/report/text.js';
import { caught, exploration, failed, outcome, REQUEST, step, TRACE, violation } from './raceFixtures.js';

const PLAIN = painter(false);
const REPEAT = { builtIn: ['owner-exit'], files: [], maxSteps: null };

function text(explorations: readonly Exploration[], more: Partial<RaceTextOptions> = {}): string[] {
  const options = { width: 80, paint: PLAIN, verbose: false, single: false, interrupted: false };
  return renderRace(explorations, { ...options, repeat: REPEAT, ...more });
}

function run(explorations: readonly Exploration[], more: Partial<RaceRun> = {}): RaceRun {
  const host = { ungil: '1.2.3', node: 'v20.0.0', cpus: 2 };
  return {
    host,
    request: REQUEST,
    explorations,
    complete: true,
    interrupted: false,
    repeat: REPEAT,
    ...more,
  };
}

describe('lanes', () => {
  const lanes = (width: number, trace = TRACE, threads = ['owner', 'foreign']): string[] =>
    renderLanes(threads, trace, width, PLAIN);

  it('have a column a thread and the source at the right', () => {
    expect(lanes(120)).toEqual([
      '#  owner                  foreign',
      '1  load obj#1.shared = 4                                        refcount/biased.ts:231',
      '2                         compare-exchange obj#1.shared 4 -> 5  refcount/biased.ts:199',
      '3  free obj#1                                                   allocators/mimalloc/heap.ts:77',
      '4                         load obj#1.shared = 4                 refcount/biased.ts:231',
      '   ! use after free: obj#1 was freed by owner at step 3',
    ]);
  });

  it('abbreviate operations and sources before they cut', () => {
    expect(lanes(80).slice(0, 3)).toEqual([
      '#  owner                  foreign',
      '1  load obj#1.shared = 4                           biased.ts:231',
      '2                         cas obj#1.shared 4 -> 5  biased.ts:199',
    ]);
  });

  it('put the source below and keep the end of a location where there is no room', () => {
    expect(lanes(40).slice(0, 5)).toEqual([
      '#  owner              foreign',
      '1  load ….shared = 4',
      '   refcount/biased.ts:231',
      '2                     cas …shared 4 -> 5',
      '                      …unt/biased.ts:199',
    ]);
  });

  it('share one lane if there are too many', () => {
    const trace = [
      step(9, 0),
      step(10, 3, { operation: 'wait', value: 'timed out' }),
      step(11, 1),
      step(12, 2),
    ];
    expect(lanes(40, trace, ['a', 'b', 'c', 'd'])[0]).toBe('#   a, b, c, d');
    expect(lanes(40, trace, ['a', 'b', 'c', 'd']).slice(1, 5)).toEqual([
      '9   a: load obj#1.shared = 4',
      '    refcount/biased.ts:231',
      '10  d: wait obj#1.shared = timed out',
      '    refcount/biased.ts:231',
    ]);
  });

  it.each([40, 41, 50, 60, 79, 80, 81, 100, 120])('never exceed %d columns', (width) => {
    const long = step(123, 2, {
      location: 'dictionary#12.entries[1234].value.of.something',
      value: '-1000000000 -> 1000000000',
      note: 'a-word-that-is-longer-than-any-terminal-of-forty-columns-can-show and then some more',
    });
    for (const threads of [
      ['owner', 'foreign', 'x'],
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
    ]) {
      for (const line of lanes(width, [...TRACE, long], threads)) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }
  });
});

describe('the table of outcomes', () => {
  const rows = failed({ unreached: ['freed=0'] });

  it('says what was expected, how often, and how it was first reached; the bad first', () => {
    expect(renderOutcomes(rows, 80, PLAIN)).toEqual([
      'outcome         expectation            count   share  first schedule',
      'use after free  FORBIDDEN                  8  28.6 %  a1-b1-a1-b1!1',
      'freed=0         required, not reached      0       -  -',
      'freed=1         expected                  20  71.4 %  a3-b2',
    ]);
  });

  it('becomes sentences on a narrow terminal', () => {
    expect(renderOutcomes(rows, 38, PLAIN)).toEqual([
      'use after free: FORBIDDEN, 8 (28.6 %)',
      'freed=0: required, not reached',
      'freed=1: expected, 20 (71.4 %)',
    ]);
  });

  it('breaks long outcomes instead of cutting them', () => {
    const fields = Array.from({ length: 12 }, (_, i) => `register${i}=${i}`).join(', ');
    const long = exploration({
      outcomes: [outcome(fields, 'expected', 3, { schedule: 'a1-b1-'.repeat(50) })],
    });
    for (const width of [38, 58, 78, 118]) {
      const lines = renderOutcomes(long, width, PLAIN);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      expect(lines.join(' ')).toContain('register11=11');
    }
  });

  it('leaves out what did not occur', () => {
    const never = exploration({ outcomes: [outcome('x=1', 'forbidden', 0), outcome('x=2', 'required', 4)] });
    expect(renderOutcomes(never, 80, PLAIN).join('\n')).not.toContain('x=1');
  });
});

describe('the text', () => {
  it('is a table a scenario, schemes side by side, and a matrix when all is well', () => {
    const lines = text([
      exploration({ refcount: 'gil', outcomes: [outcome('freed=1', 'expected', 4)] }),
      exploration({ refcount: 'plain', outcomes: [outcome('leak', 'expected', 4, { fields: null })] }),
      exploration({ exhaustive: false, outcomes: [outcome('freed=1', 'required', 4)] }),
      caught(),
      caught({ refcount: 'plain' }),
      exploration({ variant: 'repaired' }),
      exploration({ scenario: 'mutex', refcount: 'none', outcomes: [outcome('x=1', 'interesting', 1)] }),
    ]);
    expect(lines).toEqual([
      'owner-exit',
      '  the owner of an object ends while another thread hands it a reference (gh-1)',
      '  outcome  gil         plain       biased      first schedule',
      '  freed=1  4 expected  never       4 required  gil a3-b2',
      '  leak     never       4 expected  not seen    plain a3-b2',
      '  of       28 classes  28 classes  28 sampled',
      '  caught by use after free (biased): early-free',
      '  caught by use after free (plain): early-free',
      '  correct variant (biased): repaired',
      '',
      'mutex',
      '  the owner of an object ends while another thread hands it a reference (gh-1)',
      '  outcome  no counts      first schedule',
      '  x=1      1 interesting  a3-b2',
      '  of       28 classes',
      '',
      'scenario    gil  plain  biased  no counts  variants',
      'owner-exit  OK   LK     OK~     -          caught 2/2, clean 1',
      'mutex       -    -      -       x=1        -',
      'LK leak; name=value an outcome that stands out; ~ not all interleavings covered',
      '',
      '7 explorations: 7 ok, 2 bugs caught as expected, 1 not exhaustive, 196',
      '  executions, 0.09 s',
    ]);
  });

  it('shows a failure in full among others', () => {
    const lines = text([exploration({ scenario: 'mutex' }), failed()]);
    expect(lines).toContain('owner-exit  biased  exhaustive: 28 of 28 classes, 0.01 s');
    expect(lines).toContain("  FAILED: forbidden outcome 'use after free' was reached");
    expect(lines).toContain('  use after free: load of obj#1.shared, freed by owner at step 3');
    expect(lines).toContain('  first: owner, step 3: frees obj#1');
    expect(lines).toContain('      at BiasedRefCounter.mergeZeroLocal (refcount/biased.ts:180)');
    expect(lines).toContain('  missing: nothing orders the free after the load');
    expect(lines).toContain("  repeat: ungil race owner-exit --refcount biased --replay 'a1-b1-a1-b1!1'");
    expect(lines).toContain('  confirmed on workers');
    expect(lines).toContain('UAF use after free; name=value an outcome that stands out; ! must not be');
    expect(lines.join('\n')).not.toContain('mutex  biased  exhaustive');
  });

  it('puts the schemes below one another where they have no room side by side', () => {
    const both = [
      exploration({ refcount: 'gil', outcomes: [outcome('freed=1, local=0', 'expected', 4)] }),
      exploration({
        refcount: 'plain',
        outcomes: [outcome('leak', 'forbidden', 4, { fields: null })],
        ok: false,
      }),
    ];
    for (const width of [40, 60, 80]) {
      for (const line of renderScenario(both, width, PLAIN)) expect(line.length).toBeLessThanOrEqual(width);
    }
    const narrow = renderScenario(both, 40, PLAIN).join(' ').replaceAll(/\s+/g, ' ');
    expect(narrow).toContain('gil, 28 classes: freed=1, local=0: 4 expected; leak: never');
    expect(narrow).toContain('plain, 28 classes: freed=1, local=0: never; leak: 4 FORBIDDEN');
  });

  it('shows everything for one scenario, and with --verbose', () => {
    const one = text(
      [caught({ violations: [violation({ allowed: true, confirmed: null, confirmation: 'timed out' })] })],
      {
        single: true,
      },
    );
    expect(one[0]).toBe('owner-exit  biased  variant early-free  the bug was found, 0.01 s');
    expect(one).toContain('  not tried on workers: timed out');
    expect(one.join('\n')).toContain('(allowed here)');
    expect(text([caught(), exploration()], { verbose: true }).join('\n')).toContain('(allowed here)');
    expect(text([caught(), exploration()]).join('\n')).not.toContain('(allowed here)');
  });

  it('counts data races, declared and not', () => {
    const race = { location: 'obj#1.local', first: 'a.ts:1', second: 'b.ts:2', count: 3 };
    const lines = text(
      [
        exploration({
          races: [
            { ...race, declared: false },
            { ...race, location: 'x', declared: true },
          ],
          declaredRaces: 2,
        }),
      ],
      { single: true },
    );
    expect(lines).toContain('  data race on obj#1.local: a.ts:1 with b.ts:2, 3 times');
    expect(lines).toContain('  2 declared racy reads raced, as they may');
    expect(lines.join('\n')).not.toContain('data race on x');
  });

  it('says that it was interrupted', () => {
    const lines = text([exploration({ interrupted: true, exhaustive: false })], { single: true });
    expect(lines.slice(0, 3)).toEqual([
      'owner-exit  biased',
      '  exhaustive: 28 of 28 classes, 0.01 s (interrupted: not exhaustive)',
      '  the owner of an object ends while another thread hands it a reference (gh-1)',
    ]);
    expect(lines.at(-1)).toBe('interrupted: not exhaustive');
    expect(text([], { interrupted: true })).toEqual([
      '0 explorations: 0 ok, 0 executions, 0.00 s',
      'interrupted: not exhaustive',
    ]);
  });

  it('hides the beginning of a long schedule unless asked', () => {
    const trace = Array.from({ length: 100 }, (_, i) => step(i + 1, i % 2));
    const long = failed({ violations: [violation({ trace })] });
    expect(text([long])).toContain('  ... 40 earlier steps: --verbose');
    expect(text([long], { verbose: true }).join('\n')).not.toContain('earlier steps');
  });

  it.each([40, 80, 120])('stays within %d columns, commands aside', (width) => {
    const all = [
      failed({ scenario: 'a-scenario-with-a-long-name' }),
      caught(),
      exploration({ refcount: 'gil' }),
    ];
    for (const options of [{}, { verbose: true }]) {
      const lines = text(all, { width, ...options });
      for (const line of lines.filter((line) => !line.includes('ungil race'))) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }
  });

  it('lets no control character through', () => {
    const wild = 'one\ntwo\x1b[31mthree\r\n four';
    const lines = text([failed({ problems: [wild], about: wild }), exploration({ scenario: wild })]);
    expect(lines).toContain('  FAILED: one two [31mthree four');
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('is the same in colour', () => {
    const coloured = text([failed(), caught()], { paint: painter(true) });
    expect(coloured.join('\n')).not.toBe(stripVTControlCharacters(coloured.join('\n')));
    expect(coloured.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
      text([failed(), caught()]),
    );
  });
});

describe('the matrix', () => {
  const cell = (more: Partial<Exploration>): string => buildMatrix([exploration(more)]).rows[0].cells[0].text;

  it.each<[Partial<Exploration>, string]>([
    [{ outcomes: [outcome('x=1', 'expected', 1)] }, 'OK'],
    [{ outcomes: [outcome('a long interesting outcome', 'interesting', 1)] }, '*'],
    [{ outcomes: [outcome('a long forbidden outcome', 'forbidden', 1)], ok: false }, 'WRONG!'],
    [{ outcomes: [outcome('x=1', 'forbidden', 1)], ok: false }, 'x=1!'],
    [{ outcomes: [outcome('x=1', 'expected', 1)], ok: false, unreached: ['x=2'] }, 'MISSING!'],
    [{ outcomes: [], ok: false }, 'FAILED'],
    [{ outcomes: [], ok: false, violations: [violation({ kind: 'data race' })] }, 'RACE!'],
    [{ outcomes: [], ok: false, violations: [violation({ kind: 'not deterministic' })] }, 'NONDET!'],
    [{ outcomes: [], exhaustive: false }, 'OK~'],
    [{ outcomes: [], exhaustive: false, mode: 'replay' }, 'OK'],
  ])('%#', (more, expected) => {
    expect(cell(more)).toBe(expected);
  });

  it('counts a broken variant that was not caught', () => {
    const matrix = buildMatrix([caught(), caught({ ok: false, violations: [], variant: 'other' })]);
    expect(matrix.rows[0].variants).toEqual({ text: 'caught 1/2', failed: true });
  });
});

describe('the verdict', () => {
  it('asks for all interleavings except of a bug that was found and of a replay', () => {
    expect(isUnfinished(exploration({ exhaustive: false }))).toBe(true);
    expect(isUnfinished(exploration({ exhaustive: false, variant: 'repaired' }))).toBe(true);
    expect(isUnfinished(exploration({ exhaustive: false, mode: 'replay' }))).toBe(false);
    expect(isUnfinished(caught())).toBe(false);
  });

  it('sums', () => {
    expect(summariseRace([failed(), caught(), exploration({ exhaustive: false })], false)).toEqual({
      explorations: 3,
      ok: 2,
      failed: 1,
      notExhaustive: 1,
      caught: 1,
      executions: 84,
      seconds: expect.closeTo(0.0369),
      interrupted: false,
    });
  });
});

describe('words', () => {
  it('never round something to nothing, nor most to all', () => {
    expect(formatShare(1, 1_000_000)).toBe('< 0.1 %');
    expect(formatShare(999_999, 1_000_000)).toBe('> 99.9 %');
    expect(formatShare(3, 3)).toBe('100.0 %');
    expect(formatShare(0, 0)).toBe('-');
  });

  it('have seconds for short and long', () => {
    expect([0.0123, 9.994, 9.996, 99.9, 125].map(formatSeconds)).toEqual([
      '0.01 s',
      '9.99 s',
      '10.0 s',
      '99.9 s',
      '2 min 5 s',
    ]);
  });

  it('repeat what was run', () => {
    const stressed = exploration({ refcount: 'none', engine: 'stress', mode: 'stress' });
    expect(repeatCommand(stressed, '', REPEAT)).toBe('ungil race owner-exit --mode stress');
    const one = exploration({ refcount: 'none', target: './mine.mjs#x += 1' });
    expect(repeatCommand(one, 'a1', { ...REPEAT, files: ['a.mjs', './mine.mjs'] })).toBe(
      "ungil race './mine.mjs#x += 1' --replay a1",
    );
    expect(repeatCommand(exploration({ refcount: 'none' }), 'a1-b2', REPEAT)).toBe(
      'ungil race owner-exit --replay a1-b2',
    );
    const files = { builtIn: ['other'], files: ["./it's mine.mjs"], maxSteps: 99 };
    expect(repeatCommand(caught(), 'a1', files)).toBe(
      "ungil race './it'\\''s mine.mjs' --refcount biased --variant early-free --max-steps 99 --replay a1",
    );
  });
});

describe('race.json', () => {
  const json = toRaceJson(run([failed({ refcount: 'plain' })], { interrupted: true, complete: false }));

  it('has the fields that scripts rely on', () => {
    const [result] = JSON.parse(formatRaceJson(json)).results;
    expect(result).toMatchObject({
      scenario: 'owner-exit',
      refcount: 'plain',
      variant: '',
      engine: 'fiber',
      mode: 'dpor',
      exhaustive: true,
      executions: 28,
      pruned: 3,
      seconds: 0.0123,
      guarantee: 'exhaustive: 28 of 28 classes',
      ok: false,
    });
    expect(result.outcomes).toEqual([
      {
        outcome: { text: 'freed=1' },
        text: 'freed=1',
        expectation: 'expected',
        count: 20,
        schedule: 'a3-b2',
      },
      {
        outcome: { fault: 'use after free' },
        text: 'use after free',
        expectation: 'forbidden',
        count: 8,
        schedule: 'a1-b1-a1-b1!1',
      },
    ]);
    expect(result.violations[0]).toMatchObject({
      kind: 'use after free',
      schedule: 'a1-b1-a1-b1!1',
      confirmed: true,
      trace: TRACE,
      repeat: "ungil race owner-exit --refcount plain --replay 'a1-b1-a1-b1!1'",
    });
  });

  it('says where and how it ran, and whether it is whole', () => {
    expect(json).toMatchObject({
      ungil: '1.2.3',
      node: 'v20.0.0',
      cpus: 2,
      complete: false,
      options: { budgetMs: 10_000, seed: 1 },
      summary: { failed: 1, interrupted: true },
    });
  });

  it('writes a BigInt as text', () => {
    const big = exploration({ outcomes: [outcome('x=1', 'expected', 1, { fields: { x: 1n } })] });
    expect(formatRaceJson(toRaceJson(run([big])))).toContain('"x": "1"');
  });
});

describe('the page', () => {
  const evil = '</script><script>alert("1")</script>';
  const html = renderRaceHtml(
    run([
      failed({
        scenario: '<script>',
        about: evil,
        refcount: 'plain',
        threads: [evil, "'&"],
        problems: [evil],
        guarantee: evil,
        variant: evil,
        outcomes: [outcome(evil, 'forbidden', 1, { fields: { [evil]: evil } })],
        violations: [
          violation({
            message: evil,
            confirmation: evil,
            schedule: evil,
            trace: [step(1, 0, { note: evil, source: evil, function: evil, location: evil })],
          }),
        ],
        races: [{ location: evil, first: evil, second: evil, declared: false, count: 1 }],
      }),
      exploration(),
    ]),
  );

  it('escapes everything', () => {
    expect(html.match(/<script/g)).toEqual(['<script']);
    expect(html).toContain('<script type="application/json" id="race-json">');
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(html).toContain('<b>&lt;script&gt;</b>');
    expect(html).toContain('<th scope="col">&#39;&amp;</th>');
  });

  it('holds the JSON', () => {
    const [, json = ''] = /id="race-json">([\s\S]*?)<\/script>/.exec(html) ?? [];
    expect(JSON.parse(json).results[0]).toMatchObject({ scenario: '<script>', about: evil });
  });

  it('needs no network', () => {
    expect(html).not.toMatch(/\b(src|href)="(?!#)|url\(|@import|https?:/);
    expect(html).toContain("default-src 'none'");
  });

  it('opens failures, links the matrix, and closes what it opens', () => {
    expect(html).toContain('<details id="x0" open>');
    expect(html).toContain('<details id="x1">');
    expect(html).toContain('<a href="#x1">owner-exit</a>');
    for (const tag of ['details', 'table', 'div', 'ul', 'ol', 'tr', 'td', 'section', 'main', 'summary']) {
      const count = (pattern: string): number => (html.match(new RegExp(pattern, 'g')) ?? []).length;
      expect([tag, count(`<${tag}[ >]`)]).toEqual([tag, count(`</${tag}>`)]);
    }
  });

  it('can be empty', () => {
    expect(renderRaceHtml(run([], { interrupted: true }))).toContain('Nothing was explored');
  });
});

describe('progress', () => {
  const at = {
    scenario: 'mutex',
    refcount: 'none',
    variant: '',
    done: 3,
    total: 40,
    executions: 12_345,
  } as const;
  const ERASE = '\r\x1b[2K';

  function fake(isTTY: boolean, columns?: number) {
    const written: string[] = [];
    return { stream: { write: (part: string) => written.push(part), isTTY, columns }, written };
  }

  it('is one line on a terminal, written anew', () => {
    const { stream, written } = fake(true, 120);
    let clock = 0;
    const line = createRaceProgress(stream, 'xterm', () => clock);
    line.show({ ...at, estimate: null, leftMs: null });
    line.show({ ...at, estimate: 40_000, leftMs: 2_500 });
    clock = 200;
    line.show({ ...at, estimate: 40_000, leftMs: 2_500 });
    line.show({ ...at, variant: 'no-wake', estimate: 1, leftMs: null });
    line.finish();
    line.finish();
    expect(written).toEqual([
      `${ERASE}[3/40] mutex, no counts: 12,345 executions`,
      `${ERASE}[3/40] mutex, no counts: 12,345 of about 40,000 executions, about 3 s left`,
      `${ERASE}[3/40] mutex, no counts, variant no-wake: 12,345 of about 12,345 executions`,
      ERASE,
    ]);
  });

  it('stays within the line', () => {
    const { stream, written } = fake(true, 20);
    createRaceProgress(stream, 'xterm', () => 0).show({ ...at, estimate: null, leftMs: null });
    expect(written[0].slice(ERASE.length)).toHaveLength(19);
  });

  it.each([
    [false, 'xterm'],
    [true, 'dumb'],
  ])('is nothing elsewhere', (isTTY, name) => {
    const { stream, written } = fake(isTTY);
    const line = createRaceProgress(stream, name, () => 0);
    line.show({ ...at, estimate: null, leftMs: null });
    line.finish();
    expect(written).toEqual([]);
  });
});
