import type { HeapTag } from '../memory/layout.js';
import type { Services } from '../scenarios/services.js';
import { Hand } from './handOff.js';
import { OpKind } from './hooks.js';
import { Cell } from './machineLayout.js';
import type { WorkerHooks } from './workerHooks.js';
import type { Messages } from './workerMessages.js';

/** What the worker engine offers to worlds: as FiberServices, through calls that block. */
export class WorkerServices implements Services {
  constructor(
    private readonly hooks: WorkerHooks,
    private readonly messages: Messages,
  ) {}

  current(): number {
    return this.hooks.thread;
  }

  alloc(words: number, tag: HeapTag, slot: number): number {
    this.hooks.requireRunning();
    return this.hooks.machine.shadow.alloc(words, tag, slot);
  }

  free(address: number, tag: HeapTag, slot: number): void {
    this.step(OpKind.Free, address, tag, slot);
  }

  size(address: number): number {
    return this.hooks.machine.shadow.size(address);
  }

  isLive(address: number): boolean {
    return this.hooks.machine.shadow.isLive(address);
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

  poll(): void {
    this.step(OpKind.Poll, 0, 0, 0);
  }

  choose(count: number): number {
    return this.step(OpKind.Choose, 0, count, 0) as number;
  }

  call(operation: string, args: readonly unknown[]): number {
    const { hooks } = this;
    const { thread } = hooks;
    if (thread < 0) return -1;
    this.step(OpKind.Call, 0, 0, 0);
    this.messages.post({ kind: 'call', thread, operation, args, at: hooks.machine.c[Cell.AllAccesses] });
    return hooks.hand.words[Hand.Operations]++;
  }

  returned(operation: number, result: unknown): void {
    if (operation < 0) return;
    this.step(OpKind.Return, 0, 0, 0);
    const at = this.hooks.machine.c[Cell.AllAccesses];
    this.messages.post({ kind: 'returned', operation, result, at });
  }

  /** The host gives names. */
  name(): void {}

  violation(text: string): void {
    this.hooks.requireRunning();
    if (this.hooks.thread >= 0) this.messages.post({ kind: 'violation', text });
  }

  private step(kind: OpKind, index: number, a: number, b: number): unknown {
    return this.hooks.point(kind, null, index, a, b, this.step);
  }
}
