import { Control, ThreadBlock } from '../../memory/layout.js';
import { WorkDeque } from './deque.js';
import { MarkerBlock, Marking } from './layout.js';

/** The deques of all markers of a session, as one of them sees them. */
export class PacketExchange {
  /** The packet that was taken. */
  first = 0;
  second = 0;
  othersWhoMarked = 0;
  private readonly own: WorkDeque;
  /** Looks at one deque of others after the other. */
  private readonly other: WorkDeque;
  private victim = 0;

  constructor(
    private readonly i32: Int32Array,
    /** Address of the own thread's block. */
    private readonly block: number,
  ) {
    this.own = new WorkDeque(i32, dequeOf(block));
    this.other = new WorkDeque(i32, dequeOf(block));
  }

  /** Nothing is in anybody's deque, nobody has marked anything. Whoever collects, before others are invited. */
  reset(members: number): void {
    for (let member = 0; member < members; member++) {
      const block = this.member(member);
      this.other.base = dequeOf(block);
      this.other.reset();
      this.i32[block + ThreadBlock.Marking + MarkerBlock.Marked] = 0;
    }
  }

  /** Gives others a packet, if there is room for it. */
  offer(first: number, second: number): boolean {
    return this.own.push(first, second);
  }

  isOwnEmpty(): boolean {
    return this.own.isEmpty();
  }

  /** Takes the newest packet of the own deque. */
  takeOwn(): boolean {
    return this.own.pop() && this.took(this.own);
  }

  /** Whether anybody's deque had a packet. */
  areThere(): boolean {
    const members = this.members();
    for (let member = 0; member < members; member++) {
      this.other.base = dequeOf(this.member(member));
      if (!this.other.isEmpty()) return true;
    }
    return false;
  }

  /** Takes the oldest packet of another, beginning with whom it was taken from last. False if it got none. */
  steal(): boolean {
    const members = this.members();
    for (let tries = 0; tries < members; tries++) {
      if (this.victim >= members) this.victim = 0;
      const block = this.member(this.victim);
      this.other.base = dequeOf(block);
      if (block !== this.block && this.other.steal()) {
        this.i32[this.block + ThreadBlock.Marking + MarkerBlock.Stolen]++;
        return this.took(this.other);
      }
      this.victim++;
    }
    return false;
  }

  /** Takes any packet that a cancelled session has left. Whoever collects, when all others have left. */
  takeLeft(): boolean {
    const members = this.members();
    for (let member = 0; member < members; member++) {
      this.other.base = dequeOf(this.member(member));
      if (this.other.steal()) return this.took(this.other);
    }
    return false;
  }

  /** How many objects all others have marked, when they have left; `othersWhoMarked` is how many had any. */
  markedByOthers(): number {
    let total = 0;
    this.othersWhoMarked = 0;
    for (let member = 1; member < this.members(); member++) {
      const marked = this.i32[this.member(member) + ThreadBlock.Marking + MarkerBlock.Marked];
      total += marked;
      if (marked > 0) this.othersWhoMarked++;
    }
    return total;
  }

  private took(from: WorkDeque): true {
    this.first = from.first;
    this.second = from.second;
    return true;
  }

  private members(): number {
    return this.i32[Control.GcMarking + Marking.Members];
  }

  private member(index: number): number {
    return this.i32[Control.GcMarking + Marking.Table + index];
  }
}

function dequeOf(block: number): number {
  return block + ThreadBlock.Marking + MarkerBlock.Deque;
}
