import { PythonError } from '../../memory/errors.js';
import { Control } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { CodePoints } from './codePoints.js';

const enum Char {
  Tab = 0x09,
  Newline = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Plus = 0x2b,
  Comma = 0x2c,
  Minus = 0x2d,
  Dot = 0x2e,
  Zero = 0x30,
  Nine = 0x39,
  Colon = 0x3a,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
  /** Behind the last one. */
  End = -1,
}

/** Powers of ten up to here are exact doubles, and so is a product or quotient of one with an exact integer, rounded. */
const EXACT_POWER = 22;
/** CPython's recursion limit. */
const DEEPEST = 1000;

/**
 * json.loads (RFC 8259; CPython `Lib/json/decoder.py`): builds dicts, lists, strs, ints and floats of the runtime from a
 * str of the runtime. Ints are exact to 2^53. One a thread.
 */
export class JsonParser {
  private readonly text = new CodePoints();
  private source: Ref = 0;
  private end = 0;
  private at = 0;
  private depth = 0;

  constructor(private readonly t: Thread) {}

  /** The value of this text; a new reference. Throws ValueError for what is no JSON, OverflowError, MemoryError. */
  parse(source: Ref): Ref {
    this.source = source;
    this.end = this.t.strings.length(source);
    this.at = 0;
    this.depth = 0;
    this.skipSpace();
    const value = this.value();
    this.skipSpace();
    if (this.at === this.end) return value;
    this.t.refs.decref(value);
    return this.fail('Extra data');
  }

  private value(): Ref {
    switch (this.peek()) {
      case Char.OpenBrace:
        return this.nested(this.t.dicts.create(), Char.CloseBrace);
      case Char.OpenBracket:
        return this.nested(this.t.lists.create(), Char.CloseBracket);
      case Char.Quote:
        return this.string();
      case 0x74:
        return this.word('true', Control.True);
      case 0x66:
        return this.word('false', Control.False);
      case 0x6e:
        return this.word('null', Control.None);
      default:
        return this.number();
    }
  }

  /** A dict or list, whose opening bracket is next; drops it if the text is wrong. */
  private nested(container: Ref, close: Char): Ref {
    try {
      if (++this.depth > DEEPEST) throw new PythonError('RuntimeError', 'maximum recursion depth exceeded');
      this.at++;
      this.skipSpace();
      if (this.peek() === close) this.at++;
      else this.members(container, close);
    } catch (error) {
      this.t.refs.decref(container);
      throw error;
    }
    this.depth--;
    return container;
  }

  private members(container: Ref, close: Char): void {
    for (;;) {
      if (close === Char.CloseBrace) this.entry(container);
      else this.item(container);
      this.skipSpace();
      const next = this.peek();
      this.at++;
      if (next === close) return;
      if (next !== Char.Comma) this.fail("Expecting ',' delimiter", this.at - 1);
      this.skipSpace();
    }
  }

  private item(list: Ref): void {
    const item = this.value();
    this.t.lists.append(list, item);
    this.t.refs.decref(item);
  }

  private entry(dict: Ref): void {
    const { dicts, refs } = this.t;
    if (this.peek() !== Char.Quote) this.fail('Expecting property name enclosed in double quotes');
    const key = this.string();
    try {
      this.skipSpace();
      if (this.peek() !== Char.Colon) this.fail("Expecting ':' delimiter");
      this.at++;
      this.skipSpace();
      const value = this.value();
      dicts.set(dict, key, value);
      refs.decref(value);
    } finally {
      refs.decref(key);
    }
  }

  private string(): Ref {
    const { text } = this;
    const { strings } = this.t;
    const start = this.at++;
    text.length = 0;
    for (;;) {
      if (this.at === this.end) this.fail('Unterminated string starting at', start);
      const point = strings.codePointAt(this.source, this.at++);
      if (point === Char.Quote) return strings.fromCodePoints(text.points, text.length);
      if (point < Char.Space) this.fail('Invalid control character at', this.at - 1);
      text.add(point === Char.Backslash ? this.escape() : point);
    }
  }

