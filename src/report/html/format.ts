/** Figures with their units, three digits each, so that columns align. `-` where there is none. */

/** Operations per second: `12.3 M`, `950 k`. */
export function formatRate(perSecond: number | null | undefined): string {
  return prefixed(perSecond, ['', ' k', ' M', ' G', ' T']);
}

/** `850 ns`, `12.3 µs`, `1.20 ms`, `2.00 s`. */
export function formatNs(nanoseconds: number | null | undefined): string {
  return prefixed(nanoseconds, [' ns', ' µs', ' ms', ' s']);
}

export function formatMilliseconds(milliseconds: number | null | undefined): string {
  return formatNs(typeof milliseconds === 'number' ? milliseconds * 1e6 : milliseconds);
}

function prefixed(value: number | null | undefined, units: readonly string[]): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '-';
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${threeDigits(scaled)}${units[unit]}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** The same for the labels of an axis, without zeros: `1 µs`. */
export function formatTick(nanoseconds: number): string {
  return nanoseconds === 0 ? '0' : formatNs(nanoseconds).replace(/\.0+(?= )/, '');
}

/** Both ends of an interval, with one unit if they have the same. */
export function formatRange(low: string, high: string): string {
  const unit = / .+$/.exec(high)?.[0] ?? '';
  const same = unit !== '' && low.endsWith(unit);
  return `${same ? low.slice(0, -unit.length) : low} – ${high}`;
}

/** `87 %`, in one line. */
export function formatPercent(share: number | null | undefined): string {
  return typeof share === 'number' && Number.isFinite(share) ? `${Math.round(share * 100)}\u00a0%` : '-';
}
