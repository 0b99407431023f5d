import type { HotSpot } from '../memory/hotSpots.js';
import { BuiltinType, Control, Header, LockObject, TypeObject } from '../memory/layout.js';
import type { Thread } from './thread.js';

/** What is at an address that a thread has met often. */
export interface NamedSpot extends HotSpot {
  /** Type of the object that is there now: `float`, `list`. Of a mutex: of the object that it protects, or `runtime`. */
  readonly what: string;
}

/** Objects, by the address of their header. Attached thread; what was freed meanwhile is named by what is there now. */
export function nameObjects(t: Thread, spots: readonly HotSpot[]): NamedSpot[] {
  return spots.map((spot) => ({ ...spot, what: typeNameAt(t, spot.address) }));
}

/** Mutexes, by the address of their byte. */
export function nameLocks(t: Thread, spots: readonly HotSpot[]): NamedSpot[] {
  return spots.map((spot) => ({ ...spot, what: lockNameAt(t, spot.address) }));
}

function lockNameAt(t: Thread, byte: number): string {
  const word = byte >> 2;
  if (word < Control.Types) return 'runtime';
  if ((byte & 3) === Header.MutexByte) return typeNameAt(t, word);
  const lock = word - LockObject.Mutex;
  return t.i32[lock + Header.Type] === BuiltinType.Lock ? 'Lock' : 'key table';
}

function typeNameAt(t: Thread, address: number): string {
  const heap = t.i32;
  const type = heap[address + Header.Type];
  if (type <= 0 || heap[type + Header.Type] !== BuiltinType.Type) return 'object';
  const name = heap[type + TypeObject.Name];
  return name > 0 && heap[name + Header.Type] === BuiltinType.Str ? t.strings.text(name) : 'object';
}
