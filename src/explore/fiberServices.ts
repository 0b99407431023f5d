import type { HeapTag } from '../memory/layout.js';
import type { Services } from '../scenarios/services.js';
import type { FiberHooks } from './fiberHooks.js';
import { OpKind } from './hooks.js';
import type { HistoryOperation } from './linearizability.js';
import { Cell } from './machineLayout.js';
import type { Names } from './names.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What the fiber engine offers to worlds. Where a call is a step, it returns a suspended function, which rewritten
 * code runs in its own frame; for the types it is the value that comes out at the end.
 */
export class FiberServices implements Services {
  /** Blocks are given names: in set-up, and while a trace is taken. */
  tracksNames = false;
  readonly history: Mutable<HistoryOperation>[] = [];

  constructor(
    private readonly hooks: FiberHooks,
    private readonly names: Names,
    private readonly found: (message: string) => void,
  ) {}

  begin(): void {
    if (this.history.length > 0) this.history.length = 0;
  }

  current(): number {
    return this.hooks.thread;
  }

  alloc(words: number, tag: HeapTag, slot: number): number {
    const { shadow } = this.hooks.machine;
    const address = shadow.alloc(words, tag, slot);
    if (this.tracksNames) this.names.noteAlloc(address, shadow.size(address), tag);
    return address;
  }

  free(address: number, tag: HeapTag, slot: number): never {
    return this.step(OpKind.Free, address, tag, slot) as never;
  }

  size(address: number): number {
    return this.hooks.machine.shadow.size(address);
  }

  isLive(address: number): boolean {
    const { machine, watching } = this.hooks;
    if (watching && machine.shadow.isManaged(address)) machine.buffers.watch(address);
    return machine.shadow.isLive(address);
  }

  liveBlocks(): number {
    return this.hooks.machine.shadow.liveBlocks;
  }

  blocksOf(tags: number): number[] {
    return this.hooks.machine.shadow.blocksOf(tags);
  }

  tag(address: number): HeapTag {
    return this.hooks.machine.shadow.tag(address);
  }

  poll(): never {
    return this.step(OpKind.Poll, 0, 0, 0) as never;
  }

  choose(count: number): number {
    return this.step(OpKind.Choose, 0, count, 0) as never;
  }

  call(operation: string, args: readonly unknown[]): number {
    return this.calling(operation, args) as never;
  }

  returned(operation: number, result: unknown): never {
    return this.returning(operation, result) as never;
  }

  name(address: number, words: number, name: string): void {
    if (this.tracksNames) this.names.name(address, words, name);
  }

  violation(message: string): void {
    this.found(message);
  }

  private *step(kind: OpKind, index: number, a: number, b: number): Generator {
    if (this.hooks.point(kind, null, index, a, b, -1)) yield;
    return this.hooks.exec();
  }

  private *calling(operation: string, args: readonly unknown[]): Generator {
    const { hooks } = this;
    const { thread } = hooks;
    if (thread < 0) return -1;
    if (hooks.point(OpKind.Call, null, 0, 0, 0, -1)) yield;
    const call = hooks.machine.c[Cell.AllAccesses];
    this.history.push({
      thread,
      operation,
      args,
      result: undefined,
      call,
      returned: Number.POSITIVE_INFINITY,
    });
    return this.history.length - 1;
  }

  private *returning(operation: number, result: unknown): Generator {
    const { hooks } = this;
    if (operation < 0) return;
    if (hooks.point(OpKind.Return, null, 0, 0, 0, -1)) yield;
    const entry = this.history[operation];
    entry.result = result;
    entry.returned = hooks.machine.c[Cell.AllAccesses];
  }
}
