import { Control } from '../../src/memory/layout.js';
import { smallInt } from '../../src/objects/numbers.js';
import type { Thread } from '../../src/runtime/thread.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

const NONE = Control.None;

export function listPrimitives(t: Thread): Primitive[] {
  const { lists, refs, numbers } = t;
  const table = 'lists, all of this thread';
  const list = lists.create();
  for (let value = 0; value < 10; value++) lists.append(list, smallInt(value));
  const element = numbers.float(5.5);
  lists.set(list, 6, element);
  // Not from empty: the last item's pop gives the array back, the next append asks for one.
  const grown = lists.create();
  for (let value = 0; value < 10; value++) lists.append(grown, NONE);
  return [
    {
      table,
      name: 'list[i], an immortal',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(lists.get(list, i & 3));
      },
    },
    {
      table,
      name: 'list[i], an object',
      shape: 'two counts',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(lists.get(list, 6));
      },
      // The list's and the one of this function.
      check: () =>
        refs.count(element) === 2 ? null : `the element is counted ${refs.count(element)} times, not 2`,
    },
    {
      table,
      name: 'list[i] = v',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) lists.set(list, i & 3, NONE);
      },
    },
    {
      table,
      name: 'list.append + list.pop',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          lists.append(grown, NONE);
          refs.decref(lists.pop(grown));
        }
      },
      check: () => (lists.length(grown) === 10 ? null : `${lists.length(grown)} items are left, not 10`),
    },
    {
      table,
      name: '[] made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(lists.create());
      },
    },
  ];
}

export function dictPrimitives(t: Thread): Primitive[] {
  const { dicts, refs, strings } = t;
  const table = 'dicts, all of this thread';
  const dict = dicts.create();
  const name = strings.intern('name');
  const absent = strings.intern('absent');
  const key = smallInt(5);
  dicts.set(dict, name, NONE);
  dicts.set(dict, key, NONE);
  return [
    {
      table,
      name: 'd[str]',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(dicts.get(dict, name));
      },
    },
    {
      table,
      name: 'd[int]',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(dicts.get(dict, key));
      },
    },
    {
      table,
      name: 'd[str] = v, known key',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) dicts.set(dict, name, NONE);
      },
    },
    {
      table,
      name: 'key in d, absent',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++)
          if (dicts.contains(dict, absent)) throw new Error('an absent key was found');
      },
    },
    {
      table,
      name: 'd[str] = v and del d[str]',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          dicts.set(dict, absent, NONE);
          dicts.del(dict, absent);
        }
      },
      check: () => (dicts.length(dict) === 2 ? null : `the dict has ${dicts.length(dict)} entries, not 2`),
    },
    {
      table,
      name: '{} made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(dicts.create());
      },
    },
  ];
}
