import { Bench } from 'tinybench';

/** Operations in one call of a task: a call of tinybench costs more than one operation. */
export const INNER = 100_000;

export interface Case {
  readonly name: string;
  /** Does the operation `INNER` times. */
  readonly body: () => void;
}

/** Medians in nanoseconds an operation, by name. */
export async function runSuite(cases: readonly Case[]): Promise<Map<string, number>> {
  const bench = new Bench({ time: 200, warmupTime: 80 });
  for (const { name, body } of cases) bench.add(name, body);
  await bench.run();
  const medians = new Map<string, number>();
  for (const task of bench.tasks) {
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${task.name} did not finish`);
    medians.set(task.name, (result.latency.p50 * 1e6) / INNER);
  }
  return medians;
}
