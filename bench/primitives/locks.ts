import { Control } from '../../src/memory/layout.js';
import type { Thread } from '../../src/runtime/thread.js';
import { Event } from '../../src/sync/event.js';
import { rawLock, rawUnlock } from '../../src/sync/rawMutex.js';
import { RwMutex } from '../../src/sync/rwMutex.js';
import { INNER } from '../suite.js';
import type { Primitive } from './types.js';

/** Words and bytes that nobody else touches. */
const WORD = Control.Scratch + 256;
const BYTE = (Control.Scratch + 272) << 2;
const OTHER_BYTE = (Control.Scratch + 288) << 2;
const EVENT = (Control.Scratch + 304) << 2;

/** Free locks: what everybody pays who meets nobody. */
export function lockPrimitives(t: Thread): Primitive[] {
  const { i32: heap, locks, state } = t;
  const { mutex, sections, parkingLot } = state;
  const table = 'locks, free';
  const lock = locks.create();
  const shared = new RwMutex(state, parkingLot);
  const event = new Event(state, parkingLot);
  event.set(EVENT);
  return [
    {
      table,
      name: 'PyMutex lock + unlock',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          mutex.lock(BYTE);
          mutex.unlock(BYTE);
        }
      },
    },
    {
      table,
      name: 'critical section begin + end',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) sections.end(sections.begin(BYTE));
      },
    },
    {
      table,
      name: 'critical section of two objects',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) sections.end(sections.begin2(BYTE, OTHER_BYTE));
      },
    },
    {
      table,
      name: 'Lock acquire + release',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          locks.acquire(lock);
          locks.release(lock);
        }
      },
    },
    {
      table,
      name: 'raw mutex lock + unlock',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          rawLock(heap, WORD);
          rawUnlock(heap, WORD);
        }
      },
    },
    {
      table,
      name: 'read lock lock + unlock',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          shared.lockShared(WORD + 4);
          shared.unlockShared(WORD + 4);
        }
      },
    },
    {
      table,
      name: 'event, set',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) event.wait(EVENT);
      },
    },
  ];
}

/** What a thread does at safepoints and around what would block. */
export function threadPrimitives(t: Thread): Primitive[] {
  const { state } = t;
  const { qsbr } = state;
  const table = 'thread states';
  return [
    {
      table,
      name: 'poll of the eval breaker',
      shape: 'read',
      body: () => {
        for (let i = 0; i < INNER; i++) state.poll();
      },
    },
    {
      table,
      name: 'quiescent state reported',
      shape: 'write',
      body: () => {
        for (let i = 0; i < INNER; i++) qsbr.quiescentState();
      },
    },
    {
      table,
      name: t.build.lock === 'gil' ? 'detach + attach, with the GIL' : 'detach + attach',
      shape: 'lock',
      body: () => {
        for (let i = 0; i < INNER; i++) {
          state.detach();
          state.attach();
        }
      },
    },
  ];
}
