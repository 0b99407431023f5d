import {
  BuiltinType,
  Control,
  Header,
  LockObject,
  StopState,
  TypeObject,
  WeakrefStripes,
} from '../../memory/layout.js';
import type { Ref } from '../../refcount/refCounter.js';

/** What names of locks are made from. */
export interface LockNames {
  text(str: Ref): string;
}

/** The runtime's own locks that are a `Mutex`, by their word. Raw mutexes are not traced. */
const OWN: ReadonlyMap<number, string> = new Map([
  [Control.InternMutex, 'intern table'],
  [Control.UniqueIdMutex, 'table of unique ids'],
  [Control.StopMutex, 'StopMutex'],
  [Control.GlobalStop + StopState.Mutex, 'StopMutex of all interpreters'],
]);

/** A name for the lock whose byte this is: `list at 0x1a40`, `intern table`. Attached, what the lock belongs to being alive. */
export function nameOfLock(heap: Int32Array, byte: number, names: LockNames | null): string {
  const word = byte >>> 2;
  if ((byte & 3) === Header.MutexByte) return `${typeName(heap, word, names)} at ${hex(word)}`;
  const own = OWN.get(word);
  if (own !== undefined) return own;
  const stripe = word - Control.WeakrefStripes;
  if (stripe >= 0 && stripe < WeakrefStripes.Count) return `weak references, stripe ${stripe}`;
  const object = word - LockObject.Mutex;
  if (heap[object + Header.Type] === BuiltinType.Lock) return `Lock at ${hex(object)}`;
  return `shared keys, mutex at ${hex(word)}`;
}

function typeName(heap: Int32Array, object: Ref, names: LockNames | null): string {
  const name = heap[heap[object + Header.Type] + TypeObject.Name];
  return names === null || name === 0 ? 'object' : names.text(name);
}

/** Addresses are word indices. */
function hex(word: number): string {
  return `0x${word.toString(16)}`;
}
