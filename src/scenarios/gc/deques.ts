import { WorkDeque } from '../../gc/marking/deque.js';
import { Deque } from '../../gc/marking/layout.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** Work-stealing deques of markers: every packet is taken once. Chase and Lev 2005; Le et al. 2013. */

const CAPACITY = 2;

interface Stolen {
  /** First word of the deque. */
  readonly base: number;
  /** What each thread has taken, `PLACES` words a thread. */
  readonly got: number;
  /** Packets 1 to this number were there, or were accepted. */
  readonly packets: number;
}

const PLACES = 4;

function filled(w: World, packets: number): Stolen {
  const base = w.words(Deque.Ring + CAPACITY * Deque.PacketWords, 'deque');
  w.name(base + Deque.Top, 1, 'top');
  w.name(base + Deque.Bottom, 1, 'bottom');
  const deque = dequeAt(base, w);
  deque.reset();
  for (let packet = 1; packet <= packets; packet++) deque.push(packet, packet);
  return { base, got: w.words(PLACES * w.threadCount, 'got'), packets };
}

function dequeAt(base: number, w: World): WorkDeque {
  return new WorkDeque(w.i32, base, CAPACITY);
}

function note(s: Stolen, w: World, me: number, place: number, deque: WorkDeque): void {
  w.check(deque.first === deque.second, `half of packet ${deque.first}, half of ${deque.second}`);
  w.i32[s.got + PLACES * me + place] = deque.first;
}

function popOne(s: Stolen, w: World, me: number): void {
  const deque = dequeAt(s.base, w);
  if (deque.pop()) note(s, w, me, 0, deque);
}

function stealOne(s: Stolen, w: World, me: number): void {
  const deque = dequeAt(s.base, w);
  if (deque.steal()) note(s, w, me, 0, deque);
}

function stealTwo(s: Stolen, w: World, me: number): void {
  const deque = dequeAt(s.base, w);
  if (deque.steal()) note(s, w, me, 0, deque);
  if (deque.steal()) note(s, w, me, 1, deque);
}

/** Another packet, where the thief may still be reading the one before it; then all that is left. */
function pushAndPop(s: Stolen, w: World, me: number): void {
  const deque = dequeAt(s.base, w);
  const added = s.packets + 1;
  if (!deque.push(added, added)) w.i32[s.got + PLACES * me] = added;
  for (let place = 1; place < PLACES && deque.pop(); place++) note(s, w, me, place, deque);
}

/** What the threads have, and what is still there. */
function count(s: Stolen, w: World, packets: number): { lost: number; twice: number } {
  const times: number[] = [];
  for (let packet = 0; packet <= packets; packet++) times.push(0);
  for (let i = 0; i < PLACES * w.threadCount; i++) times[w.i32[s.got + i]]++;
  const deque = dequeAt(s.base, w);
  while (deque.steal()) times[deque.first]++;
  let lost = 0;
  let twice = 0;
  for (let packet = 1; packet <= packets; packet++) {
    if (times[packet] === 0) lost++;
    if (times[packet] > 1) twice++;
  }
  return { lost, twice };
}

class WinByStore extends WorkDeque {
  protected override win(top: number): boolean {
    if (Atomics.load(this.i32, this.base + Deque.Top) !== top) return false;
    Atomics.store(this.i32, this.base + Deque.Top, top + 1);
    return true;
  }
}

/** What a processor does that lets the load of Top overtake the store of Bottom (Le et al., section 3). */
class TopBeforeBottom extends WorkDeque {
  protected override takeBack(bottom: number): number {
    const top = Atomics.load(this.i32, this.base + Deque.Top);
    Atomics.store(this.i32, this.base + Deque.Bottom, bottom);
    return top;
  }
}

class AlwaysRoom extends WorkDeque {
  protected override hasRoom(): boolean {
    return true;
  }
}

class ReadAfterWin extends WorkDeque {
  override steal(): boolean {
    const top = Atomics.load(this.i32, this.base + Deque.Top);
    if (top >= Atomics.load(this.i32, this.base + Deque.Bottom)) return false;
    if (!this.win(top)) return false;
    this.read(top);
    return true;
  }
}

const OUTCOMES = { 'lost=0, twice=0': 'required' } as const;
const TAKEN_TWICE = ['lost=0, twice=1'];

export const dequeLast = scenario<Stolen>('deque-last', {
  about:
    'the last packet of a deque is popped while it is stolen: one of the two has it (Chase and Lev 2005)',
  setup: (w) => filled(w, 1),
  threads: { owner: popOne, thief: stealOne },
  after: (s, w) => count(s, w, 1),
  outcomes: OUTCOMES,
  world: { dataRaces: true },
  variants: { 'Top moves by load and store': { overrides: [WinByStore], finds: TAKEN_TWICE } },
});

export const dequePopSteal = scenario<Stolen>('deque-pop-steal', {
  about: 'a thief comes near the packet that the owner takes without an exchange (Le et al. 2013)',
  setup: (w) => filled(w, 2),
  threads: { owner: popOne, thief: stealTwo },
  after: (s, w) => count(s, w, 2),
  outcomes: OUTCOMES,
  world: { dataRaces: true },
  variants: {
    'Top is looked at before Bottom goes down': { overrides: [TopBeforeBottom], finds: TAKEN_TWICE },
  },
});

export const dequeStealSteal = scenario<Stolen>('deque-steal-steal', {
  about: 'two thieves at one deque: each packet goes to one of them (Chase and Lev 2005)',
  setup: (w) => filled(w, 2),
  threads: [stealOne, stealOne],
  after: (s, w) => count(s, w, 2),
  outcomes: OUTCOMES,
  world: { dataRaces: true },
  variants: { 'Top moves by load and store': { overrides: [WinByStore], finds: TAKEN_TWICE } },
});

export const dequeRing = scenario<Stolen>('deque-ring', {
  about: 'a full deque: the owner uses a place of the ring again while a thief reads it (Chase and Lev 2005)',
  setup: (w) => filled(w, CAPACITY),
  threads: { owner: pushAndPop, thief: stealOne },
  after: (s, w) => count(s, w, CAPACITY + 1),
  outcomes: OUTCOMES,
  world: { dataRaces: true },
  variants: {
    'the owner does not look for room': {
      overrides: [AlwaysRoom],
      outcomes: { '*': 'expected' },
      finds: ['lost=1, twice=1', 'lost=1, twice=0'],
    },
    'a thief reads the packet when it has won it': {
      overrides: [ReadAfterWin],
      outcomes: { '*': 'expected' },
      finds: ['lost=1, twice=1', 'broken invariant'],
    },
  },
});
