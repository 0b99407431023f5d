import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timeline, TimelineSlice } from '#ungil/report/timeline.js';
import { thinned } from '#ungil/report/tracing/thin.js';
import { timelineOf } from '#ungil/report/tracing/timelineOf.js';
import { formatTraceFile, toTraceFile } from '#ungil/report/tracing/traceEvents.js';
import { renderTimeline } from '#ungil/report/tracing/traceText.js';
import { doubleGil, nonsense } from './meaning.js';
import { Script, timelineOfScripts } from './scripts.js';
import { violationsOf } from './traceRules.js';

const HOST = { ungil: '1.2.3', node: 'v20', cpus: 2 };

function slicesOf(script: Script): string[] {
  const { tracks } = timelineOfScripts([script]);
  return tracks[0]!.slices.map(({ state, start, end, note }) => {
    return `${state}${note === undefined ? '' : ` (${note})`} ${start}-${end}`;
  });
}

describe('the states of a thread', () => {
  it('are running, where nothing else was recorded', () => {
    expect(slicesOf(new Script(0))).toEqual(['running 0-100']);
  });

  it('begin with the stretch and end with it', () => {
    const script = new Script(0, { from: -50, to: 130 });
    script.push(-20, 'Collecting', 'before').pop(10, 'Collecting').off(90, 'Parked');
    expect(slicesOf(script)).toEqual(['collecting (before) 0-10', 'running 10-90', 'parked 90-100']);
  });

  it('nest, phases around what lies in them', () => {
    const script = new Script(0).push(10, 'Collecting', 'c').push(12, 'StoppingTheWorld');
    script.pop(14, 'StoppingTheWorld').phase(14, 'stop').phase(20, 'markAlive');
    script
      .push(21, 'Finalising', 'finaliser')
      .pop(23, 'Finalising')
      .phase(25, 'finalizers')
      .phase(25, 'none');
    expect(slicesOf(script.pop(30, 'Collecting'))).toEqual([
      'running 0-10',
      'collecting (c) 10-30',
      'stopping the world 12-14',
      'marking (markAlive) 14-20',
      'finalising (finalizers) 20-25',
      'finalising (finaliser) 21-23',
      'collecting (rest) 25-30',
      'running 30-100',
    ]);
  });

  it('of a thread that is not attached take each other’s place, and equal ones are one', () => {
    const script = new Script(0).leave(10).off(12, 'WaitingForGil', 'forced').off(14, 'Parked');
    script.leave(15).off(16, 'WaitingForGil').on(20).leave(20).on(20).on(21);
    expect(slicesOf(script)).toEqual([
      'running 0-10',
      'parked 10-12',
      'waiting for the GIL (forced) 12-14',
      'parked 14-16',
      'waiting for the GIL 16-20',
      'running 20-100',
    ]);
  });

  it('end with the one around them, where an error flew past their own end', () => {
    const script = new Script(0)
      .push(10, 'WaitingForLock', 'L')
      .leave(11)
      .pop(15, 'WaitingForLock')
      .pop(16, 'Marking');
    expect(slicesOf(script)).toEqual([
      'running 0-10',
      'waiting for a lock (L) 10-15',
      'parked 11-15',
      'running 15-100',
    ]);
  });
});

describe('the owners of a lock', () => {
  const waited = { waited: true };

  it('are shown one after the other, with an arrow to who had waited', () => {
    const a = new Script(0).hold(8, 10, 20).hold(8, 40, 45).hold(8, 50, 60);
    const b = new Script(1).lock(8, 'list at 0x2').hold(8, 20.5, 40, waited).hold(99, 1, 2);
    const { tracks, arrows } = timelineOfScripts([a, b]);
    expect(tracks.map(({ name }) => name)).toEqual(['thread 0', 'thread 1', 'list at 0x2']);
    expect(tracks[2]?.slices).toEqual([
      { state: 'held', start: 10, end: 20, thread: 0 },
      { state: 'held', start: 20.5, end: 40, thread: 1 },
      { state: 'held', start: 40, end: 60, thread: 0, note: '2 acquisitions' },
    ]);
    expect(arrows).toEqual([{ fromTrack: 0, from: 20, toTrack: 1, to: 20.5, name: 'list at 0x2' }]);
  });

  it('do not overlap, and no arrow points back, where clocks disagree', () => {
    const a = new Script(0).lock(8, 'L').hold(8, 10, 21, { handedOver: true });
    const b = new Script(1).hold(8, 20, 30, waited);
    const { tracks, arrows } = timelineOfScripts([a, b]);
    expect(tracks[2]?.slices.map(({ start, end }) => [start, end])).toEqual([
      [10, 21],
      [21, 30],
    ]);
    expect(arrows).toEqual([{ fromTrack: 0, from: 21, toTrack: 1, to: 21, name: 'L, handed over' }]);
  });

  it('of the GIL come first, then the lock that changed hands most', () => {
    const a = new Script(0).lock(8, 'L').lock(12, 'M').hold(8, 1, 2, waited).hold(12, 3, 4).hold(-1, 0, 90);
    const b = new Script(1).hold(12, 5, 6, waited);
    expect(
      timelineOfScripts([a, b])
        .tracks.slice(2)
        .map(({ name }) => name),
    ).toEqual(['GIL', 'M', 'L']);
  });
});

