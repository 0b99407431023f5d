import { describe, expect, it } from 'vitest';
import { Control, Header, LockObject } from '#ungil/memory/layout.js';
import { SharedMemory } from '#ungil/memory/sharedMemory.js';
import { NO_MODULES } from '#ungil/runtime/allocators.js';
import { buildNamed } from '#ungil/runtime/builds.js';
import { Runtime } from '#ungil/runtime/runtime.js';
import { Thread } from '#ungil/runtime/thread.js';
import { ProductionParts } from '#ungil/runtime/threadParts.js';
import { TracedParts } from '#ungil/runtime/tracedParts.js';
import { HoldTable } from '#ungil/runtime/tracing/holdTable.js';
import { nameOfLock } from '#ungil/runtime/tracing/lockNames.js';
import type { ThreadRecording } from '#ungil/runtime/tracing/recording.js';
import { TraceClock } from '#ungil/runtime/tracing/traceClock.js';
import { program } from '../support/runtimes.js';

const MEMORY = 32 << 20;

/** As in recording.ts. */
const BEGIN = 0;
const END = 16;
const GRACE_PERIOD = 9;
const WAITED = 1;
const WAITER = 2;
const OPEN = 8;

function threads(build: string, count: number): Thread[] {
  const memory = SharedMemory.create(MEMORY);
  const made = Array.from({ length: count }, (_, slot) => {
    return new Thread(memory, buildNamed(build), slot, new TracedParts(memory, NO_MODULES));
  });
  made[0]!.start();
  made[0]!.initialiseInterpreter();
  for (const thread of made.slice(1)) thread.start();
  return made;
}

function taken(thread: Thread): ThreadRecording {
  const recording = thread.recorder?.take(0) ?? null;
  if (recording === null) throw new Error('nothing was recorded');
  return recording;
}

describe('a recorder', () => {
  it('records nothing before it begins, and nothing twice', () => {
    const [t] = threads('free-threaded', 1) as [Thread];
    t.recorder!.push(3);
    expect(t.recorder!.take(0)).toBeNull();
    t.recorder!.begin();
    t.recorder!.push(3);
    expect(taken(t).events.times).toHaveLength(1);
    t.recorder!.push(3);
    expect(t.recorder!.take(0)).toBeNull();
  });

  it('counts what does not fit, and says from when on', () => {
    const [t] = threads('free-threaded', 1) as [Thread];
    t.recorder!.begin();
    for (let i = 0; i < (1 << 17) + 5; i++) t.recorder!.push(3);
    const recording = taken(t);
    expect(recording.events.times).toHaveLength(1 << 17);
    expect(recording.dropped).toBe(5);
    expect(recording.droppedFrom).toBeGreaterThanOrEqual(recording.events.times.at(-1)!);
    expect(recording.droppedFrom).toBeLessThanOrEqual(recording.end);
    t.recorder!.begin();
    expect(taken(t)).toMatchObject({ dropped: 0, droppedFrom: Number.POSITIVE_INFINITY });
  });

  it('keeps the holds of a lock from the first waiter on', () => {
    const [t] = threads('free-threaded', 1) as [Thread];
    const { recorder } = t;
    const lock = t.locks.create();
    const byte = (lock + LockObject.Mutex) << 2;
    recorder!.begin();
    t.locks.acquire(lock);
    t.locks.release(lock);
    t.locks.acquire(lock);
    // As if somebody slept: 3 is locked and parked.
    t.memory.u8[byte] = 3;
    t.locks.release(lock);
    expect(t.mutex.isLocked(byte)).toBe(false);
    t.locks.acquire(lock);
    t.locks.release(lock);
    recorder!.waits(byte);
    recorder!.waited(byte, true);
    recorder!.unlocked(byte, recorder!.now(), 0);
    const { holds, lockNames } = taken(t);
    expect([...holds.flags]).toEqual([WAITER, 0, WAITED]);
    expect([...lockNames]).toEqual([[byte, `Lock at 0x${lock.toString(16)}`]]);
    for (let i = 0; i < 3; i++) expect(holds.to[i]).toBeGreaterThanOrEqual(holds.from[i]!);
  });

  it('records whole sections by the twin in TypeScript', () => {
    const [t] = threads('free-threaded', 1) as [Thread];
    const list = t.lists.create();
    for (let i = 0; i < 3; i++) t.lists.append(list, Control.None);
    const byte = (list << 2) + Header.MutexByte;
    t.recorder!.begin();
    t.recorder!.waits(byte);
    t.recorder!.waited(byte, false);
    t.lists.append(list, Control.None);
    t.lists.set(list, 0, Control.None);
    const { holds } = taken(t);
    expect([...holds.locks]).toEqual([byte, byte]);
    expect(t.lists.length(list)).toBe(4);
  });

  it('keeps every hold of the GIL, the last one too', () => {
    const [t] = threads('gil', 1) as [Thread];
    t.recorder!.begin();
    t.state.detach();
    t.state.attach();
    const { holds } = taken(t);
    expect([...holds.locks]).toEqual([-1, -1]);
    expect([...holds.flags]).toEqual([0, OPEN]);
    expect(holds.from[1]).toBeGreaterThanOrEqual(holds.to[0]!);
  });

  it('records a grace period that is waited out', () => {
    const [t, u] = threads('free-threaded', 2) as [Thread, Thread];
    t.recorder!.begin();
    const goal = t.state.qsbr.advance();
    t.state.qsbr.detach();
    expect(t.state.qsbr.poll(goal)).toBe(false);
    expect(t.state.qsbr.poll(goal)).toBe(false);
    u.state.qsbr.quiescentState();
    expect(t.state.qsbr.poll(goal)).toBe(true);
    t.state.qsbr.attach();
    t.state.qsbr.attach();
    expect([...taken(t).events.kinds]).toEqual([BEGIN + GRACE_PERIOD, END + GRACE_PERIOD]);
  });
});

