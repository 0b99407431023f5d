import type { Services } from '../scenarios/services.js';
import { Stress } from './stressMeeting.js';
import type { Message } from './workerMessages.js';

/** What a world gets where nothing is scheduled: blocks come from the build's own allocator. */
export class StressServices implements Services {
  /** The thread while its body runs; -1 otherwise. */
  thread = -1;
  /** What the body has to tell. */
  readonly told: Message[] = [];
  private operations = 0;

  constructor(private readonly control: Int32Array) {}

  /** Before each body. */
  begin(thread: number): void {
    this.thread = thread;
    this.operations = 0;
    if (this.told.length > 0) this.told.length = 0;
  }

  current(): number {
    return this.thread;
  }

  alloc(): never {
    throw new Error('there is no model heap on real workers');
  }

  free(): never {
    throw new Error('there is no model heap on real workers');
  }

  size(): number {
    return 1;
  }

  isLive(): boolean {
    return false;
  }

  liveBlocks(): number {
    return 0;
  }

  blocksOf(): never {
    throw new Error('there is no model heap on real workers');
  }

  tag(): never {
    throw new Error('there is no model heap on real workers');
  }

  poll(): void {}

  choose(count: number): number {
    return this.thread < 0 ? 0 : Math.floor(Math.random() * count);
  }

  call(operation: string, args: readonly unknown[]): number {
    const { thread } = this;
    if (thread < 0) return -1;
    this.told.push({ kind: 'call', thread, operation, args, at: this.now() });
    return this.operations++;
  }

  returned(operation: number, result: unknown): void {
    if (operation >= 0) this.told.push({ kind: 'returned', operation, result, at: this.now() });
  }

  name(): void {}

  violation(text: string): void {
    if (this.thread >= 0) this.told.push({ kind: 'violation', text });
  }

  private now(): number {
    return Atomics.add(this.control, Stress.Clock, 1);
  }
}