describe('a lock that nobody waits for in the stretch', () => {
  it('has no track, until somebody does', () => {
    const a = new Script(0, { to: 200 }).lock(8, 'L').hold(8, 1, 99).push(120, 'WaitingForLock', 'L');
    a.hold(8, 130, 140, { waited: true });
    expect(timelineOfScripts([a]).tracks.map(({ name }) => name)).toEqual(['thread 0']);
    const b = new Script(1).push(98, 'WaitingForLock', 'L');
    expect(timelineOfScripts([a, b]).tracks.map(({ name }) => name)).toEqual(['thread 0', 'thread 1', 'L']);
  });
});

describe('a stop of the world', () => {
  it('ends with arrows to those who go on', () => {
    const a = new Script(0).push(10, 'StoppingTheWorld').pop(20, 'StoppingTheWorld').restart(30).restart(80);
    const b = new Script(1).off(15, 'Stopped').on(32);
    expect(timelineOfScripts([a, b]).arrows).toEqual([
      { fromTrack: 0, from: 30, toTrack: 1, to: 32, name: 'the world goes on' },
    ]);
  });
});

describe('series', () => {
  it('add up what each thread has counted since the beginning', () => {
    const a = new Script(0)
      .sample(-5, { parks: 7, 'heap bytes': 100 })
      .sample(50, { parks: 9, 'heap bytes': 100 });
    const b = new Script(1)
      .sample(-4, { parks: 1, 'heap bytes': 100 })
      .sample(60, { parks: 2, 'heap bytes': 100 });
    expect(timelineOfScripts([a, b]).series).toEqual([
      {
        name: 'heap bytes',
        points: [
          [0, 100],
          [50, 100],
          [60, 100],
        ],
      },
      {
        name: 'parks',
        points: [
          [0, 0],
          [50, 2],
          [60, 3],
        ],
      },
    ]);
  });
});

describe('what was lost', () => {
  it('counts where it was lost in the stretch', () => {
    expect(timelineOfScripts([new Script(0, { dropped: 5, droppedFrom: 50 })]).dropped).toBe(5);
    expect(timelineOfScripts([new Script(0, { dropped: 5, droppedFrom: 101 })]).dropped).toBe(0);
  });

  it('is everything, where no thread got as far as the stretch', () => {
    const run = { options: {} as never, recordings: [], complete: false, wrong: null, unraisable: [] };
    expect(timelineOf(run)).toBeNull();
  });
});

describe('the summary', () => {
  it('says where the time went, the longest waits and the locks', () => {
    const a = new Script(0).lock(8, 'list at 0x2').hold(8, 0, 50).hold(8, 75, 80);
    const b = new Script(1)
      .push(10, 'WaitingForLock', 'list at 0x2')
      .leave(20)
      .on(50)
      .pop(50, 'WaitingForLock');
    b.hold(8, 50, 75, { waited: true }).leave(80);
    const timeline = timelineOfScripts([a, b]);
    expect(renderTimeline({ ...timeline, dropped: 3 })).toEqual([
      'fib, gil, 2 threads: 100 us',
      '',
      '  thread 0  running 100 %',
      '  thread 1  parked 50 %, running 40 %, waiting for a lock 10 %',
      '',
      'longest waits',
      '  40 us  thread 1  waiting for list at 0x2  from 10 us',
      '  20 us  thread 1  parked                   from 80 us',
      '',
      'most contended',
      '  list at 0x2  held 80 % of the time  to a thread that waited: 1 time',
      '',
      '3 events did not fit and are missing; take a shorter --time',
    ]);
  });
});

