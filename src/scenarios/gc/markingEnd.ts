import { Marking } from '../../gc/marking/layout.js';
import { PacketExchange } from '../../gc/marking/packetExchange.js';
import { MarkingSession } from '../../gc/marking/session.js';
import { WorkSearch } from '../../gc/marking/workSearch.js';
import { Control } from '../../memory/layout.js';
import { threadBlock } from '../../threads/evalBreaker.js';
import { pause } from '../classic/pause.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** When several mark: nobody ends before the work does, nobody sleeps through it. */

interface Work {
  /** A word for each thread: packets that it has worked on. */
  readonly done: number;
}

function session(w: World): Work {
  const heap = w.i32;
  heap[Control.GcMarking + Marking.Members] = w.threadCount;
  for (let i = 0; i < w.threadCount; i++) heap[Control.GcMarking + Marking.Table + i] = threadBlock(i);
  new PacketExchange(heap, threadBlock(0)).reset(w.threadCount);
  new MarkingSession(heap).open();
  return { done: w.words(w.threadCount, 'done') };
}

/** As ParallelMarker.work, where a packet is work that leads to nothing. */
function work(s: Work, w: World, me: number, session: MarkingSession, packets: PacketExchange): void {
  const search = new WorkSearch(session, packets, 0);
  do {
    w.i32[s.done + me]++;
    while (packets.takeOwn()) w.i32[s.done + me]++;
    session.leave();
  } while (search.search());
}

/** Has two packets: shares one, works on the other. */
function collector(s: Work, w: World, me: number): void {
  const session = new MarkingSession(w.i32);
  const packets = new PacketExchange(w.i32, threadBlock(me));
  packets.offer(1, 1);
  session.announce();
  work(s, w, me, session, packets);
}

/** Is content with one packet: the collector is the one that looks again. */
function helper(s: Work, w: World, me: number): void {
  const session = new MarkingSession(w.i32);
  const packets = new PacketExchange(w.i32, threadBlock(me));
  if (!new WorkSearch(session, packets, 0).search()) return;
  w.i32[s.done + me]++;
  session.leave();
}

/** Its packet is for the other alone. */
function publisher(s: Work, w: World, me: number): void {
  const session = new MarkingSession(w.i32);
  const packets = new PacketExchange(w.i32, threadBlock(me));
  packets.offer(1, 1);
  session.announce();
  while (!packets.isOwnEmpty()) pause();
  work(s, w, me, session, packets);
}

function total(s: Work, w: World): { done: number; active: number } {
  let done = 0;
  for (let i = 0; i < w.threadCount; i++) done += w.i32[s.done + i];
  return { done, active: w.i32[Control.GcMarking + Marking.Active] };
}

class TakesUncounted extends WorkSearch {
  protected override take(): boolean {
    return this.packets.steal() && this.session.enter();
  }
}

class LeavesSilently extends MarkingSession {
  override leave(): void {
    Atomics.sub(this.i32, Control.GcMarking + Marking.Active, 1);
  }
}

class LooksBeforeItIsCounted extends WorkSearch {
  protected override sleep(): void {
    if (this.packets.areThere() || this.session.isOver()) return;
    this.session.sleep(this.session.prepareSleep());
    this.session.endSleep();
  }
}

class NoAnnouncement extends MarkingSession {
  override announce(): void {}
}

const DONE = { 'done=2, active=0': 'required' } as const;

export const markingEnd = scenario<Work>('marking-end', {
  about:
    'a marker publishes work and runs out of it while another steals or goes to sleep: all of it is done',
  setup: session,
  threads: { collector, helper },
  after: total,
  outcomes: DONE,
  world: { dataRaces: true },
  variants: {
    'a thief counts itself in when it has stolen': {
      overrides: [TakesUncounted],
      finds: ['done=1, active=0'],
    },
    'the last one out wakes nobody': { overrides: [LeavesSilently], finds: ['deadlock'] },
  },
});

export const markingSleep = scenario<Work>('marking-sleep', {
  about: 'work is published while the only other marker falls asleep: it takes it (lost wake-up)',
  setup: session,
  threads: { publisher, helper },
  after: total,
  outcomes: DONE,
  world: { dataRaces: true },
  variants: {
    'a marker looks around before it is counted among the sleepers': {
      overrides: [LooksBeforeItIsCounted],
      finds: ['deadlock'],
    },
    'who publishes does not look for sleepers': { overrides: [NoAnnouncement], finds: ['deadlock'] },
  },
});
