import type { Summary } from './summary.js';
import { formatRatio, plural } from './text.js';

interface Sentence {
  text: string;
  /** How many workloads its mean is over. */
  workloads: number;
}

/** The summary as sentences, one an entry, with `cpythonSource`, the origin of CPython's figures. Empty if there is nothing to say. */
export function summaryInWords(summary: Summary, cpythonSource: string): string[] {
  const sentences = [...priceInWords(summary), ...speedupInWords(summary), ...costInWords(summary)];
  if (sentences.length === 0) return [];
  const counts = new Set(sentences.map((sentence) => sentence.workloads));
  const source = comparesWithCPython(summary) ? [`Source of CPython's figures: ${cpythonSource}.`] : [];
  if (counts.size > 1) {
    return [...sentences.map(({ text, workloads }) => `${text}; ${meanOver(workloads)}.`), ...source];
  }
  const [count] = counts;
  const heading = `In short, ${meanOver(count)}:`;
  return [heading, ...sentences.map((sentence) => `${sentence.text}.`), ...source];
}

/** Some figure of the summary stands beside one of CPython's. */
function comparesWithCPython(summary: Summary): boolean {
  const { priceOfFreeThreading: price, speedup, nsPerOpOverCPython } = summary;
  const besides = [price, ...Object.values(speedup)];
  return (
    Object.keys(nsPerOpOverCPython).length > 0 || besides.some((beside) => (beside?.cpython ?? null) !== null)
  );
}

function priceInWords({ priceOfFreeThreading: price }: Summary): Sentence[] {
  if (price === null) return [];
  const ratio = `${formatRatio(price.ours)} times gil's time per operation${besideCPython(price.cpython)}`;
  return [{ text: `price of free threading at 1 thread: ${ratio}`, workloads: price.workloads }];
}

function speedupInWords({ speedup }: Summary): Sentence[] {
  return Object.entries(speedup).map(([build, { ours, cpython, threads, workloads }]) => {
    const ratio = `${formatRatio(ours)} times the throughput of 1 thread${besideCPython(cpython)}`;
    return { text: `${build} at ${plural(threads, 'thread')}: ${ratio}`, workloads };
  });
}

function costInWords({ nsPerOpOverCPython }: Summary): Sentence[] {
  return Object.entries(nsPerOpOverCPython).map(([build, { ratio, workloads, worst }]) => {
    const dearest = workloads > 1 ? `, dearest ${worst.workload} with ${formatRatio(worst.ratio)}` : '';
    return {
      text: `${build} at 1 thread: ${formatRatio(ratio)} times CPython's time per operation${dearest}`,
      workloads,
    };
  });
}

function besideCPython(ratio: number | null): string {
  return ratio === null ? '' : ` (CPython: ${formatRatio(ratio)})`;
}

function meanOver(workloads: number): string {
  return workloads === 1 ? 'on 1 workload' : `geometric means of ${workloads} workloads`;
}
