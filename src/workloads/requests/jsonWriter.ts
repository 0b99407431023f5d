import { PythonError } from '../../memory/errors.js';
import { BuiltinType, Control, Header } from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';
import { CodePoints } from './codePoints.js';

const HEX = '0123456789abcdef';

/**
 * json.dumps(value, separators=(',', ':')) of dicts with strs as keys, lists, strs, ints, bools and None (CPython
 * `Lib/json/encoder.py`): all that is not ASCII is escaped. One a thread.
 */
export class JsonWriter {
  private readonly text = new CodePoints();

  constructor(private readonly t: Thread) {}

  /** A new str. Throws TypeError for what JSON has no form for here, MemoryError. */
  write(value: Ref): Ref {
    this.text.length = 0;
    this.value(value);
    return this.t.strings.fromCodePoints(this.text.points, this.text.length);
  }

  private value(value: Ref): void {
    const { numbers } = this.t;
    switch (this.t.i32[value + Header.Type]) {
      case BuiltinType.Str:
        this.string(value);
        break;
      case BuiltinType.Int:
        this.text.addInteger(numbers.value(value));
        break;
      case BuiltinType.Dict:
        this.dict(value);
        break;
      case BuiltinType.List:
        this.list(value);
        break;
      case BuiltinType.Bool:
        this.ascii(value === Control.True ? 'true' : 'false');
        break;
      case BuiltinType.None:
        this.ascii('null');
        break;
      default:
        throw new PythonError('TypeError', 'object is not JSON serializable');
    }
  }

  private dict(dict: Ref): void {
    const { dicts, refs } = this.t;
    this.ascii('{');
    for (let at = dicts.next(dict, 0), first = true; at >= 0; at = dicts.next(dict, at), first = false) {
      const key = dicts.lastKey;
      const value = dicts.lastValue;
      try {
        if (!first) this.ascii(',');
        this.string(key);
        this.ascii(':');
        this.value(value);
      } finally {
        refs.decref(key);
        refs.decref(value);
      }
    }
    this.ascii('}');
  }

  private list(list: Ref): void {
    const { lists, refs } = this.t;
    this.ascii('[');
    for (let i = 0; i < lists.length(list); i++) {
      const item = lists.get(list, i);
      try {
        if (i > 0) this.ascii(',');
        this.value(item);
      } finally {
        refs.decref(item);
      }
    }
    this.ascii(']');
  }

  private string(str: Ref): void {
    const { strings } = this.t;
    if (this.t.i32[str + Header.Type] !== BuiltinType.Str) {
      throw new PythonError('TypeError', 'keys must be str');
    }
    this.ascii('"');
    const length = strings.length(str);
    for (let i = 0; i < length; i++) this.escaped(strings.codePointAt(str, i));
    this.ascii('"');
  }

  private escaped(point: number): void {
    if (point === 0x22) this.ascii('\\"');
    else if (point === 0x5c) this.ascii('\\\\');
    else if (point === 0x0a) this.ascii('\\n');
    else if (point === 0x0d) this.ascii('\\r');
    else if (point === 0x09) this.ascii('\\t');
    else if (point === 0x08) this.ascii('\\b');
    else if (point === 0x0c) this.ascii('\\f');
    else if (point >= 0x20 && point < 0x7f) this.text.add(point);
    else if (point < 0x10000) this.unicode(point);
    else {
      this.unicode(0xd800 + ((point - 0x10000) >> 10));
      this.unicode(0xdc00 + (point & 0x3ff));
    }
  }

  private unicode(unit: number): void {
    this.ascii('\\u');
    for (let shift = 12; shift >= 0; shift -= 4) this.text.add(HEX.charCodeAt((unit >> shift) & 15));
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.text.add(text.charCodeAt(i));
  }
}
