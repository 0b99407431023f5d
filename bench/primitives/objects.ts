import { Control } from '../../src/memory/layout.js';
import { smallInt } from '../../src/objects/numbers.js';
import type { Ref } from '../../src/refcount/refCounter.js';
import type { Bodies } from '../../src/runtime/calls.js';
import type { Thread } from '../../src/runtime/thread.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

const NONE = Control.None;
const SITE = 0;

/** The functions that are called. */
export function bodiesOf({ refs }: Thread): Bodies {
  return {
    nothing: () => refs.newStatic(NONE),
    same: (argument: Ref) => {
      refs.incref(argument);
      return argument;
    },
  };
}

/** Instances, attributes, calls, weak references. */
export function objectPrimitives(t: Thread): Primitive[] {
  const { instances, refs, strings, calls, globals, dicts, weakrefs, methods } = t;
  const type = instances.createType('Point', ['x', 'y'], 0);
  const point = instances.create(type);
  const x = strings.intern('x');
  instances.setAttr(point, x, smallInt(1));
  const module = dicts.create();
  const nothing = calls.define('nothing', module);
  dicts.set(module, strings.intern('nothing'), nothing);
  globals.bind(SITE, module, 'nothing');
  const same = calls.define('same', module);
  const weakref = weakrefs.create(point);
  const attributes = 'instances of one class';
  const callTable = 'calls';
  const weak = 'weak references';
  return [
    {
      table: attributes,
      name: 'C() made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(instances.create(type));
      },
    },
    {
      table: attributes,
      name: 'o.x',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(instances.getAttr(point, x));
      },
    },
    {
      table: attributes,
      name: 'o.x = v',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) instances.setAttr(point, x, NONE);
      },
    },
    {
      table: attributes,
      name: 'o.x, specialised to its slot',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(instances.getSlot(point, 0));
      },
    },
    {
      table: callTable,
      name: 'f(), a global',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(calls.call0(globals.load(SITE)));
      },
    },
    {
      table: callTable,
      name: 'f(i)',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(calls.call1(calls.open(same), smallInt(i & 127)));
      },
    },
    {
      table: callTable,
      name: 'bound method made and dropped',
      shape: 'block',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(methods.create(same, point));
      },
    },
    {
      table: weak,
      name: 'weakref()',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(weakrefs.get(weakref));
      },
    },
    {
      table: weak,
      name: 'weakref.ref(o), the one that there is',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) refs.decref(weakrefs.create(point));
      },
      check: () => (weakrefs.count(point) === 1 ? null : `${weakrefs.count(point)} weak references, not 1`),
    },
  ];
}
