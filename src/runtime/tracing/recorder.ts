import { Control, Counter, GcState, Geometry, ThreadBlock } from '../../memory/layout.js';
import type { SharedMemory } from '../../memory/sharedMemory.js';
import { HoldTable } from './holdTable.js';
import { type LockNames, nameOfLock } from './lockNames.js';
import { GIL_LOCK, HoldFlag, SAMPLED, type ThreadRecording, TraceEvent, TraceState } from './recording.js';
import { TraceClock } from './traceClock.js';

const enum Room {
  Events = 1 << 17,
  Holds = 1 << 17,
  Samples = 1 << 12,
}

/** Microseconds between two samples, at least. */
const SAMPLE_EVERY = 200;

const NO_HOLDS = { locks: new Int32Array(0), from: new Float64Array(0), to: new Float64Array(0) };

/**
 * What one thread does, recorded with its time into buffers of its own. What does not fit is counted and lost: nothing is
 * ever waited for or allocated while recording, but for the names of locks, once each, on their slow paths. Called by the
 * thread itself. While nothing is being recorded each method returns at once.
 */
export class Recorder {
  /** Whether anything is recorded now. */
  on = false;
  /** Of the thread's strings; set once by the composition. */
  names: LockNames | null = null;

  private readonly i32: Int32Array;
  private readonly clock = new TraceClock();
  private readonly held = new HoldTable();
  private start = 0;
  private end = 0;

  private times = new Float64Array(0);
  private kinds = new Int32Array(0);
  private eventNotes = new Int32Array(0);
  private events = 0;

  private holds = { ...NO_HOLDS, flags: new Uint8Array(0) };
  private holdCount = 0;

  private sampleTimes = new Float64Array(0);
  private sampleValues = new Float64Array(0);
  private samples = 0;
  private sampledAt = 0;

  private notes: string[] = [''];
  private readonly noteIndex = new Map<string, number>();
  private lockNotes = new Map<number, number>();
  private dropped = 0;
  private droppedFrom = Number.POSITIVE_INFINITY;
  /** When the thread got the GIL, and whether it had waited. */
  private gilSince = 0;
  private gilFlags = 0;

  /** `block`: of the thread, once it is known. */
  constructor(
    memory: SharedMemory,
    public block = 0,
  ) {
    this.i32 = memory.i32;
  }

  // --- The stretch. Attached, nothing nested ---

  /** Begins a recording, and forgets the last one. The thread is running. */
  begin(): void {
    this.clock.calibrate();
    if (this.times.length === 0) this.allocate();
    this.events = 0;
    this.holdCount = 0;
    this.samples = 0;
    this.dropped = 0;
    this.droppedFrom = Number.POSITIVE_INFINITY;
    this.notes = [''];
    this.noteIndex.clear();
    this.lockNotes = new Map();
    this.held.clear();
    this.start = this.now();
    this.end = 0;
    this.on = true;
    this.sample(this.start);
  }

  private allocate(): void {
    this.times = new Float64Array(Room.Events);
    this.kinds = new Int32Array(Room.Events);
    this.eventNotes = new Int32Array(Room.Events);
    this.holds = {
      locks: new Int32Array(Room.Holds),
      from: new Float64Array(Room.Holds),
      to: new Float64Array(Room.Holds),
      flags: new Uint8Array(Room.Holds),
    };
    this.sampleTimes = new Float64Array(Room.Samples);
    this.sampleValues = new Float64Array(Room.Samples * SAMPLED.length);
  }

  /** The stretch that is to be seen begins here. */
  stretch(): void {
    this.add(TraceEvent.Stretch, 0, this.now());
  }

  /** Harmless where nothing is being recorded. */
  finish(): void {
    if (!this.on) return;
    this.end = this.now();
    this.sample(this.end);
    if (this.gilSince !== 0) this.hold(GIL_LOCK, this.gilSince, this.end, this.gilFlags | HoldFlag.Open);
    this.on = false;
  }

  /** What was recorded since the last call, null: nothing. Ends the recording. */
  take(thread: number): ThreadRecording | null {
    this.finish();
    if (this.start === 0) return null;
    const { events, holdCount, samples } = this;
    const recording: ThreadRecording = {
      thread,
      start: this.start,
      end: this.end,
      clockError: this.clock.error,
      events: {
        times: this.times.slice(0, events),
        kinds: this.kinds.slice(0, events),
        notes: this.eventNotes.slice(0, events),
      },
      notes: this.notes,
      holds: {
        locks: this.holds.locks.slice(0, holdCount),
        from: this.holds.from.slice(0, holdCount),
        to: this.holds.to.slice(0, holdCount),
        flags: this.holds.flags.slice(0, holdCount),
      },
      lockNames: new Map([...this.lockNotes].map(([byte, note]) => [byte, this.notes[note]])),
      samples: {
        times: this.sampleTimes.slice(0, samples),
        values: this.sampleValues.slice(0, samples * SAMPLED.length),
      },
      dropped: this.dropped,
      droppedFrom: this.droppedFrom,
    };
    this.start = 0;
    return recording;
  }

  // --- States ---

  /** Microseconds of the clock that all workers share. */
  now(): number {
    return this.clock.now();
  }

  push(state: TraceState, note = 0): void {
    if (this.on) this.add(TraceEvent.Begin + state, note, this.now());
  }

