import { SafepointHold } from '../../gc/tracing/safepointHold.js';
import type { PendingWork } from '../../threads/threadState.js';
import { scenario } from '../scenario.js';
import type { World } from '../world.js';

/** A collector that traces waits until every thread stands at a safepoint: a stopped world is not enough. */

const COLLECTOR = 0;
const OTHER = 1;

interface Held {
  /** 1 while the other thread is in the middle of an operation: it may have the only reference to something. */
  readonly inside: number;
}

/** What a thread does when it is called: as `TracingCollector.due`. Nothing else pends here. */
class Stays implements PendingWork {
  constructor(private readonly hold: SafepointHold) {}

  collectIfDue(): void {
    this.hold.stay();
  }

  mergeQueued(): void {}
  processDelayed(): void {}
  publishStack(): void {}
  helpPause(): void {}
  dropCaches(): void {}
}

/** The other waits detached, for a container's lock. */
function insideAnOperation(w: World): Held {
  const other = w.thread(OTHER);
  other.state.pending = new Stays(new SafepointHold(other, false));
  other.state.detach();
  w.main.state.atSafepoint(1);
  const s = { inside: w.words(1, 'inside') };
  w.i32[s.inside] = 1;
  return s;
}

class StoppedIsEnough extends SafepointHold {
  protected override allAtSafepoints(): boolean {
    return true;
  }
}

export const safepointHold = scenario<Held>('safepoint-hold', {
  about:
    'a tracing collector finds a thread that waits in the middle of an operation: it lets it come to its safepoint',
  setup: insideAnOperation,
  threads: {
    collector(s, w) {
      const hold = new SafepointHold(w.thread(COLLECTOR), false);
      hold.begin();
      w.check(w.i32[s.inside] === 0, 'a thread is in the middle of an operation');
      hold.end();
    },
    other(s, w) {
      const { state } = w.thread(OTHER);
      state.attach();
      w.i32[s.inside] = 0;
      state.poll();
      state.atSafepoint(1);
    },
  },
  after: (s, w) => ({ inside: w.i32[s.inside] }),
  outcomes: { 'inside=0': 'required' },
  world: { dataRaces: true },
  variants: {
    'a stopped world is taken for enough': { overrides: [StoppedIsEnough], finds: ['broken invariant'] },
  },
});
