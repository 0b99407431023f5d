import { deserialize, serialize } from 'node:v8';
import { Hand, type HandOff } from './handOff.js';
import type { JsChanges } from './jsState.js';

/** What a worker has to tell the host about an execution. */
export type Message =
  | { readonly kind: 'error'; readonly thread: number; readonly text: string }
  | { readonly kind: 'violation'; readonly text: string }
  /** Something that no engine can run. */
  | { readonly kind: 'refused'; readonly text: string; readonly site: number }
  /** Set-up has been made; what `JsState` says of it. */
  | { readonly kind: 'made'; readonly shape: string }
  /** Set-up has thrown. */
  | { readonly kind: 'failed'; readonly text: string }
  | {
      readonly kind: 'call';
      readonly thread: number;
      readonly operation: string;
      readonly args: readonly unknown[];
      readonly at: number;
    }
  | {
      readonly kind: 'returned';
      readonly operation: number;
      readonly result: unknown;
      readonly at: number;
    }
  /** Fields of JavaScript objects that the thread has changed. */
  | { readonly kind: 'fields'; readonly changes: JsChanges };

const BYTES = 1 << 20;

/**
 * A buffer that workers write to in turns and the host reads when an execution has ended: a `postMessage` would have
 * to wait for the host's event loop, which stands still meanwhile.
 */
export class Messages {
  private readonly bytes: Buffer;

  constructor(
    readonly handle: SharedArrayBuffer,
    private readonly hand: HandOff,
  ) {
    this.bytes = Buffer.from(handle);
  }

  static createHandle(): SharedArrayBuffer {
    return new SharedArrayBuffer(BYTES);
  }

  /** By whoever has the turn. Throws RangeError where the buffer is full. */
  post(message: Message): void {
    const { words } = this.hand;
    const at = words[Hand.MessageBytes];
    const data = serialize(message);
    if (at + 4 + data.length > BYTES) throw new RangeError('an execution has too much to tell');
    this.bytes.writeInt32LE(data.length, at);
    data.copy(this.bytes, at + 4);
    words[Hand.MessageBytes] = at + 4 + data.length;
  }

  /** Takes all messages out, in the order in which they were posted. By the host. */
  take(): Message[] {
    const { words } = this.hand;
    const end = words[Hand.MessageBytes];
    const messages: Message[] = [];
    for (let at = 0; at < end; ) {
      const length = this.bytes.readInt32LE(at);
      // Copied: the deserialiser refuses shared memory.
      messages.push(deserialize(Buffer.from(this.bytes.subarray(at + 4, at + 4 + length))) as Message);
      at += 4 + length;
    }
    words[Hand.MessageBytes] = 0;
    return messages;
  }
}