describe('the checks of meaning', () => {
  it('find what they look for', () => {
    const slice = (start: number, end: number, thread?: number): TimelineSlice =>
      thread === undefined ? { state: 'running', start, end } : { state: 'held', start, end, thread };
    const good = timelineOfScripts([new Script(0), new Script(1)]);
    const withSlices = (kind: 'thread' | 'lock', ...slices: TimelineSlice[]): string[] =>
      nonsense({ ...good, tracks: [...good.tracks, { kind, name: 'x', slices }] });
    expect(nonsense(good)).toEqual([]);
    expect(withSlices('thread', slice(0, 5), slice(6, 9))).toEqual(['x: a gap at 6']);
    expect(withSlices('thread', slice(0, 5), slice(5, 5))).toContain('x: running 5 to 5 is empty');
    expect(withSlices('thread', slice(0, 5), slice(4, 9))).toContain('x: running 4 to 9 lies across another');
    expect(withSlices('thread', slice(2, 5), slice(1, 2))).toContain('x: running 1 to 2 is out of order');
    expect(withSlices('thread', slice(2, 500))).toEqual(['x: running 2 to 500 is outside']);
    expect(withSlices('thread')).toEqual(['x is empty']);
    expect(withSlices('lock', slice(0, 5, 0), slice(2, 4, 1))).toEqual([
      'x: held 2 to 4 overlaps another owner',
    ]);
    const arrow = { fromTrack: 0, from: 5, toTrack: 1, to: 4, name: 'L' };
    expect(nonsense({ ...good, arrows: [arrow] })).toEqual(['an arrow from 5 back to 4']);
    expect(nonsense({ ...good, arrows: [{ ...arrow, to: 6, toTrack: 0 }] })).toEqual([
      'an arrow from track 0 to itself',
    ]);
    expect(nonsense({ ...good, arrows: [{ ...arrow, to: 6, toTrack: 7 }] })).toEqual(['an arrow at track 7']);
    expect(doubleGil(good)).toBe(100);
    expect(doubleGil(timelineOfScripts([new Script(0).leave(40), new Script(1).leave(0).on(40)]))).toBe(0);
  });
});

describe('whatever was recorded', () => {
  const STATES = ['WaitingForLock', 'StoppingTheWorld', 'Collecting', 'Marking', 'Finalising'] as const;
  const OFF = ['WaitingForGil', 'Parked', 'Stopped'] as const;
  const action = fc.record({
    wait: fc.double({ min: 0, max: 20, noNaN: true }),
    kind: fc.constantFrom('push', 'pop', 'off', 'on', 'leave', 'phase', 'restart', 'hold', 'sample'),
    which: fc.nat({ max: 14 }),
  });
  const threads = fc.array(fc.array(action, { maxLength: 60 }), { minLength: 1, maxLength: 4 });

  function play(actions: typeof threads extends fc.Arbitrary<infer Value> ? Value : never): Timeline {
    const scripts = actions.map((list, thread) => {
      const script = new Script(thread, { from: -thread }).lock(8, 'L').lock(12, 'M');
      let time = -5;
      for (const { wait, kind, which } of list) {
        time += wait;
        if (kind === 'push') script.push(time, STATES[which % STATES.length]!, `note ${which}`);
        else if (kind === 'pop') script.pop(time, STATES[which % STATES.length]!);
        else if (kind === 'off') script.off(time, OFF[which % OFF.length]!);
        else if (kind === 'phase') script.phase(time, ['markAlive', 'stop', 'split'][which % 3]!);
        else if (kind === 'hold') {
          const flags = { waited: which % 2 === 0, handedOver: which % 3 === 0 };
          script.hold([8, 12, -1][which % 3]!, time, time + wait, flags);
          time += wait;
        } else if (kind === 'sample') script.sample(time, { parks: which });
        else script[kind](time);
      }
      return script;
    });
    return timelineOfScripts(scripts);
  }

  /** A phase of a collection ends while the thread waits in it. */
  const PHASE_WITHIN = [
    { wait: 0, kind: 'push', which: 7 } as const,
    { wait: 0, kind: 'push', which: 0 } as const,
    { wait: 5.0625, kind: 'phase', which: 0 } as const,
  ];

  it('comes to slices that nest and cover, arrows that point forward, and a file by the rules', () => {
    fc.assert(
      fc.property(threads, (actions) => {
        const timeline = play(actions);
        expect(nonsense(timeline)).toEqual([]);
        expect(violationsOf(formatTraceFile(toTraceFile(timeline, HOST, true)))).toEqual([]);
      }),
      { numRuns: 300, examples: [[[PHASE_WITHIN]]] },
    );
  });

  it('gets small enough for a picture', () => {
    const many = Array.from({ length: 3 }, (_, thread) => {
      const script = new Script(thread, { to: 1e6, length: 1e6 }).lock(8, 'L');
      for (let at = thread; at < 1e6; at += 300) {
        script.push(at, 'WaitingForLock', 'L').pop(at + 90, 'WaitingForLock');
        script.hold(8, at + 90, at + 100, { waited: true }).sample(at, { parks: at });
      }
      return script;
    });
    const timeline = timelineOfScripts(many);
    expect(JSON.stringify(timeline).length).toBeGreaterThan(500_000);
    const small = thinned(timeline);
    expect(JSON.stringify(small).length).toBeLessThan(20_000);
    expect(small.thinned).toBeGreaterThan(0);
    expect(nonsense(small)).toEqual([]);
    expect(thinned(small)).toBe(small);
  });
});
