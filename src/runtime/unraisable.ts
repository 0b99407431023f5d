import { Header, TypeObject } from '../memory/layout.js';
import type { Unraisable } from '../objects/gcSlots.js';
import type { Strings } from '../objects/strings.js';
import { isFatal } from '../objects/userCode.js';
import type { Ref } from '../refcount/refCounter.js';

/** Texts that are kept; of the others only their number. */
const KEPT = 100;

/** What the errors need of their thread. */
interface ErrorThread {
  readonly i32: Int32Array;
  readonly index: number;
  readonly strings: Strings;
}

/**
 * Errors that nobody can catch: of finalisers, callbacks, collections that nobody asked for. One instance a thread;
 * the run's report has them.
 */
export class UnraisableErrors implements Unraisable {
  private kept: string[] = [];
  private more = 0;

  constructor(private readonly thread: ErrorThread) {}

  /** A new run. */
  clear(): void {
    this.kept = [];
    this.more = 0;
  }

  /** Notes the error; throws it again if it is no error of the program. */
  report(error: unknown, where: string, object: Ref): void {
    if (isFatal(error)) throw error;
    this.note(`exception ignored in ${where} ${this.nameOf(object)}: ${textOf(error)}`);
  }

  /** As `report` where there is no object that it is about. */
  reportWithout(error: unknown, where: string): void {
    if (isFatal(error)) throw error;
    this.note(`exception ignored in ${where}: ${textOf(error)}`);
  }

  /** In the order of their coming, each with the number of its thread. */
  texts(): string[] {
    const { index } = this.thread;
    return this.more === 0 ? [...this.kept] : [...this.kept, `thread ${index}: and ${this.more} more`];
  }

  /** A phrase for messages: type and address. */
  nameOf(object: Ref): string {
    const { i32, strings } = this.thread;
    const name = i32[i32[object + Header.Type] + TypeObject.Name];
    return `${name === 0 ? 'object' : strings.text(name)} 0x${object.toString(16)}`;
  }

  private note(text: string): void {
    if (this.kept.length < KEPT) this.kept.push(`thread ${this.thread.index}: ${text}`);
    else this.more++;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
