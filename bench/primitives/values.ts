import { smallInt } from '../../src/objects/numbers.js';
import type { Thread } from '../../src/runtime/thread.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

/** Numbers, strings, tuples: objects that never change. */
export function valuePrimitives(t: Thread): Primitive[] {
  return [...numberPrimitives(t), ...stringPrimitives(t), ...tuplePrimitives(t)];
}

function numberPrimitives(t: Thread): Primitive[] {
  const { numbers, refs } = t;
  const table = 'numbers';
  const large = numbers.int(1000);
  const half = numbers.float(0.5);
  const two = numbers.float(2);
  const one = smallInt(1);
  return [
    {
      table,
      name: 'int made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(numbers.fromInteger(300 + i));
      },
    },
    {
      table,
      name: 'int + int, both above 256',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(numbers.addInt(large, large));
      },
    },
    {
      table,
      name: 'int + int, both small',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(numbers.addInt(one, one));
      },
    },
    {
      table,
      name: 'float * float',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(numbers.multiplyFloat(half, two));
      },
    },
  ];
}

function stringPrimitives(t: Thread): Primitive[] {
  const { strings, refs, hashing } = t;
  const table = 'strings';
  const left = strings.create('abcde');
  const right = strings.create('fghij');
  const same = strings.create('abcde');
  return [
    {
      table,
      name: 'str + str, 10 characters',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(strings.concat(left, right));
      },
    },
    {
      table,
      name: 'str == str, 5 equal characters',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++)
          if (!strings.equal(left, same)) throw new Error('equal strings differ');
      },
    },
    {
      table,
      name: 'hash(str), known',
      shape: 'read',
      body: () => {
        let sum = 0;
        for (let i = 0; i < INNER; i++) sum += hashing.hash(left) & 1;
        if (sum !== 0 && sum !== INNER) throw new Error('a hash has changed');
      },
    },
  ];
}

function tuplePrimitives(t: Thread): Primitive[] {
  const { tuples, refs } = t;
  const table = 'tuples';
  const items = [smallInt(1), smallInt(2)];
  const tuple = tuples.create(items);
  return [
    {
      table,
      name: '(a, b) made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          // Its items are immortal: no count is written but the tuple's.
          refs.decref(tuples.create(items));
        }
      },
    },
    {
      table,
      name: 'tuple[i]',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(tuples.get(tuple, i & 1));
      },
    },
  ];
}
