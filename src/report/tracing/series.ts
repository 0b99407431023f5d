import { SAMPLED, type ThreadRecording } from '../../runtime/tracing/recording.js';
import type { TimelineSeries } from '../timeline.js';
import type { Stretch } from './stretch.js';

/** Shown even where it does not change. */
const ALWAYS = 'heap bytes';

/** What was sampled, over all threads: sums of what each has counted since the stretch began, and what they all see. */
export function seriesOf(recordings: readonly ThreadRecording[], stretch: Stretch): TimelineSeries[] {
  const series = SAMPLED.map(({ name, perThread }, column) => ({
    name,
    points: perThread
      ? sumOf(recordings, stretch, column)
      : pointsOf(samplesOf(recordings, column), stretch, ({ value }) => value),
  }));
  return series.filter(({ name, points }) => points.length > 0 && (name === ALWAYS || changes(points)));
}

interface Sample {
  readonly thread: number;
  readonly time: number;
  readonly value: number;
}

/** One value of all samples of all threads, in the order of their times. */
function samplesOf(recordings: readonly ThreadRecording[], column: number): Sample[] {
  const all = recordings.flatMap(({ thread, samples }) =>
    Array.from(samples.times, (time, i) => ({
      thread,
      time,
      value: samples.values[i * SAMPLED.length + column],
    })),
  );
  return all.sort((a, b) => a.time - b.time);
}

function sumOf(recordings: readonly ThreadRecording[], stretch: Stretch, column: number): Points {
  const latest = new Map<number, number>();
  const before = new Map<number, number>();
  return pointsOf(samplesOf(recordings, column), stretch, ({ thread, time, value }) => {
    latest.set(thread, value);
    if (time <= stretch.from || !before.has(thread)) before.set(thread, value);
    let sum = 0;
    for (const [one, count] of latest) sum += count - (before.get(one) ?? 0);
    return sum;
  });
}

type Points = [at: number, value: number][];

/** The last sample before the stretch stands at its beginning; of several at one place the last one counts. */
function pointsOf(samples: readonly Sample[], stretch: Stretch, value: (sample: Sample) => number): Points {
  const points: Points = [];
  for (const sample of samples) {
    const y = value(sample);
    if (sample.time > stretch.to) break;
    const at = stretch.at(sample.time);
    if (points.at(-1)?.[0] === at) points.pop();
    points.push([at, y]);
  }
  return points;
}

function changes(points: Points): boolean {
  return points.some(([, value]) => value !== points[0][1]);
}
