/** The public face: what a user imports. */
export type { BlockVisitor } from './allocators/allocator.js';
export type {
  BlockAllocator,
  BlockAllocatorModule,
  BlockAllocatorProperties,
  BlockAllocatorThread,
} from './allocators/domains/blockAllocator.js';
export type { HeapStatistics } from './allocators/statistics/types.js';
export type { GcRecord } from './gc/collector.js';
export type { Quantiles } from './gc/samples.js';
export {
  type DebugDetails,
  DebugError,
  type DebugFinding,
  FatalError,
  MemoryError,
  ProgramError,
  PythonError,
  RunAborted,
  RuntimeStateError,
  WorkerDied,
} from './memory/errors.js';
export { HeapTag } from './memory/layout.js';
export type { Ref } from './refcount/refCounter.js';
export type { AllocatorsOption } from './runtime/allocators.js';
export { BUILDS, type Build } from './runtime/builds.js';
export { FunctionHandle, MethodHandle } from './runtime/callHandles.js';
export type { Bodies, Body } from './runtime/calls.js';
export type { HeapExamination } from './runtime/examine.js';
export type { Gc } from './runtime/gc.js';
export type { GcOptions } from './runtime/gcOptions.js';
export type { GcRaw, GenerationStats } from './runtime/gcRaw.js';
export type { GcReport } from './runtime/gcReport.js';
export { Handle, type Value } from './runtime/handle.js';
export { DictHandle, ListHandle, LockHandle, TupleHandle } from './runtime/handles.js';
export type { LeakRecord } from './runtime/leaks.js';
export {
  ClassHandle,
  type ClassOptions,
  InstanceHandle,
  WeakDictHandle,
  WeakrefHandle,
} from './runtime/objectHandles.js';
export type { Program, Shared } from './runtime/program.js';
export {
  type RunOptions,
  type RunReport,
  Runtime,
  type RuntimeOptions,
  type ShutdownReport,
} from './runtime/runtime.js';
export type { Thread } from './runtime/thread.js';
