/**
 * The cases of one build, as closures over its thread that are made once: so V8 sees what workers see. Runs in a
 * worker of its own for each build, for a loop that has met two kinds of counters is not the loop that users run.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Control, Header, HeapTag, NumberObject } from '../src/memory/layout.js';
import { SharedMemory } from '../src/memory/sharedMemory.js';
import { buildNamed } from '../src/runtime/builds.js';
import { Thread } from '../src/runtime/thread.js';
import { type Case, INNER, runSuite } from './suite.js';

function countCases(t: Thread): Case[] {
  const { refs, i32: heap, numbers, build } = t;
  const object = numbers.float(1.5);
  const word = object + Header.Shared;
  const counted: Case = {
    name: `${build.refcount} incref + decref (${build.name})`,
    body: () => {
      for (let i = 0; i < INNER; i++) {
        refs.incref(object);
        refs.decref(object);
      }
    },
  };
  if (build.refcount !== 'biased') return [counted];
  return [
    {
      name: 'two plain increments',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          heap[Control.Scratch]++;
          heap[Control.Scratch + 16]++;
        }
      },
    },
    counted,
    {
      name: 'Atomics.add + Atomics.sub',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          Atomics.add(heap, word, 4);
          Atomics.sub(heap, word, 4);
        }
      },
    },
  ];
}

function otherCases(t: Thread): Case[] {
  const { allocator, build } = t;
  const { mutex, sections } = t.state;
  const { state } = t;
  // One block stays alive, so that its page is not given back at each free.
  allocator.alloc(NumberObject.Words, HeapTag.Object);
  const cases: Case[] = [
    {
      name: `${build.allocator} alloc + free, 32 bytes`,
      body: () => {
        for (let i = 0; i < INNER; i++) {
          allocator.free(allocator.alloc(NumberObject.Words, HeapTag.Object), HeapTag.Object);
        }
      },
    },
  ];
  if (build.refcount !== 'biased') return cases;
  return cases.concat([
    {
      name: 'Mutex lock + unlock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          mutex.lock(Control.Scratch << 2);
          mutex.unlock(Control.Scratch << 2);
        }
      },
    },
    {
      name: 'critical section begin + end',
      body: () => {
        for (let i = 0; i < INNER; i++) sections.end(sections.begin(Control.Scratch << 2));
      },
    },
    {
      name: 'eval breaker poll',
      body: () => {
        for (let i = 0; i < INNER; i++) state.poll();
      },
    },
  ]);
}

const thread = new Thread(SharedMemory.create(256 << 20), buildNamed(workerData as string), 0);
thread.start();
thread.initialiseInterpreter();
parentPort?.postMessage({
  counts: await runSuite(countCases(thread)),
  others: await runSuite(otherCases(thread)),
});
