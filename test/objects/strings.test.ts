import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryError } from '#ungil/memory/errors.js';
import { Control, Immortal, StrObject } from '#ungil/memory/layout.js';
import { allocStatic } from '#ungil/memory/staticArena.js';
import { hashText } from '#ungil/objects/strings.js';
import { ObjectWorld } from './support/objectWorld.js';

function world() {
  const whole = new ObjectWorld('free-threaded', 2);
  const [thread, other] = whole.threads;
  return { whole, thread, other, strings: thread.strings, refs: thread.refs };
}

/** Code points as Python counts them: a lone surrogate is one. */
function codePoints(text: string): number[] {
  return Array.from(text, (char) => char.codePointAt(0)!);
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((c) => String.fromCharCode(c)), maxLength: 40 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)), maxLength: 9 }),
);

describe('Strings', () => {
  it('keeps text, length, code points and the narrowest width', () => {
    const { whole, thread, strings } = world();
    fc.assert(
      fc.property(anyText, (text) => {
        const str = strings.create(text);
        const points = codePoints(text);
        const max = Math.max(0, ...points);
        expect(strings.text(str)).toBe(text);
        expect(strings.length(str)).toBe(points.length);
        expect(points.map((_, i) => strings.codePointAt(str, i))).toEqual(points);
        expect(thread.i32[str + StrObject.Kind]).toBe(max > 0xffff ? 4 : max > 0xff ? 2 : 1);
        // The array has room for more.
        const same = strings.fromCodePoints(Int32Array.from([...points, 0x1f600]), points.length);
        expect(strings.equal(same, str)).toBe(true);
        thread.drop(same);
        thread.drop(str);
      }),
    );
    expect(whole.leaks()).toBe(0);
  });

  it('compares, concatenates and hashes as the texts do', () => {
    const { whole, thread, strings } = world();
    const short = fc.oneof(fc.constantFrom('', 'a', 'ab', 'é', 'aé', '€', 'a€', '🙂', 'a🙂'), anyText);
    fc.assert(
      fc.property(short, short, (textA, textB) => {
        // Two lone halves would become a pair in JavaScript, not in Python.
        fc.pre(codePoints(textA + textB).length === codePoints(textA).length + codePoints(textB).length);
        const a = strings.create(textA);
        const b = strings.create(textB);
        const joined = strings.concat(a, b);
        const whole2 = strings.create(textA + textB);
        expect(strings.equal(a, b)).toBe(textA === textB);
        expect(strings.compare(a, b)).toBe(order(codePoints(textA), codePoints(textB)));
        expect(strings.text(joined)).toBe(textA + textB);
        expect(strings.equal(joined, whole2)).toBe(true);
        expect(strings.hash(joined)).toBe(strings.hash(whole2));
        expect(strings.hash(joined)).toBe(hashText(textA + textB));
        thread.drop(a, b, joined, whole2);
      }),
    );
    expect(whole.leaks()).toBe(0);
  });

  it('hashes with FNV-1a, never to 0, and remembers it', () => {
    const { thread, strings } = world();
    const str = strings.create('foobar');
    expect(thread.i32[str + StrObject.Hash]).toBe(0);
    expect(strings.hash(str) >>> 0).toBe(0xbf9cf968);
    expect(thread.i32[str + StrObject.Hash]).toBe(strings.hash(str));
    expect(hashText('') >>> 0).toBe(0x811c9dc5);
  });

  it('indexes from both ends and objects beyond', () => {
    const { whole, thread, strings } = world();
    const str = strings.create('a€🙂');
    const picked = [0, 1, 2, -1, -3].map((i) => {
      const char = strings.at(str, i);
      const text = strings.text(char);
      thread.drop(char);
      return text;
    });
    expect(picked).toEqual(['a', '€', '🙂', '🙂', 'a']);
    expect(() => strings.at(str, 3)).toThrow(/string index 3 out of range/);
    expect(() => strings.at(str, -4)).toThrow(/out of range/);
    thread.drop(str);
    expect(whole.leaks()).toBe(0);
  });

  it('interns: one immortal static str a text, for all threads', () => {
    const { whole, thread, other, strings, refs } = world();
    const texts = Array.from({ length: 2000 }, (_, i) => `name${i * 7919}`).concat(['', 'é', '🙂', '\ud800']);
    const interned = texts.map((text) => strings.intern(text));
    expect(new Set(interned).size).toBe(texts.length);
    expect(texts.map((text) => strings.intern(text))).toEqual(interned);
    expect(texts.map((text) => other.strings.intern(text))).toEqual(interned);
    for (let i = 0; i < texts.length; i++) {
      const str = interned[i];
      expect(strings.text(str)).toBe(texts[i]);
      expect(strings.isInterned(str) && refs.isImmortal(str)).toBe(true);
      expect(strings.hash(str)).toBe(hashText(texts[i]));
      expect(str >= Control.StaticArena && str < Control.StaticArenaEnd).toBe(true);
    }
    refs.decref(interned[0]);
    expect(thread.i32[interned[0] + 1]).toBe(Immortal.Local);
    const fresh = strings.create(texts[5]);
    expect(strings.isInterned(fresh)).toBe(false);
    expect(strings.equal(fresh, interned[5])).toBe(true);
    thread.drop(fresh);
    expect(whole.leaks()).toBe(0);
  });

  it('finds interned strings after a full static arena has refused one', () => {
    const { thread, other, strings } = world();
    const known = strings.intern('known');
    const heap = thread.i32;
    const left = Control.StaticArenaEnd - heap[Control.StaticNext];
    allocStatic(heap, left);
    expect(() => strings.intern('one too many')).toThrow(MemoryError);
    expect(other.strings.intern('known')).toBe(known);
    expect(() => other.strings.intern('one too many')).toThrow(/static/);
    expect(thread.bare.mutex.isLocked(Control.InternMutex << 2)).toBe(false);
  });
});

function order(a: number[], b: number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}
