/** A text under construction: code points, in an array that grows and is used again. */
export class CodePoints {
  points = new Int32Array(256);
  length = 0;

  add(point: number): void {
    if (this.length === this.points.length) this.grow();
    this.points[this.length++] = point;
  }

  /** An integer within 2^53, in decimal. */
  addInteger(value: number): void {
    if (value < 0) this.add(0x2d);
    let rest = Math.abs(value);
    let divisor = 1;
    while (divisor * 10 <= rest) divisor *= 10;
    for (; divisor >= 1; divisor /= 10) {
      const digit = Math.floor(rest / divisor);
      this.add(0x30 + digit);
      rest -= digit * divisor;
    }
  }

  private grow(): void {
    const larger = new Int32Array(this.points.length * 2);
    larger.set(this.points);
    this.points = larger;
  }
}
