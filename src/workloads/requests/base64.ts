import { PythonError } from '../../memory/errors.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { CodePoints } from './codePoints.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d;

/** base64.b64encode (RFC 4648) of a str whose code points are bytes. One a thread. */
export class Base64 {
  private readonly digits = Int32Array.from(ALPHABET, (digit) => digit.charCodeAt(0));
  private readonly text = new CodePoints();

  constructor(private readonly t: Thread) {}

  /** A new str. Throws ValueError where a code point is no byte, MemoryError. */
  encode(bytes: Ref): Ref {
    const { text } = this;
    const { strings } = this.t;
    const length = strings.length(bytes);
    text.length = 0;
    for (let at = 0; at < length; at += 3) {
      const first = this.byteAt(bytes, at);
      const second = at + 1 < length ? this.byteAt(bytes, at + 1) : 0;
      const third = at + 2 < length ? this.byteAt(bytes, at + 2) : 0;
      const bits = (first << 16) | (second << 8) | third;
      text.add(this.digits[bits >> 18]);
      text.add(this.digits[(bits >> 12) & 63]);
      text.add(at + 1 < length ? this.digits[(bits >> 6) & 63] : PADDING);
      text.add(at + 2 < length ? this.digits[bits & 63] : PADDING);
    }
    return strings.fromCodePoints(text.points, text.length);
  }

  private byteAt(bytes: Ref, at: number): number {
    const point = this.t.strings.codePointAt(bytes, at);
    if (point > 0xff) throw new PythonError('ValueError', `code point ${point} at ${at} is no byte`);
    return point;
  }
}
