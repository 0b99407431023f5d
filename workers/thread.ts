/**
 * Entry of a Piscina worker: one build, one thread of the table, for the worker's whole life. So the code that V8
 * compiles may take the thread and everything that it is made of as constants.
 */
import { workerData } from 'node:worker_threads';
import { Control } from '../src/memory/layout.js';
import { type MemoryHandle, SharedMemory } from '../src/memory/sharedMemory.js';
import { loadAllocators } from '../src/runtime/allocators.js';
import type { Build } from '../src/runtime/builds.js';
import { partsOf } from '../src/runtime/partsOf.js';
import {
  failProgram,
  type Program,
  type RunTask,
  runProgram,
  type TaskResult,
} from '../src/runtime/program.js';
import { Thread } from '../src/runtime/thread.js';

/** Piscina passes a pool's data as the second element where it adds its own. */
const data = (Array.isArray(workerData) ? workerData[1] : workerData) as {
  handle: MemoryHandle;
  build: Build;
};
const memory = SharedMemory.attach(data.handle);
const modules = await loadAllocators(data.build);
const slot = Atomics.add(memory.i32, Control.NextSlot, 1);
const thread = new Thread(memory, data.build, slot, await partsOf(memory, data.build, modules));

export default async function runTask(task: RunTask): Promise<TaskResult> {
  let program: Program;
  try {
    program = await loadProgram(task.program);
  } catch (error) {
    return failProgram(memory, task.index, error);
  }
  // Checks are no part of what release workers load.
  const examine = task.examine && (await import('../src/runtime/examine.js')).examineHeap;
  return runProgram(thread, program, task, examine);
}

async function loadProgram(url: string): Promise<Program> {
  const module = await import(url);
  const program: Program =
    typeof module.default === 'function' ? thread.memo(url, () => module.default(thread)) : module;
  if (typeof program.run !== 'function') throw new TypeError(`${url} does not export a function 'run'`);
  return program;
}
