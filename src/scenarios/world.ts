import { PythonError } from '../memory/errors.js';
import { Control, DictKeys, PreHeader } from '../memory/layout.js';
import type { SharedMemory } from '../memory/sharedMemory.js';
import { reserveSideTable } from '../memory/sideTable.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Handle } from '../runtime/handle.js';
import { type ModelSettings, ModelThread } from './modelThread.js';
import type { Scheme } from './scheme.js';
import type { Services } from './services.js';
import { WorldDrain } from './worldDrain.js';
import type { WorldOptions } from './worldOptions.js';

/** References by name, as plain data; the handles that they stand for are in the type. */
export type Shared<T extends Record<string, Handle>> = { readonly [name in keyof T]: Ref };

/**
 * The world of a scenario: threads of the runtime over one memory, words of its own, and the marks that it makes
 * for the explorer. One instance an execution; it runs inside an engine, which rewrites this code like any other.
 *
 * An engine calls: the constructor, `setup` of the scenario, `beginRun`; the bodies, `endThread` behind each;
 * `endRun`, `after` of the scenario, `leaks`.
 */
export class World {
  readonly i32: Int32Array;
  /** Whether the scenario uses threads of the runtime: they are made when it first asks for one. */
  touched = false;
  private readonly settings: ModelSettings;
  private readonly threads: ModelThread[] = [];
  private readonly late = new Set<number>();
  /** References that `share` keeps. */
  private readonly shared: Ref[] = [];
  private readonly rest: WorldDrain;
  private started = false;
  private running = false;
  private nextWord: number = Control.Scratch;

  /** `memory`: fresh, or prepared by `prepareMemory` for this scheme. `threadCount`: 1 to 8. */
  constructor(
    readonly memory: SharedMemory,
    readonly scheme: Scheme,
    readonly threadCount: number,
    options: WorldOptions,
    readonly services: Services,
  ) {
    this.i32 = memory.i32;
    this.settings = { memory, scheme, allocator: options.allocator ?? 'model', services };
    this.rest = new WorldDrain(this.settings, this.threads);
  }

  // --- For scenarios ---

  /**
   * The runtime's thread of the body with this number, attached. A scenario that declares no schemes must ask for
   * its first thread in `setup`.
   */
  thread(index: number): ModelThread {
    if (!(index >= 0 && index < this.threadCount)) {
      throw new RangeError(`there is no thread ${index}; the scenario has ${this.threadCount}`);
    }
    this.startThreads();
    return this.threads[index];
  }

  /** The thread of `setup` and `after`: attached there, detached while the others run. */
  get main(): ModelThread {
    this.startThreads();
    return this.threads[this.threadCount];
  }

  /**
   * As `thread`, but it has not started: the body calls its `start`. In `setup`, before any other thread is asked
   * for.
   */
  unstarted(index: number): ModelThread {
    this.makeThreads();
    if (!this.started) this.late.add(index);
    else if (!this.late.has(index)) throw new Error('unstarted() comes before thread() and main, in setup');
    return this.threads[index];
  }

  /** Zeroed words of the scenario's own, one after the other; returns the address of the first. In `setup`. */
  words(count: number, name: string): number {
    const address = this.nextWord;
    if (address + count > Control.Scratch + Control.ScratchWords) {
      throw new RangeError(`a scenario has ${Control.ScratchWords} words, ${name} does not fit`);
    }
    this.nextWord = address + count;
    this.services.name(address, count, name);
    return address;
  }

  /**
   * Shares handles of the main thread with all others, under the names of the record's keys: returns their
   * references, which `use` turns into handles. The world keeps them alive to the end. In `setup`.
   */
  share<T extends Record<string, Handle>>(handles: T): Shared<T> {
    const refs: Record<string, Ref> = {};
    for (const [name, handle] of Object.entries(handles)) {
      const { ref } = handle;
      this.main.refs.incref(ref);
      handle.release();
      this.shared.push(ref);
      refs[name] = ref;
    }
    return refs as Shared<T>;
  }

  /**
   * Handles of a thread, the main one by default, on what `share` has shared. They are borrowed: the world keeps the
   * objects alive, and counting them once more would only add steps. Not to be released.
   */
  use<T extends Record<string, Handle>>(shared: Shared<T>, index = this.threadCount): T {
    const { handles } = this.threads[index];
    const own: Record<string, Handle> = {};
    for (const name of Object.keys(shared)) own[name] = handles.borrow(shared[name]);
    return own as T;
  }

  /** Gives words of the memory a name for traces: `text`, or `text[i]` where there are several. */
  name(address: number, words: number, text: string): void {
    this.services.name(address, words, text);
  }

