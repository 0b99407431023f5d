/** Plain-text building blocks: numbers, words, padding, wrapping, colour. */

import type { Interval } from './figures.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

/**
 * Million operations per second: at most five characters up to 99999 Mops/s. Below 0.01 single operations, in at most
 * six: `125/s`. `-` for an undefined figure.
 */
export function formatMops(opsPerSecond: number | undefined): string {
  if (opsPerSecond === undefined || !Number.isFinite(opsPerSecond)) return '-';
  const mops = opsPerSecond / 1e6;
  if (mops >= 999.95) return mops.toFixed(0);
  if (mops > 0 && mops < 0.00995) return `${opsPerSecond.toFixed(0)}/s`;
  return mops.toFixed(mops >= 9.995 ? 1 : mops >= 0.0995 || mops === 0 ? 2 : 3);
}

/** A ratio with two decimals; `-` for an undefined one. */
export function formatRatio(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined || !Number.isFinite(ratio) ? '-' : ratio.toFixed(2);
}

/** Half of an interval around a figure, in percent of it: `3`, below a half `<1`, from 100 `>99`; `-` without one. */
export function formatHalfWidth(
  figure: number | null | undefined,
  interval: Interval | null | undefined,
): string {
  if (!figure || !interval) return '-';
  const percent = (50 * (interval.high - interval.low)) / figure;
  if (percent < 0.5) return '<1';
  return percent < 99.5 ? percent.toFixed(0) : '>99';
}

/** A whole number with separators: `1,048,576`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Bytes for people, at most three digits before the unit: `12 B`, `1.5 KiB`, `240 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** MiB with a decimal; `-` where it was not measured. */
export function formatMiB(bytes: number | undefined): string {
  return bytes === undefined || !Number.isFinite(bytes) ? '-' : (bytes / 2 ** 20).toFixed(1);
}

/** Thousands with a decimal; `-` where it was not measured. */
export function formatThousands(count: number | undefined): string {
  return count === undefined || !Number.isFinite(count) ? '-' : (count / 1000).toFixed(1);
}

/** Milliseconds with three digits; `-` where nothing was measured. */
export function formatMs(milliseconds: number | undefined): string {
  if (milliseconds === undefined || !Number.isFinite(milliseconds)) return '-';
  if (milliseconds < 9.995) return milliseconds.toFixed(2);
  return milliseconds.toFixed(milliseconds < 99.95 ? 1 : 0);
}

/** Nanoseconds with a unit, three digits at least: `240 ns`, `1.52 us`, `13.0 ms`; `-` where nothing was measured. */
export function formatTime(nanoseconds: number | undefined): string {
  if (nanoseconds === undefined || !Number.isFinite(nanoseconds)) return '-';
  if (nanoseconds < 999.5) return `${nanoseconds.toFixed(0)} ns`;
  if (nanoseconds >= 999.5e9) return `${(nanoseconds / 1e9).toFixed(0)} s`;
  const [divisor, unit] =
    nanoseconds < 999.5e3 ? [1e3, 'us'] : nanoseconds < 999.5e6 ? [1e6, 'ms'] : [1e9, 's'];
  return `${(nanoseconds / divisor).toPrecision(3)} ${unit}`;
}

/** `1 thread`, `2 threads`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Seconds for people: `45 s`, `2 min 5 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Breaks at spaces so that no line is longer than `width`, lines after the first indented by `indent`. A single
 * word that does not fit is cut.
 */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const joined = line === '' ? word : line === indent ? indent + word : `${line} ${word}`;
    if (joined.length <= width) {
      line = joined;
      continue;
    }
    if (line.trim() !== '') lines.push(line);
    let rest = lines.length === 0 ? word : indent + word;
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = indent + rest.slice(width);
    }
    line = rest;
  }
  if (line.trim() !== '') lines.push(line);
  return lines;
}

export type Paint = (style: 'bold' | 'dim' | 'red', text: string) => string;

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39] } as const;

/** Terminal colours, or the text as it is. Written out because `util.styleText` came only with Node 20.12. */
export function painter(colour: boolean): Paint {
  return (style, text) =>
    colour && text !== '' ? `\x1b[${CODES[style][0]}m${text}\x1b[${CODES[style][1]}m` : text;
}