  pop(state: TraceState): void {
    if (this.on) this.add(TraceEvent.End + state, 0, this.now());
  }

  off(state: TraceState, note = 0): void {
    if (this.on) this.add(TraceEvent.Off + state, note, this.now());
  }

  /** `TraceEvent.On`, `Leave` and `Restart`. */
  event(kind: TraceEvent): void {
    if (this.on) this.add(kind, 0, this.now());
  }

  phase(name: string): void {
    if (this.on) this.add(TraceEvent.Phase, this.note(name), this.now());
  }

  /** The number of a text, for `push` and `off`. */
  note(text: string): number {
    const known = this.noteIndex.get(text);
    if (known !== undefined) return known;
    const note = this.notes.push(text) - 1;
    this.noteIndex.set(text, note);
    return note;
  }

  // --- Locks ---

  /** The lock at `byte` was got without waiting. */
  locked(byte: number): void {
    if (this.on) this.held.enter(byte, this.now(), 0);
  }

  /** Waiting for the lock begins. */
  waits(byte: number): void {
    if (!this.on) return;
    this.held.contend(byte);
    this.add(TraceEvent.Begin + TraceState.WaitingForLock, this.lockNote(byte), this.now());
  }

  /** Waiting ends; `got`: with the lock. */
  waited(byte: number, got: boolean): void {
    if (!this.on) return;
    const now = this.now();
    this.add(TraceEvent.End + TraceState.WaitingForLock, 0, now);
    if (got) this.held.enter(byte, now, HoldFlag.Waited);
  }

  /** Before a lock is given up: the time for `unlocked`, 0 if nobody has ever been seen waiting for it. */
  unlocking(byte: number): number {
    return this.on && this.held.isContended(byte) ? this.now() : 0;
  }

  /** The lock was given up at `time`. */
  unlocked(byte: number, time: number, flags: number): void {
    if (!this.on) return;
    if ((flags & HoldFlag.Waiter) !== 0) {
      this.held.contend(byte);
      this.lockNote(byte);
    }
    const since = this.held.since(byte);
    if (since !== 0) this.hold(byte, since, time, flags | this.held.flags(byte));
    this.held.leave(byte);
  }

  /** The GIL is this thread's. Also while nothing is recorded: a recording begins with it. */
  gilTaken(waited: boolean): void {
    this.gilSince = this.now();
    this.gilFlags = waited ? HoldFlag.Waited : 0;
  }

  /** Before the GIL is given up. */
  gilDropping(waiters: boolean): void {
    const now = this.now();
    if (this.on) {
      this.add(TraceEvent.Leave, 0, now);
      this.hold(GIL_LOCK, this.gilSince, now, this.gilFlags | (waiters ? HoldFlag.Waiter : 0));
    }
    this.gilSince = 0;
  }

  // --- Samples ---

  /** Takes a sample if it is time. */
  tick(): void {
    if (!this.on) return;
    const now = this.now();
    if (now - this.sampledAt >= SAMPLE_EVERY) this.sample(now);
  }

  /** Declared racy reads of words that others write: how far they have got does not matter. */
  private sample(now: number): void {
    if (this.samples === Room.Samples) {
      this.drop(now);
      return;
    }
    const heap = this.i32;
    const counters = this.block + ThreadBlock.Counters;
    const values = this.sampleValues;
    let at = this.samples * SAMPLED.length;
    values[at++] = Atomics.load(heap, Control.SegmentsUsed) * Geometry.SegmentBytes;
    values[at++] = Atomics.load(heap, Control.Gc + GcState.Counts);
    values[at++] = heap[counters + Counter.MutexWaits];
    values[at++] = heap[counters + Counter.Parks];
    values[at++] = heap[counters + Counter.HandOffs];
    values[at++] = heap[counters + Counter.BrcQueued];
    values[at++] = heap[counters + Counter.SectionsSuspended];
    values[at++] = heap[counters + Counter.LockedReads];
    values[at++] = heap[counters + Counter.DelayedFrees];
    values[at++] = heap[counters + Counter.GilSwitches];
    values[at++] = heap[counters + Counter.ForeignFrees];
    values[at++] = heap[counters + Counter.Suspensions];
    this.sampleTimes[this.samples++] = now;
    this.sampledAt = now;
  }

  // --- Buffers ---

  private add(kind: number, note: number, time: number): void {
    const at = this.events;
    if (at === Room.Events) {
      this.drop(time);
      return;
    }
    this.times[at] = time;
    this.kinds[at] = kind;
    this.eventNotes[at] = note;
    this.events = at + 1;
    if (time - this.sampledAt >= SAMPLE_EVERY) this.sample(time);
  }

  private hold(lock: number, from: number, to: number, flags: number): void {
    const at = this.holdCount;
    if (at === Room.Holds) {
      this.drop(to);
      return;
    }
    this.holds.locks[at] = lock;
    this.holds.from[at] = from;
    this.holds.to[at] = to;
    this.holds.flags[at] = flags;
    this.holdCount = at + 1;
  }

  private drop(time: number): void {
    this.dropped++;
    if (time < this.droppedFrom) this.droppedFrom = time;
  }

  private lockNote(byte: number): number {
    const known = this.lockNotes.get(byte);
    if (known !== undefined) return known;
    const note = this.note(nameOfLock(this.i32, byte, this.names));
    this.lockNotes.set(byte, note);
    return note;
  }
}
