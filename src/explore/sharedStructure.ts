import { type AtomicOps, PlainAtomicOps } from '../memory/atomicOps.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import type { Ref } from '../refcount/refCounter.js';
import { buildNamed } from '../runtime/builds.js';
import { Thread } from '../runtime/thread.js';
import { ProductionParts } from '../runtime/threadParts.js';

/** How large the structure is. */
export interface StructureSize {
  /** Lists in the outer list; the odd ones hold strs, the others floats. */
  readonly lists: number;
  /** Items of each of them. */
  readonly items: number;
  /** Entries of the dict, ints to floats. */
  readonly entries: number;
  /** Instances of one class, each with a float in its attribute. */
  readonly instances: number;
}

/** References of its parts. */
export interface Structure {
  readonly lists: Ref;
  readonly dict: Ref;
  readonly instances: Ref;
}

/** Atomics in TypeScript, which can be seen into. */
class VisibleParts extends ProductionParts {
  override makeAtomics(memory: SharedMemory): AtomicOps {
    return new PlainAtomicOps(memory);
  }
}

/** A thread of this build in this slot, attached. Slot 0 first: it makes the interpreter. */
export function startThread(memory: SharedMemory, build: string, slot: number): Thread {
  const thread = new Thread(memory, buildNamed(build), slot, new VisibleParts());
  thread.start(slot);
  if (slot === 0) thread.initialiseInterpreter();
  return thread;
}

/** A list of lists, a dict and a list of instances; what a server loads before it forks its workers. */
export function makeStructure(t: Thread, size: StructureSize): Structure {
  const lists = t.lists.create();
  for (let i = 0; i < size.lists; i++) append(t, lists, makeList(t, i, size.items));
  const dict = t.dicts.create();
  for (let key = 0; key < size.entries; key++) {
    const name = t.numbers.int(key + 1000);
    const value = t.numbers.float(key);
    t.dicts.set(dict, name, value);
    t.refs.decref(name);
    t.refs.decref(value);
  }
  const instances = t.lists.create();
  const type = t.instances.createType('Point', ['x'], 0);
  for (let i = 0; i < size.instances; i++) append(t, instances, makeInstance(t, type, i));
  return { lists, dict, instances };
}

/**
 * Reads everything once and keeps nothing: as Python does it, each element that is read is a reference that is taken
 * and given back. Returns the sum of what was read.
 */
export function readStructure(t: Thread, { lists, dict, instances }: Structure): number {
  return readLists(t, lists) + readDict(t, dict) + readInstances(t, instances);
}

/** Calls `visit` with each object of the structure. Takes no references. */
function forEachObject(t: Thread, { lists, dict, instances }: Structure, visit: (o: Ref) => void): void {
  const borrowed = (object: Ref): Ref => {
    t.refs.decref(object);
    return object;
  };
  for (const object of [lists, dict, instances]) visit(object);
  for (let i = 0; i < t.lists.length(lists); i++) {
    const list = borrowed(t.lists.get(lists, i));
    visit(list);
    for (let j = 0; j < t.lists.length(list); j++) visit(borrowed(t.lists.get(list, j)));
  }
  for (let at = t.dicts.next(dict, 0); at >= 0; at = t.dicts.next(dict, at)) {
    visit(borrowed(t.dicts.lastKey));
    visit(borrowed(t.dicts.lastValue));
  }
  for (let i = 0; i < t.lists.length(instances); i++) {
    const instance = borrowed(t.lists.get(instances, i));
    visit(instance);
    visit(borrowed(t.instances.getSlot(instance, 0)));
  }
}

/** Makes every object of the structure immortal (PEP 683), as a server can before it forks. */
export function immortalizeStructure(t: Thread, structure: Structure): void {
  const objects: Ref[] = [];
  forEachObject(t, structure, (object) => objects.push(object));
  for (const object of objects) if (!t.refs.isImmortal(object)) t.refs.immortalize(object);
}

function makeList(t: Thread, index: number, items: number): Ref {
  const list = t.lists.create();
  for (let i = 0; i < items; i++) {
    append(t, list, index % 2 === 0 ? t.numbers.float(i) : t.strings.create(`text ${index} ${i}`));
  }
  return list;
}

function makeInstance(t: Thread, type: Ref, index: number): Ref {
  const instance = t.instances.create(type);
  const value = t.numbers.float(index);
  t.instances.setSlot(instance, 0, value);
  t.refs.decref(value);
  return instance;
}

/** Steals the item. */
function append(t: Thread, list: Ref, item: Ref): void {
  t.lists.append(list, item);
  t.refs.decref(item);
}

function readLists(t: Thread, lists: Ref): number {
  let sum = 0;
  for (let i = 0; i < t.lists.length(lists); i++) {
    const list = t.lists.get(lists, i);
    for (let j = 0; j < t.lists.length(list); j++) {
      const item = t.lists.get(list, j);
      sum += i % 2 === 0 ? t.numbers.value(item) : t.strings.length(item);
      t.refs.decref(item);
    }
    t.refs.decref(list);
  }
  return sum;
}

function readDict(t: Thread, dict: Ref): number {
  let sum = 0;
  for (let at = t.dicts.next(dict, 0); at >= 0; at = t.dicts.next(dict, at)) {
    sum += t.numbers.value(t.dicts.lastKey) + t.numbers.value(t.dicts.lastValue);
    t.refs.decref(t.dicts.lastKey);
    t.refs.decref(t.dicts.lastValue);
  }
  return sum;
}

function readInstances(t: Thread, instances: Ref): number {
  let sum = 0;
  for (let i = 0; i < t.lists.length(instances); i++) {
    const instance = t.lists.get(instances, i);
    const value = t.instances.getSlot(instance, 0);
    sum += t.numbers.value(value);
    t.refs.decref(value);
    t.refs.decref(instance);
  }
  return sum;
}
