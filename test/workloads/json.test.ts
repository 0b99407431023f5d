import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PythonError } from '#ungil/memory/errors.js';
import { BuiltinType, Control, Header } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import type { Ref } from '#ungil/refcount/refCounter.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { findLeaks } from '#ungil/runtime/leaks.js';
import { Thread } from '#ungil/runtime/thread.js';
import { Base64 } from '#ungil/workloads/requests/base64.js';
import { JsonParser } from '#ungil/workloads/requests/jsonParser.js';
import { JsonWriter } from '#ungil/workloads/requests/jsonWriter.js';

function attached(): Thread {
  const t = new Thread(SharedMemory.create(32 << 20), buildNamed('free-threaded'), 0);
  t.start();
  t.initialiseInterpreter();
  return t;
}

const t = attached();
const parser = new JsonParser(t);
const writer = new JsonWriter(t);
const base64 = new Base64(t);

/** What the object is, in JavaScript. Floats are marked: JSON has no other way to tell 1.0 from 1. */
function unwrap(object: Ref): unknown {
  switch (t.i32[object + Header.Type]) {
    case BuiltinType.Str:
      return t.strings.text(object);
    case BuiltinType.Int:
      return t.numbers.value(object);
    case BuiltinType.Float:
      return { float: t.numbers.value(object) };
    case BuiltinType.Bool:
      return object === Control.True;
    case BuiltinType.None:
      return null;
    case BuiltinType.List:
      return Array.from({ length: t.lists.length(object) }, (_, i) => release(t.lists.get(object, i)));
    default: {
      const entries: [string, unknown][] = [];
      for (let at = t.dicts.next(object, 0); at >= 0; at = t.dicts.next(object, at)) {
        const { lastKey, lastValue } = t.dicts;
        entries.push([release(lastKey) as string, release(lastValue)]);
      }
      return new Map(entries);
    }
  }
}

function release(object: Ref): unknown {
  const value = unwrap(object);
  t.refs.decref(object);
  return value;
}

function loads(text: string): unknown {
  const source = t.strings.create(text);
  try {
    return release(parser.parse(source));
  } finally {
    t.refs.decref(source);
  }
}

/** The same from JavaScript's parser; `-0` as the int that Python makes of it. */
function reference(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reference);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, reference(item)]));
  }
  return value;
}

/** What is alive, free lists aside. */
function alive(): unknown {
  t.clearOwnFreeLists();
  return findLeaks(t).map(({ type, count }) => [type, count]);
}

/** Without floats, whose text decides: those have a test of their own. `__proto__` is no key for JavaScript. */
const VALUES = fc
  .jsonValue({ maxDepth: 4, noUnicodeString: false } as fc.JsonSharedConstraints)
  .map((value) =>
    JSON.parse(
      JSON.stringify(value, (key, item) => {
        if (key === '__proto__') return undefined;
        return typeof item === 'number' ? Math.trunc(item % 2 ** 50) + 0 : item;
      }),
    ),
  );

describe('json.loads', () => {
  it('builds what JavaScript reads from the same text', () => {
    fc.assert(
      fc.property(VALUES, fc.constantFrom(0, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(loads(text)).toEqual(reference(JSON.parse(text)));
      }),
    );
  });

  it('rounds floats as JavaScript does', () => {
    const texts = [
      '1.0',
      '0.1',
      '-2.5e-3',
      '1e22',
      '1e23',
      '1E+5',
      '123456789012345678901.5',
      '5e-324',
      '0.0',
      '1e400',
    ];
    for (const text of texts) expect(loads(text)).toEqual({ float: Number(text) });
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
        expect(loads(text)).toEqual({ float: Number(text) });
      }),
    );
  });

  it('knows escapes, surrogates, and every width of str', () => {
    expect(loads('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00"')).toBe(
      '"\\/\b\f\n\r\té€\u{1f600}',
    );
    expect(loads('"\\ud83dx"')).toBe('\ud83dx');
    expect(loads('"\\ud83d\\u0041"')).toBe('\ud83dA');
    expect(loads(' [ ] ')).toEqual([]);
    expect(loads('{"a":1,"a":2}')).toEqual(new Map([['a', 2]]));
  });

  it.each([
    ['', 'Expecting value: char 0'],
    ['[1,', 'Expecting value: char 3'],
    ['[1 2]', "Expecting ',' delimiter: char 3"],
    ['{"a" 1}', "Expecting ':' delimiter: char 5"],
    ['{a:1}', 'Expecting property name enclosed in double quotes: char 1'],
    ['{"a":1,}', 'Expecting property name enclosed in double quotes: char 7'],
    ['"abc', 'Unterminated string starting at: char 0'],
    ['"a\nb"', 'Invalid control character at: char 2'],
    ['"\\x"', 'Invalid \\escape: char 1'],
    ['"\\u12g4"', 'Invalid \\uXXXX escape: char 5'],
    ['01', 'Extra data: char 1'],
    ['-', 'Expecting value: char 0'],
    ['1.', 'Extra data: char 1'],
    ['nul', 'Expecting value: char 0'],
    ['true false', 'Extra data: char 5'],
  ])('refuses %j', (text, message) => {
    expect(() => loads(text)).toThrow(new PythonError('ValueError', message));
  });

  it('refuses what is too deep, and leaves nothing behind, whatever it read', () => {
    const before = alive();
    expect(() => loads('['.repeat(5000))).toThrow(/maximum recursion depth/);
    expect(() => loads('[[{"a": ["b", 1.5, {"c": 123456')).toThrow(PythonError);
    expect(() => loads('9007199254740993')).toThrow(/OverflowError|no int below/);
    expect(alive()).toEqual(before);
  });
});

describe('json.dumps', () => {
  it('writes what JavaScript writes, in ASCII', () => {
    fc.assert(
      fc.property(VALUES, (value) => {
        const text = JSON.stringify(value);
        const source = t.strings.create(text);
        const object = parser.parse(source);
        const written = writer.write(object);
        const found = t.strings.text(written);
        for (const ref of [source, object, written]) t.refs.decref(ref);
        expect(found).toMatch(/^[ -~]*$/);
        expect(JSON.parse(found)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON has no form for', () => {
    const tuple = t.tuples.create([Control.None, Control.None]);
    expect(() => writer.write(tuple)).toThrow(/not JSON serializable/);
    t.refs.decref(tuple);
  });
});

describe('base64', () => {
  function encode(text: string): string {
    const source = t.strings.create(text);
    try {
      return release(base64.encode(source)) as string;
    } finally {
      t.refs.decref(source);
    }
  }

  it('is that of RFC 4648', () => {
    for (const [text, wanted] of [
      ['', ''],
      ['f', 'Zg=='],
      ['fo', 'Zm8='],
      ['foo', 'Zm9v'],
      ['foobar', 'Zm9vYmFy'],
    ]) {
      expect(encode(text)).toBe(wanted);
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encode(String.fromCharCode(...bytes))).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });

  it('takes bytes only', () => {
    expect(() => encode('€')).toThrow(/code point 8364 at 0 is no byte/);
  });
});
