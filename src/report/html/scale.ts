/** From figures to places: 0 is the low end of an axis, 1 the high one. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** From `low` to `high`, with about `count` ticks at round numbers. */
export function linear(low: number, high: number, count: number, label: (value: number) => string): Scale {
  const step = roundStep((high - low) / count);
  const ticks = Array.from({ length: Math.floor((high - low) / step + 1e-9) + 1 }, (_, i) => low + i * step);
  return {
    at: (value) => clamp((value - low) / (high - low)),
    ticks: ticks.map((value) => ({ value, label: label(Number(value.toPrecision(6))) })),
  };
}

/** Powers of `base` around the two values; where there are many of them only some have ticks. */
export function logarithmic(
  low: number,
  high: number,
  base: number,
  label: (value: number) => string,
  most = 6,
): Scale {
  const log = (value: number): number => Math.log(value) / Math.log(base);
  const first = Math.floor(log(low) + 1e-9);
  const last = Math.max(Math.ceil(log(high) - 1e-9), first + 1);
  const every = Math.ceil((last - first + 1) / most);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return {
    at: (value) => clamp((log(value) - first) / (last - first)),
    ticks: powers
      .filter((power) => power % every === 0)
      .map((power) => ({ value: base ** power, label: label(base ** power) })),
  };
}

function clamp(place: number): number {
  return Number.isNaN(place) ? 0 : Math.min(Math.max(place, 0), 1);
}

/** 1, 2, 2.5 or 5 times a power of ten, not below `step`. */
function roundStep(step: number): number {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= step * 0.999) ?? 10;
  return factor * power;
}

/** A coordinate with at most one decimal. */
export function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}
