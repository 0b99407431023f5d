import type { Timeline } from '#ungil/report/timeline.js';
import { timelineOf } from '#ungil/report/tracing/timelineOf.js';
import type { ThreadRecording } from '#ungil/runtime/tracing/recording.js';

/** As the `const enum`s of recording.ts. */
const STATES = [
  'Running',
  'WaitingForGil',
  'WaitingForLock',
  'Parked',
  'Stopped',
  'StoppingTheWorld',
  'Collecting',
  'Marking',
  'Finalising',
  'GracePeriod',
] as const;
export type StateName = (typeof STATES)[number];
const EVENTS = { begin: 0, end: 16, off: 32, on: 48, leave: 49, phase: 50, restart: 51, stretch: 52 };
const SAMPLED = ['heap bytes', 'net allocations', 'waits', 'parks', '4', '5', '6', '7', '8', '9', '10', '11'];

/** Where the stretch begins on the clock; times of a script count from here. */
const BEGIN = 1e12;

interface Frame {
  readonly from?: number;
  readonly to?: number;
  /** Of the stretch, 100 if left out. */
  readonly length?: number;
  readonly dropped?: number;
  readonly droppedFrom?: number;
}

/** What a thread has recorded, written by hand: times in microseconds, the stretch from 0 to 100. */
export class Script {
  readonly length: number;
  private readonly events: [time: number, kind: number, note: number][] = [];
  private readonly notes = [''];
  private readonly holds: [lock: number, from: number, to: number, flags: number][] = [];
  private readonly names = new Map<number, string>();
  private readonly samples: [time: number, values: number[]][] = [];

  constructor(
    private readonly thread: number,
    private readonly frame: Frame = {},
  ) {
    this.length = frame.length ?? 100;
  }

  push(time: number, state: StateName, note = ''): this {
    return this.add(time, EVENTS.begin + STATES.indexOf(state), note);
  }
  pop(time: number, state: StateName): this {
    return this.add(time, EVENTS.end + STATES.indexOf(state));
  }
  off(time: number, state: StateName, note = ''): this {
    return this.add(time, EVENTS.off + STATES.indexOf(state), note);
  }
  on(time: number): this {
    return this.add(time, EVENTS.on);
  }
  leave(time: number): this {
    return this.add(time, EVENTS.leave);
  }
  phase(time: number, name: string): this {
    return this.add(time, EVENTS.phase, name);
  }
  restart(time: number): this {
    return this.add(time, EVENTS.restart);
  }
  lock(byte: number, name: string): this {
    this.names.set(byte, name);
    return this;
  }
  hold(byte: number, from: number, to: number, how: { waited?: boolean; handedOver?: boolean } = {}): this {
    const flags = (how.waited === true ? 1 : 0) | (how.handedOver === true ? 6 : 0);
    this.holds.push([byte, BEGIN + from, BEGIN + to, flags]);
    return this;
  }
  sample(time: number, values: Readonly<Record<string, number>>): this {
    this.samples.push([BEGIN + time, SAMPLED.map((name) => values[name] ?? 0)]);
    return this;
  }

  recording(): ThreadRecording {
    const { frame } = this;
    const begin: [number, number, number] = [BEGIN, EVENTS.stretch, 0];
    const events = [...this.events, begin].sort((a, b) => a[0] - b[0]);
    return {
      thread: this.thread,
      start: BEGIN + (frame.from ?? 0),
      end: BEGIN + (frame.to ?? this.length),
      clockError: 0.1,
      events: {
        times: Float64Array.from(events, ([time]) => time),
        kinds: Int32Array.from(events, ([, kind]) => kind),
        notes: Int32Array.from(events, ([, , note]) => note),
      },
      notes: this.notes,
      holds: {
        locks: Int32Array.from(this.holds, ([lock]) => lock),
        from: Float64Array.from(this.holds, ([, from]) => from),
        to: Float64Array.from(this.holds, ([, , to]) => to),
        flags: Uint8Array.from(this.holds, ([, , , flags]) => flags),
      },
      lockNames: this.names,
      samples: {
        times: Float64Array.from(this.samples, ([time]) => time),
        values: Float64Array.from(this.samples.flatMap(([, values]) => values)),
      },
      dropped: frame.dropped ?? 0,
      droppedFrom: BEGIN + (frame.droppedFrom ?? Number.POSITIVE_INFINITY),
    };
  }

  private add(time: number, kind: number, note = ''): this {
    this.events.push([BEGIN + time, kind, note === '' ? 0 : this.notes.push(note) - 1]);
    return this;
  }
}

/** A run of `fib` on the GIL's build in which the threads did what is written. */
export function timelineOfScripts(scripts: readonly Script[]): Timeline {
  const timeline = timelineOf({
    options: {
      workload: 'fib',
      build: 'gil',
      threads: scripts.length,
      timeMs: scripts[0]!.length / 1000,
      warmupMs: 0,
      memoryBytes: 1,
    },
    recordings: scripts.map((script) => script.recording()),
    complete: true,
    wrong: null,
    unraisable: [],
  });
  if (timeline === null) throw new Error('nothing was recorded');
  return timeline;
}
