/**
 * Marks and collects one heap again and again, by each marker in turn. A worker of its own for each heap; a second one is
 * the thread that helps.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { MarkMap } from '../../src/gc/marking/markMap.js';
import { ParallelMarker } from '../../src/gc/marking/parallelMarker.js';
import { SerialMarker } from '../../src/gc/marking/serialMarker.js';
import { Control, GcState } from '../../src/memory/layout.js';
import { type MemoryHandle, SharedMemory } from '../../src/memory/sharedMemory.js';
import type { Ref } from '../../src/refcount/refCounter.js';
import { buildNamed } from '../../src/runtime/builds.js';
import { Thread } from '../../src/runtime/thread.js';
import { OneByOneMarker, RingMarker } from './alternatives.js';
import type { Medians, Setting } from './settings.js';

const BUILD = 'free-threaded';
const MEMORY = 512 << 20;
const [READY, DONE] = [Control.Scratch, Control.Scratch + 1];
/** Rounds that are not counted: V8 compiles. */
const WARM_UP = 8;

function collect(setting: Setting): Promise<Medians> {
  const memory = SharedMemory.create(MEMORY);
  const thread = new Thread(memory, buildNamed(BUILD), 0);
  const heap = memory.i32;
  thread.start();
  thread.initialiseInterpreter();
  heap[Control.Gc + GcState.Enabled] = 0;
  heap[Control.RunGlobals] = makeHeap(thread, setting);
  const helper = new Worker(new URL(import.meta.url), { workerData: { helps: memory.handle } });
  return new Promise((resolve, reject) => {
    helper.once('error', reject);
    const wait = (): void => {
      if (Atomics.load(heap, READY) === 0) {
        setTimeout(wait, 1);
        return;
      }
      const medians = measure(thread, setting);
      Atomics.store(heap, DONE, 1);
      helper.once('exit', () => resolve(medians));
    };
    wait();
  });
}

/** The globals: a dict that holds all objects. */
function makeHeap({ lists, dicts, strings, refs }: Thread, { shape, objects }: Setting): Ref {
  const all: Ref[] = [];
  for (let i = 0; i < objects; i++) all.push(lists.create());
  if (shape.endsWith('shuffled')) shuffle(all);
  const tree = shape.startsWith('a tree');
  const root = tree ? all[0] : lists.create();
  for (let i = tree ? 1 : 0; i < objects; i++) {
    lists.append(tree ? all[(i - 1) >> 1] : root, all[i]);
    refs.decref(all[i]);
  }
  const globals = dicts.create();
  dicts.set(globals, strings.intern('root'), root);
  return globals;
}

function shuffle(all: Ref[]): void {
  let state = 1;
  for (let i = all.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
}

function measure(thread: Thread, { objects, rounds }: Setting): Medians {
  const { memory, allocator, block, i32: heap } = thread;
  const map = new MarkMap(memory, allocator);
  const parallel = new ParallelMarker(memory, allocator, block);
  const markers: Record<string, { marker: SerialMarker; markers: number }> = {
    'mark: serial': { marker: new SerialMarker(memory, allocator), markers: 1 },
    'mark: one at a time': { marker: new OneByOneMarker(memory, allocator), markers: 1 },
    "mark: CPython's ring": { marker: new RingMarker(memory, allocator), markers: 1 },
    'mark: one marker': { marker: parallel, markers: 1 },
    'mark: two markers': { marker: parallel, markers: 2 },
  };
  const times = new Samples();
  const cpu = new Samples();
  let helped = 0;
  for (let round = -WARM_UP; round < rounds; round++) {
    if (round === 0) {
      times.clear();
      cpu.clear();
    }
    for (const [name, { marker, markers: wanted }] of Object.entries(markers)) {
      heap[Control.Gc + GcState.Markers] = wanted;
      thread.stopTheWorld();
      map.begin();
      const used = process.cpuUsage();
      const since = performance.now();
      const marked = marker.markAlive(map, [Control.RunGlobals, Control.RunGlobals + 1]);
      times.add(name, performance.now() - since);
      const { user, system } = process.cpuUsage(used);
      cpu.add(name, (user + system) / 1000);
      map.end();
      thread.startTheWorld();
      if (marked < objects) throw new Error(`${name}: ${marked} of ${objects} objects marked`);
    }
    for (const wanted of [1, 2]) {
      heap[Control.Gc + GcState.Markers] = wanted;
      const since = performance.now();
      thread.collector.collect(2, 'manual');
      times.add(`collect: ${wanted === 1 ? 'one marker' : 'two markers'}`, performance.now() - since);
      if (wanted === 2 && round >= 0 && thread.collector.last?.markers === 2) helped++;
    }
  }
  return { milliseconds: times.medians(), cpu: cpu.medians(), helped, rounds };
}

class Samples {
  private readonly byName = new Map<string, number[]>();

  add(name: string, value: number): void {
    const known = this.byName.get(name);
    if (known === undefined) this.byName.set(name, [value]);
    else known.push(value);
  }

  clear(): void {
    this.byName.clear();
  }

  medians(): Record<string, number> {
    const medians: Record<string, number> = {};
    for (const [name, values] of this.byName) {
      medians[name] = values.sort((a, b) => a - b)[values.length >> 1];
    }
    return medians;
  }
}

/** A thread in a running loop. */
function help(handle: MemoryHandle): void {
  const thread = new Thread(SharedMemory.attach(handle), buildNamed(BUILD), 1);
  thread.start(1);
  Atomics.store(thread.i32, READY, 1);
  while (Atomics.load(thread.i32, DONE) === 0) for (let i = 0; i < 1000; i++) thread.poll();
  thread.exit();
}

if (workerData?.helps !== undefined) help(workerData.helps as MemoryHandle);
else if (workerData?.shape !== undefined) parentPort?.postMessage(await collect(workerData as Setting));
