const enum Table {
  Slots = 1 << 12,
  Mask = Slots - 1,
}

/**
 * The locks that a thread holds, and since when; and which locks it has ever seen somebody wait for, by slots that locks may
 * share. A lock whose slot another one has taken meanwhile is not known any more: its hold is not shown.
 */
export class HoldTable {
  private readonly locks = new Int32Array(Table.Slots);
  private readonly times = new Float64Array(Table.Slots);
  private readonly flagsOf = new Uint8Array(Table.Slots);
  private readonly contended = new Uint8Array(Table.Slots);

  clear(): void {
    this.locks.fill(0);
    this.contended.fill(0);
  }

  enter(byte: number, time: number, flags: number): void {
    const slot = slotOf(byte);
    this.locks[slot] = byte;
    this.times[slot] = time;
    this.flagsOf[slot] = flags;
  }

  leave(byte: number): void {
    const slot = slotOf(byte);
    if (this.locks[slot] === byte) this.locks[slot] = 0;
  }

  /** 0: not known. */
  since(byte: number): number {
    const slot = slotOf(byte);
    return this.locks[slot] === byte ? this.times[slot] : 0;
  }

  flags(byte: number): number {
    return this.flagsOf[slotOf(byte)];
  }

  contend(byte: number): void {
    this.contended[slotOf(byte)] = 1;
  }

  isContended(byte: number): boolean {
    return this.contended[slotOf(byte)] === 1;
  }
}

/** Objects lie on multiples of 16 bytes: the bits above go in too. */
function slotOf(byte: number): number {
  const word = byte >>> 2;
  return (word ^ (word >>> 10)) & Table.Mask;
}
