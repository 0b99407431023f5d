import type { Body, Fault, Outcome } from '../scenarios/scenario.js';
import { prepareMemory, World } from '../scenarios/world.js';
import { type JsState, jsStateOf } from './jsState.js';
import { checkHistory, type HistoryOperation } from './linearizability.js';
import { freezePlainData } from './plainData.js';
import type { StressCounts } from './stressCounts.js';
import { type Meeting, Stress } from './stressMeeting.js';
import type { StressParts } from './stressParts.js';
import type { Message, Messages } from './workerMessages.js';

/** Memory is compared and restored in pieces of so many bytes. */
const PIECE = 1 << 16;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Runs the bodies of any scenario, one state at a time: the memory is put back, every worker has its own copy of
 * world and state, and the first one learns what the others have changed in theirs before it runs `after`.
 */
export class StressSingles {
  private readonly body: Body<unknown>;
  private readonly heap: Buffer;
  /** The memory before set-up, and after it where that runs only once. */
  private readonly base: Buffer;
  private image: Buffer | null = null;
  private world!: World;
  private state: unknown;
  private js: JsState | null = null;
  private kept = false;

  constructor(
    private readonly parts: StressParts,
    private readonly meeting: Meeting,
    base: SharedArrayBuffer,
    private readonly messages: readonly Messages[],
  ) {
    const { memory, thread, bodies } = parts;
    this.body = bodies[thread];
    this.heap = Buffer.from(memory.i32.buffer as ArrayBuffer);
    this.base = Buffer.from(base);
    if (thread === 0) this.prepare();
    meeting.wait();
    this.setUpInTurn();
    this.kept = freezePlainData(this.state);
    this.js = jsStateOf(this.world, this.state, this.kept, parts.services);
    if (this.kept && thread === 0) this.image = Buffer.from(this.heap);
    meeting.wait();
  }

  /** Whether strides will do: words, plain data, no history. */
  get isSimple(): boolean {
    return this.kept && !this.world.touched && this.parts.setting.spec.linearizable === undefined;
  }

  /** Until the host stops it. */
  run(counts: StressCounts): void {
    const { control, thread } = this.parts;
    for (;;) {
      if (thread === 0) control[Stress.Going] = 1 - Atomics.load(control, Stress.Stop);
      this.meeting.wait();
      if (control[Stress.Going] === 0) return;
      this.renew();
      this.meeting.wait();
      this.runBody();
      this.meeting.wait();
      if (thread === 0) this.conclude(counts);
    }
  }

  private prepare(): void {
    const { memory, setting, services } = this.parts;
    if ((setting.spec.refcount?.length ?? 0) > 0) prepareMemory(memory, setting.scheme, services);
    this.base.set(this.heap);
  }

  /** One after the other on the same memory: it is afterwards as if only one had. */
  private setUpInTurn(): void {
    const { thread, bodies } = this.parts;
    for (let turn = 0; turn < bodies.length; turn++) {
      if (turn === thread) this.setUp();
      this.meeting.wait();
    }
  }

  private setUp(): void {
    const { memory, setting, services, bodies } = this.parts;
    const { spec, scheme } = setting;
    restore(this.heap, this.base);
    const options = { ...spec.world, allocator: 'real' as const };
    this.world = new World(memory, scheme, bodies.length, options, services);
    this.state = spec.setup?.(this.world);
    this.world.beginRun();
  }

  private renew(): void {
    if (!this.kept) {
      this.setUpInTurn();
      this.js = jsStateOf(this.world, this.state, false, this.parts.services);
      return;
    }
    this.js?.restore();
    if (this.image !== null) restore(this.heap, this.image);
  }

  private runBody(): void {
    const { world, state, body } = this;
    const { services, thread } = this.parts;
    services.begin(thread);
    this.meeting.wait();
    try {
      if (world.touched) world.runThread(body, state, thread);
      else body(state, world, thread);
    } catch (error) {
      services.told.push({ kind: 'error', thread, text: String(error) });
    }
    services.thread = -1;
    const messages = this.messages[thread];
    for (const message of services.told) messages.post(message);
    const changes = this.js?.changes() ?? null;
    if (changes !== null) messages.post({ kind: 'fields', changes });
  }

  // --- By the first worker ---

  private conclude(counts: StressCounts): void {
    const faults: Fault[] = [];
    const history: HistoryOperation[] = [];
    this.messages.forEach((messages, thread) => {
      this.hear(messages.take(), thread, faults, history);
    });
    const fields = this.finish(faults, history);
    counts.add(faults, fields);
    this.parts.control[Stress.Progress]++;
    counts.tell();
  }

  private hear(
    messages: readonly Message[],
    thread: number,
    faults: Fault[],
    history: HistoryOperation[],
  ): void {
    const own: Mutable<HistoryOperation>[] = [];
    for (const message of messages) {
      if (message.kind === 'error') faults.push('error');
      else if (message.kind === 'violation') faults.push('broken invariant');
      else if (message.kind === 'fields' && thread !== 0) this.js?.apply(message.changes);
      else if (message.kind === 'call') {
        const { operation, args, at } = message;
        own.push({
          thread,
          operation,
          args,
          result: undefined,
          call: at,
          returned: Number.POSITIVE_INFINITY,
        });
      } else if (message.kind === 'returned') {
        own[message.operation].result = message.result;
        own[message.operation].returned = message.at;
      }
    }
    history.push(...own);
  }

  private finish(faults: Fault[], history: readonly HistoryOperation[]): Outcome | null {
    const { world, state } = this;
    const { spec } = this.parts.setting;
    try {
      world.endRun();
      const fields = spec.after === undefined ? {} : world.conclude(spec.after, state);
      if (spec.linearizable !== undefined && checkHistory(history, spec.linearizable) === null) {
        faults.push('not linearizable');
      }
      if (world.touched && spec.world?.leaks !== false && faults.length === 0) {
        const leaks = world.leaks();
        if (leaks !== 0) faults.push(leaks > 0 ? 'leak' : 'double free');
      }
      return fields;
    } catch {
      faults.push('error');
      return null;
    }
  }
}

/** Writes only where something has changed: reading is cheaper. */
function restore(heap: Buffer, image: Buffer): void {
  for (let at = 0; at < heap.length; at += PIECE) {
    const end = Math.min(at + PIECE, heap.length);
    if (heap.compare(image, at, end, at, end) !== 0) image.copy(heap, at, at, end);
  }
}
