import { Spinner } from '../../sync/spin.js';
import type { PacketExchange } from './packetExchange.js';
import type { MarkingSession } from './session.js';

/** How a marker without work finds some, or learns that there is none any more. */
export class WorkSearch {
  private readonly spinner = new Spinner();

  constructor(
    protected readonly session: MarkingSession,
    protected readonly packets: PacketExchange,
    /** Looks around before it sleeps. */
    private readonly looks: number,
  ) {}

  /** Not counted in. True: it is now, and `packets` has what it took. False: the session is over. Throws RunAborted. */
  search(): boolean {
    let looks = this.looks;
    while (!this.session.isOver()) {
      if (this.packets.areThere()) {
        if (this.take()) return true;
      } else if (looks > 0) {
        looks--;
        this.spinner.turn();
      } else {
        this.sleep();
        looks = this.looks;
      }
    }
    return false;
  }

  /** Counted in before it takes anything: the session must not end with a packet on its way. */
  protected take(): boolean {
    if (!this.session.enter()) return false;
    if (this.packets.steal()) return true;
    this.session.leave();
    return false;
  }

  /** Looks once more when it is counted among the sleepers: who publishes later sees that, and wakes it. */
  protected sleep(): void {
    const seen = this.session.prepareSleep();
    try {
      if (!this.packets.areThere() && !this.session.isOver()) this.session.sleep(seen);
    } finally {
      this.session.endSleep();
    }
  }
}