describe('names of locks', () => {
  it('say what they belong to', () => {
    const [t] = threads('free-threaded', 1) as [Thread];
    const name = (byte: number) => nameOfLock(t.i32, byte, t.strings);
    const dict = t.dicts.create();
    const type = t.instances.createType('Point', ['x'], 0);
    const point = t.instances.create(type);
    expect(name((dict << 2) + Header.MutexByte)).toBe(`dict at 0x${dict.toString(16)}`);
    expect(name((point << 2) + Header.MutexByte)).toBe(`Point at 0x${point.toString(16)}`);
    expect(name(Control.InternMutex << 2)).toBe('intern table');
    expect(name(Control.StopMutex << 2)).toBe('StopMutex');
    expect(name((Control.WeakrefStripes + 5) << 2)).toBe('weak references, stripe 5');
  });
});

describe('what a thread holds', () => {
  it('is known by the lock, and forgotten with it', () => {
    const table = new HoldTable();
    table.enter(100, 5, WAITED);
    expect([table.since(100), table.flags(100), table.since(104)]).toEqual([5, WAITED, 0]);
    table.leave(104);
    table.leave(100);
    expect(table.since(100)).toBe(0);
    expect(table.isContended(100)).toBe(false);
    table.contend(100);
    expect(table.isContended(100)).toBe(true);
    table.clear();
    expect(table.isContended(100)).toBe(false);
  });
});

describe('the clock', () => {
  it('is that of process.hrtime, and says how exact it is', () => {
    const clock = new TraceClock();
    clock.calibrate();
    expect(clock.error).toBeGreaterThan(0);
    expect(clock.error).toBeLessThan(1000);
    const before = Number(process.hrtime.bigint()) / 1000;
    const now = clock.now();
    const after = Number(process.hrtime.bigint()) / 1000;
    expect(now).toBeGreaterThanOrEqual(before - clock.error - 1);
    expect(now).toBeLessThanOrEqual(after + clock.error + 1);
  });
});

describe('a build that does not record', () => {
  it('has no recorder, and its runs no recordings', async () => {
    const memory = SharedMemory.create(MEMORY);
    expect(new Thread(memory, buildNamed('gil'), 0, new ProductionParts()).recorder).toBeNull();
    const runtime = await Runtime.start({ build: 'gil', threads: 1, memory: MEMORY });
    await runtime.run(program('basics'), { args: {} });
    expect(runtime.recordings()).toEqual([]);
    await runtime.shutdown();
  });
});