  /** Behind a backslash. */
  private escape(): number {
    const kind = this.peek();
    this.at++;
    switch (kind) {
      case Char.Quote:
      case Char.Backslash:
      case 0x2f:
        return kind;
      case 0x62:
        return 0x08;
      case 0x66:
        return 0x0c;
      case 0x6e:
        return Char.Newline;
      case 0x72:
        return Char.Return;
      case 0x74:
        return Char.Tab;
      case 0x75:
        return this.unicode();
      default:
        return this.fail('Invalid \\escape', this.at - 2);
    }
  }

  /** Four digits, or two times four where the first are a high surrogate and the second a low one. */
  private unicode(): number {
    const high = this.hex();
    const { at } = this;
    if ((high & 0xfc00) !== 0xd800 || this.peek() !== Char.Backslash) return high;
    this.at++;
    if (this.peek() === 0x75) {
      this.at++;
      const low = this.hex();
      if ((low & 0xfc00) === 0xdc00) return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
    }
    this.at = at;
    return high;
  }

  private hex(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.peek());
      if (digit < 0) this.fail('Invalid \\uXXXX escape');
      value = value * 16 + digit;
      this.at++;
    }
    return value;
  }

  private number(): Ref {
    const { numbers } = this.t;
    const start = this.at;
    const negative = this.peek() === Char.Minus;
    if (negative) this.at++;
    if (!this.isDigit()) this.fail('Expecting value', start);
    let value = 0;
    // No digit behind a leading zero.
    if (this.peek() === Char.Zero) this.at++;
    else value = this.digits(0);
    const scale = this.fractionAndExponent(start, value);
    if (scale === null) return numbers.int(negative ? -value : value);
    return numbers.float(negative ? -scale : scale);
  }

  /** The number's size if it has a fraction or an exponent, null if it is an int. */
  private fractionAndExponent(start: number, whole: number): number | null {
    let mantissa = whole;
    let power = 0;
    let isFloat = false;
    if (this.peek() === Char.Dot && this.isDigit(1)) {
      isFloat = true;
      const first = ++this.at;
      mantissa = this.digits(mantissa);
      power = first - this.at;
    }
    if ((this.peek() | 0x20) === 0x65) {
      const before = this.at++;
      const minus = this.peek() === Char.Minus;
      if (minus || this.peek() === Char.Plus) this.at++;
      if (this.isDigit()) {
        isFloat = true;
        const exponent = this.digits(0);
        power += minus ? -exponent : exponent;
      } else this.at = before;
    }
    return isFloat ? this.scaled(start, mantissa, power) : null;
  }

  /** mantissa * 10^power, correctly rounded (Clinger 1990: one operation on two exact numbers; else the long way). */
  private scaled(start: number, mantissa: number, power: number): number {
    if (mantissa <= Number.MAX_SAFE_INTEGER && Math.abs(power) <= EXACT_POWER) {
      return power < 0 ? mantissa / 10 ** -power : mantissa * 10 ** power;
    }
    let text = '';
    for (let i = start; i < this.at; i++) {
      text += String.fromCharCode(this.t.strings.codePointAt(this.source, i));
    }
    return Math.abs(Number(text));
  }

  private digits(from: number): number {
    let value = from;
    while (this.isDigit())
      value = value * 10 + this.t.strings.codePointAt(this.source, this.at++) - Char.Zero;
    return value;
  }

  private isDigit(ahead = 0): boolean {
    const point = this.peek(ahead);
    return point >= Char.Zero && point <= Char.Nine;
  }

  private word(word: string, object: Ref): Ref {
    for (let i = 0; i < word.length; i++) {
      if (this.peek(i) !== word.charCodeAt(i)) this.fail('Expecting value');
    }
    this.at += word.length;
    return this.t.refs.newStatic(object);
  }

  private skipSpace(): void {
    for (;;) {
      const point = this.peek();
      const space =
        point === Char.Space || point === Char.Newline || point === Char.Return || point === Char.Tab;
      if (!space) return;
      this.at++;
    }
  }

  private peek(ahead = 0): number {
    const at = this.at + ahead;
    return at < this.end ? this.t.strings.codePointAt(this.source, at) : Char.End;
  }

  private fail(what: string, at = this.at): never {
    throw new PythonError('ValueError', `${what}: char ${at}`);
  }
}

/** -1 if it is none. */
function hexDigit(point: number): number {
  if (point >= Char.Zero && point <= Char.Nine) return point - Char.Zero;
  const letter = point | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
