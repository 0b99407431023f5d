import { UsageError } from './errors.js';

const MIN_MS = 0.001;
const MAX_MS = 600_000;

/** The GIL's switch interval such as `5ms` or `500us`, in milliseconds. */
export function parseSwitchInterval(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text);
  const scale = { us: 0.001, ms: 1, s: 1000 }[match?.[2] ?? ''] ?? Number.NaN;
  const milliseconds = Number(match?.[1]) * scale;
  if (milliseconds >= MIN_MS && milliseconds <= MAX_MS) return milliseconds;
  throw new UsageError(
    `switch interval '${text}' is not valid; accepted: 1us to ${MAX_MS / 1000}s, such as 500us or 5ms`,
  );
}