  /**
   * An operation of a history that `linearizable` checks. Its result is what the body returns; of an error of
   * Python's, its kind (`'IndexError'`), and the error goes on.
   */
  operation<R>(name: string, args: readonly unknown[], body: () => R): R {
    const operation = this.services.call(name, args);
    let result: R;
    try {
      result = body();
    } catch (error) {
      if (error instanceof PythonError) this.services.returned(operation, error.kind);
      throw error;
    }
    this.services.returned(operation, result);
    return result;
  }

  /** One of 0 to n - 1; all of them are explored. */
  choose(n: number): number {
    return this.services.choose(n);
  }

  /** Reports a broken invariant unless the condition holds. The execution goes on. */
  check(condition: boolean, message: string): void {
    if (!condition) this.services.violation(message);
  }

  /**
   * Whether the object's memory has been given back. Not once the block has been handed out again. In `after` and
   * `never`: asked by a thread it would be a look at others that no search knows of.
   */
  freed(object: number): boolean {
    if (this.services.current() >= 0) throw new Error('w.freed() is for after and never, not for threads');
    if (object < Control.StaticArenaEnd) return false;
    if (this.settings.allocator === 'real') {
      return !this.rest.isRealBlock(object) && !this.rest.isRealBlock(object - PreHeader.Words);
    }
    return !this.services.isLive(object) && !this.isLiveInstance(object);
  }

  /**
   * Merges every queue and frees what is due, on behalf of all threads, until nothing changes. In `after`. A thread
   * that was detached is attached afterwards; one that has exited is left alone.
   */
  drain(): void {
    this.rest.drain();
  }

  /**
   * Blocks that are alive after a `drain`, without those of the threads themselves; what was shared is given back.
   * Behind `after`.
   */
  leaks(): number {
    for (const ref of this.shared) this.main.refs.decref(ref);
    this.shared.length = 0;
    this.drain();
    if (this.touched) {
      for (const object of this.main.refs.disablePerThread()) this.main.refs.decref(object);
      this.drain();
    }
    return this.rest.liveBlocks();
  }

  // --- For engines ---

  /** A thread from its body to its end. By that thread. */
  runThread<S>(body: (s: S, w: World, index: number) => void, s: S, index: number): void {
    if (!this.touched) {
      body(s, this, index);
      return;
    }
    this.threads[index].scope(() => body(s, this, index));
    this.endThread(index);
  }

  /** `after` of the scenario, by the main thread; returns its outcome. */
  conclude<S, R>(after: (s: S, w: World) => R, s: S): R {
    return this.touched ? this.main.scope(() => after(s, this)) : after(s, this);
  }

  /** The bodies are about to start. */
  beginRun(): void {
    if (this.scheme !== 'none' || this.touched) this.startThreads();
    if (this.touched) this.threads[this.threadCount].state.detach();
    this.running = true;
  }

  /**
   * The body of this thread has ended: the thread detaches, if it has not done so, as one that waits for the end of
   * its run does. By that thread, as its last steps.
   */
  endThread(index: number): void {
    if (!this.touched) return;
    const thread = this.threads[index];
    if (thread.isStarted() && thread.state.isAttached()) thread.state.detach();
  }

  /** All bodies have ended. */
  endRun(): void {
    this.running = false;
    if (this.touched) this.rest.attach(this.threads[this.threadCount]);
  }

  // --- Steps ---

  private startThreads(): void {
    if (this.started) return;
    this.makeThreads();
    this.started = true;
    const main = this.threads[this.threadCount];
    main.start();
    initialiseOnce(main);
    for (const thread of this.threads) {
      if (thread !== main && !this.late.has(thread.slot)) thread.start();
    }
  }

  private makeThreads(): void {
    if (this.touched) return;
    if (this.running) throw new Error('the first thread of the runtime must be asked for in setup');
    this.touched = true;
    prepareScheme(this.memory, this.scheme);
    for (let slot = 0; slot <= this.threadCount; slot++) {
      this.threads.push(new ModelThread(this.settings, slot));
    }
  }

  /** Behind a pre-header. A block of no more words than that ends where the object would begin. */
  private isLiveInstance(object: number): boolean {
    const block = object - PreHeader.Words;
    return this.services.isLive(block) && this.services.size(block) > PreHeader.Words;
  }
}

/**
 * Writes the interpreter's static objects into a fresh memory: what an engine may keep from one execution to the
 * next, for this scheme. No thread is needed for it, nor left behind.
 */
export function prepareMemory(memory: SharedMemory, scheme: Scheme, services: Services): void {
  prepareScheme(memory, scheme);
  initialiseOnce(new ModelThread({ memory, scheme, allocator: 'model', services }, 0));
}

/** What the scheme needs of the memory before the first thread is made. */
function prepareScheme(memory: SharedMemory, scheme: Scheme): void {
  if (scheme === 'side-table') reserveSideTable(memory.i32);
}

function initialiseOnce(thread: ModelThread): void {
  if (thread.i32[Control.EmptyKeys + DictKeys.Version] === 0) thread.initialiseInterpreter();
}
