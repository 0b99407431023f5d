import { Deque } from './layout.js';

/**
 * A work-stealing deque of packets in shared memory (Chase and Lev, "Dynamic Circular Work-Stealing Deque", 2005; Le et
 * al., "Correct and Efficient Work-Stealing for Weak Memory Models", 2013; sequentially consistent here). Its owner pushes
 * and pops at the bottom, everybody else steals at the top. It does not grow: an owner whose deque is full keeps its work.
 *
 * A packet is two words that are never both 0. Packet number n lies in the ring from the moment Bottom becomes n + 1; it
 * belongs to whoever moves Top from n to n + 1, but for the newest one's owner, who need not move Top while older ones are
 * there: it has taken Bottom back first, and looks at Top afterwards; a thief looks at Top first and at Bottom afterwards.
 */
export class WorkDeque {
  /** The packet that `pop` or `steal` has returned true for. */
  first = 0;
  second = 0;

  constructor(
    protected readonly i32: Int32Array,
    /** First of its words. A thief may go on to another deque. */
    public base: number,
    /** Packets, a power of two. */
    protected readonly capacity: number = Deque.Capacity,
  ) {}

  /** Empty. While nobody else looks. */
  reset(): void {
    Atomics.store(this.i32, this.base + Deque.Top, 0);
    Atomics.store(this.i32, this.base + Deque.Bottom, 0);
  }

  /** Owner. False if there is no room. */
  push(first: number, second: number): boolean {
    const heap = this.i32;
    const bottom = Atomics.load(heap, this.base + Deque.Bottom);
    if (!this.hasRoom(bottom)) return false;
    const packet = this.packet(bottom);
    Atomics.store(heap, packet, first);
    Atomics.store(heap, packet + 1, second);
    Atomics.store(heap, this.base + Deque.Bottom, bottom + 1);
    return true;
  }

  /** Owner: takes the newest packet. */
  pop(): boolean {
    const heap = this.i32;
    const bottom = Atomics.load(heap, this.base + Deque.Bottom) - 1;
    const top = this.takeBack(bottom);
    if (top > bottom) {
      Atomics.store(heap, this.base + Deque.Bottom, bottom + 1);
      return false;
    }
    this.read(bottom);
    if (top < bottom) return true;
    // The last one: thieves see it too.
    const won = this.win(top);
    Atomics.store(heap, this.base + Deque.Bottom, bottom + 1);
    return won;
  }

  /** Anybody else: takes the oldest packet. False if there is none, or another was quicker. */
  steal(): boolean {
    const heap = this.i32;
    const top = Atomics.load(heap, this.base + Deque.Top);
    if (top >= Atomics.load(heap, this.base + Deque.Bottom)) return false;
    // Once Top has moved the owner may put another packet there.
    this.read(top);
    return this.win(top);
  }

  /** Whether a packet was there. Anybody. */
  isEmpty(): boolean {
    const heap = this.i32;
    return Atomics.load(heap, this.base + Deque.Top) >= Atomics.load(heap, this.base + Deque.Bottom);
  }

  /** Whether number `bottom` has a place in the ring: the packet that was there before it has been taken. */
  protected hasRoom(bottom: number): boolean {
    return bottom - Atomics.load(this.i32, this.base + Deque.Top) < this.capacity;
  }

  /** Bottom goes down before Top is looked at: a thief that comes later sees this packet gone. Returns Top. */
  protected takeBack(bottom: number): number {
    Atomics.store(this.i32, this.base + Deque.Bottom, bottom);
    return Atomics.load(this.i32, this.base + Deque.Top);
  }

  /** Whether packet number `top` is this thread's: exactly one of all who try. */
  protected win(top: number): boolean {
    return Atomics.compareExchange(this.i32, this.base + Deque.Top, top, top + 1) === top;
  }

  protected read(number: number): void {
    const packet = this.packet(number);
    this.first = Atomics.load(this.i32, packet);
    this.second = Atomics.load(this.i32, packet + 1);
  }

  private packet(number: number): number {
    return this.base + Deque.Ring + (number & (this.capacity - 1)) * Deque.PacketWords;
  }
}
