import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRaceJson } from '#ungil/report/checkJson.js';
import { renderCompareHtml } from '#ungil/report/html/compareHtml.js';
import { formatRaceJson, toRaceJson } from '#ungil/report/raceJson.js';
import { exploration, REQUEST } from '../raceFixtures.js';
import { CHROMIUM_ARGS, findChromium } from './chromium.js';
import { compared } from './fixture.js';

const CHROMIUM = findChromium();
if (CHROMIUM === null) {
  console.warn('no Chromium found: the page is not tested in a browser (CHROMIUM=/path/to/it names one)');
}

/** To be drawn; a loaded machine may take its time. */
const GENEROUS_MS = 5000;

describe.skipIf(CHROMIUM === null)('compare.html in Chromium', () => {
  const { json, workloads } = compared();
  let folder = '';
  let url = '';
  let browser: Browser;
  let context: BrowserContext;
  /** What the page has asked for, and complained about. */
  let requests: string[] = [];
  let complaints: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ungil-html-'));
    const file = path.join(folder, 'compare.html');
    const host = { ungil: '0.5.0', node: 'v20.0.0', cpus: 2 };
    const repeat = { builtIn: [], files: [], maxSteps: null };
    const race = parseRaceJson(
      formatRaceJson(
        toRaceJson({
          host,
          request: REQUEST,
          explorations: [exploration()],
          complete: true,
          interrupted: false,
          repeat,
        }),
      ),
    );
    if (typeof race === 'string') throw new Error(race);
    writeFileSync(file, renderCompareHtml(json, { workloads, race }));
    url = pathToFileURL(file).href;
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
    expect(requests.filter((each) => !each.startsWith('blob:'))).toEqual([url]);
  });

  async function open(more: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    requests = [];
    complaints = [];
    context = await browser.newContext({ viewport: { width: 1200, height: 800 }, offline: true, ...more });
    const page = await context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    return page;
  }

  function visible(page: Page, selector: string): Promise<number> {
    return page
      .locator(selector)
      .evaluateAll((elements) => elements.filter((element) => element.getClientRects().length > 0).length);
  }

  it('draws every chart, soon', async () => {
    const page = await open();
    await page.waitForFunction(() => performance.getEntriesByName('drawn').length > 0);
    const drawn = await page.evaluate(() => performance.getEntriesByName('drawn')[0].startTime);
    expect(drawn).toBeLessThan(GENEROUS_MS);
    const charts = await page.locator('svg.chart').evaluateAll((all) =>
      all.map((chart) => {
        const { width, height } = chart.getBoundingClientRect();
        return { width, height, inside: chart.querySelectorAll('use, path, rect, line').length };
      }),
    );
    expect(charts.length).toBeGreaterThan(16 * 3);
    for (const { width, height, inside } of charts) {
      expect(width).toBeGreaterThan(50);
      expect(height).toBeGreaterThan(10);
      expect(inside).toBeGreaterThan(1);
    }
    // A chart a workload, with a line a build; at 2 and 4 threads a point of ours for each, and of CPython's for two.
    expect(await visible(page, '.multiples figure')).toBe(16);
    expect(await visible(page, '.multiples .ln')).toBe(16 * 3);
    expect(await visible(page, '.multiples g use:not(.o)')).toBe(16 * 3 * 2);
    expect(await visible(page, '.multiples g use.o')).toBe(16 * 2 * 2);
    const points = await page
      .locator('.multiples g use')
      .evaluateAll((all) => all.filter((point) => point.getBoundingClientRect().width > 3).length);
    expect(points).toBe(16 * 3 * 2 + 16 * 2 * 2);
    expect(await visible(page, '#price .bar')).toBe(16);
    expect(await visible(page, '.heat tbody td')).toBe(16 * 3 * 2);
    expect(await visible(page, '.timeline rect[class^=t-]')).toBeGreaterThan(20);
  });

  it('shows what the axes say: a higher speed-up is a higher point', async () => {
    const page = await open();
    const tops = await page
      .locator('.multiples figure')
      .first()
      .locator('g[data-b="1"] use:not(.o)')
      .evaluateAll((all) => all.map((point) => point.getBoundingClientRect().top));
    const speedups = json.results
      .filter(
        ({ workload, build, threads }) => workload === 'fib' && build === 'free-threaded' && threads > 1,
      )
      .map(({ speedup }) => speedup!);
    expect(tops).toHaveLength(2);
    expect(Math.sign(tops[0] - tops[1])).toBe(Math.sign(speedups[1] - speedups[0]));
  });

  it('filters by text, group and build, and says how many are left', async () => {
    const page = await open();
    const count = page.locator('.filter output');
    expect(await count.getAttribute('aria-live')).toBe('polite');
    await page.getByRole('combobox', { name: 'Workload' }).fill('list');
    const lists = workloads.filter(({ name }) => name.includes('list'));
    expect(await count.textContent()).toBe(
      `${lists.length} of 16 workloads, ${lists.length * 9} of 144 rows`,
    );
    expect(await visible(page, '.figures tbody tr')).toBe(lists.length * 9);
    expect(await visible(page, '.multiples figure')).toBe(lists.length);
    await page.getByRole('checkbox', { name: 'gilectomy' }).uncheck();
    expect(await visible(page, '.figures tbody tr')).toBe(lists.length * 6);
    expect(await visible(page, '.multiples g[data-b="2"]')).toBe(0);
    expect(await visible(page, '.heat tbody td')).toBe(lists.length * 2 * 2);
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.waitForFunction(() => document.querySelector('output')?.textContent?.startsWith('16 of 16'));
    expect(await visible(page, '.figures tbody tr')).toBe(144);
    await page.getByRole('combobox', { name: 'Group' }).selectOption('locks');
    const locks = workloads.filter(({ group }) => group === 'locks');
    expect(locks.length).toBeGreaterThan(0);
    expect(await visible(page, '.figures tbody tr')).toBe(locks.length * 9);
    await page.getByRole('combobox', { name: 'Workload' }).fill('nothing is called so');
    expect(await count.textContent()).toBe('0 of 16 workloads, 0 of 144 rows');
  });

  it('sorts by what a column means, not by its text', async () => {
    const page = await open();
    const rates = () =>
      page.locator('.figures tbody tr').evaluateAll((rows) =>
        rows.map((row) => {
          const text = row.children[3].textContent ?? '';
          return Number.parseFloat(text) * (text.includes('k') ? 1e3 : 1e6);
        }),
      );
    const button = page.locator('.figures').getByRole('button', { name: 'operations/s' });
    await button.click();
    const falling = await rates();
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    const head = page.locator('.figures th', {
      has: page.getByRole('button', { name: 'operations/s' }),
    });
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await button.click();
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    expect(await rates()).toEqual([...falling].reverse());
    // Figures of one thread have no speed-up: they are last, either way.
    const speedup = page.locator('.figures').getByRole('button', { name: 'speed-up' });
    for (let i = 0; i < 2; i++) {
      await speedup.click();
      const last = page.locator('.figures tbody tr').last().locator('td').nth(1);
      expect(await last.textContent()).toBe('1');
    }
    await page.locator('.heat thead tr').nth(1).getByRole('button').first().click();
    const column = await page
      .locator('.heat tbody tr')
      .evaluateAll((rows) => rows.map((row) => Number(row.children[1].textContent)));
    expect(column).toEqual([...column].sort((a, b) => b - a));
  });

  it('changes its theme, and begins with the system’s', async () => {
    const page = await open({ colorScheme: 'dark' });
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.getByRole('button', { name: 'Light colours' }).click();
    const light = await paper();
    expect(light).toBe('rgb(255, 255, 255)');
    expect(dark).not.toBe(light);
    await page.getByRole('button', { name: 'Dark colours' }).click();
    expect(await paper()).toBe(dark);
  });

  it('gives its figures away', async () => {
    const page = await open({ acceptDownloads: true });
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download compare.json' }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('compare.json');
    const embedded = await page.locator('#compare-json').textContent();
    const given = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(given).toEqual(JSON.parse(embedded ?? ''));
    expect(given.results).toHaveLength(144);
  });

  it('fits a phone: only tables scroll sideways', async () => {
    const page = await open({ viewport: { width: 360, height: 740 } });
    const wide = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await wide()).toBeLessThanOrEqual(0);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    expect(await wide()).toBeLessThanOrEqual(0);
    const scrolling = await page
      .locator('.scroll')
      .evaluateAll((all) => all.filter((each) => each.scrollWidth > each.clientWidth + 1).length);
    expect(scrolling).toBeGreaterThan(1);
    for (const each of await page.locator('.scroll').all()) {
      expect(await each.getAttribute('tabindex')).toBe('0');
      expect((await each.getAttribute('aria-label'))?.length).toBeGreaterThan(3);
    }
  });

  it('can be used with the keyboard alone', async () => {
    const page = await open();
    const reached: string[] = [];
    for (let i = 0; i < 45; i++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(() => {
          const { activeElement: at } = document;
          const outline = at === null ? '' : getComputedStyle(at).outlineStyle;
          return `${at?.tagName} ${(at as HTMLInputElement).name ?? ''} ${at?.textContent?.slice(0, 20) ?? ''} ${outline}`;
        }),
      );
    }
    expect(reached[0]).toMatch(/^A {2}Skip to the report/);
    expect(reached.some((each) => each.startsWith('INPUT text'))).toBe(true);
    expect(reached.some((each) => each.startsWith('SELECT group'))).toBe(true);
    expect(reached.filter((each) => each.startsWith('INPUT build'))).toHaveLength(3);
    expect(reached.some((each) => /^BUTTON {2}workload/.test(each))).toBe(true);
    for (const each of reached) expect(each).toMatch(/(auto|solid)$/);
    await page.locator('.figures').getByRole('button', { name: 'threads' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.figures th[aria-sort]').textContent()).toContain('threads');
    // From the first chart the arrows go through the points of all charts beside it.
    await page.locator('.multiples svg').first().focus();
    const tip = page.locator('.tip');
    await page.keyboard.press('ArrowRight');
    expect(await tip.textContent()).toMatch(/^fib, gil: (CPython )?at 2: \d/);
    await page.keyboard.press('End');
    expect(await tip.textContent()).toMatch(/^alloc-drop-instance, gilectomy: at 4: \d/);
    await page.keyboard.press('Escape');
    expect(await tip.isVisible()).toBe(false);
  });

  it('says what a point is when the pointer is near', async () => {
    const page = await open();
    await page.locator('#price .bar').first().hover();
    expect(await page.locator('.tip').textContent()).toMatch(/^fib, free-threaded: (CPython )?\d/);
    await page.mouse.move(5, 5);
    expect(await page.locator('.tip').isVisible()).toBe(false);
  });

  it('has landmarks, headings in order and charts with a finding', async () => {
    const page = await open();
    const tree = await page.locator('body').ariaSnapshot();
    for (const part of ['- banner', '- navigation "Contents"', '- search "Filter the report"', '- main']) {
      expect(tree).toContain(part);
    }
    for (const name of [
      'Summary',
      'Environment',
      'Speed-up',
      'Efficiency',
      'Latency',
      'Fairness',
      'Race outcomes',
    ]) {
      expect(tree).toContain(`heading "${name}" [level=2]`);
    }
    expect(tree).toMatch(/img "fib, speed-up by number of threads\. gil at 4: \d/);
    expect(tree).toMatch(/img "shared-counter-lock, 4 threads, time of a request/);
    const levels = await page
      .locator('h1, h2, h3')
      .evaluateAll((all) => all.map((head) => Number(head.tagName.slice(1))));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - levels[i]).toBeLessThanOrEqual(1);
    });
    const unnamed = await page
      .locator('svg')
      .evaluateAll(
        (all) =>
          all.filter((svg) => svg.getAttribute('aria-hidden') !== 'true' && !svg.getAttribute('aria-label'))
            .length,
      );
    expect(unnamed).toBe(0);
  });

  it('shows everything on paper, and no controls', async () => {
    const page = await open({ colorScheme: 'dark' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    expect(await visible(page, '.controls, nav, .filter')).toBe(0);
    expect(await visible(page, '.counters')).toBe(16);
    expect(await visible(page, '.figures tbody tr')).toBe(144);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).color)).toBe('rgb(0, 0, 0)');
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await page.locator('details.why[open]').count()).toBe(0);
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(50_000);
  });

  it('shows everything without its script, too', async () => {
    const page = await open({ javaScriptEnabled: false });
    expect(await page.locator('.multiples figure').count()).toBe(16);
    for (const selector of ['.figures tbody tr', '.multiples g use', '#price .bar', '.heat td']) {
      expect(await page.locator(selector).first().isVisible()).toBe(true);
    }
    for (const control of await page.locator('.controls').all())
      expect(await control.isVisible()).toBe(false);
  });
});
