/** Sets of threads, as bits of a number. */

/** How many threads are in the set. */
export function countThreads(threads: number): number {
  let count = 0;
  for (let rest = threads; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The thread with the lowest number; -1 of the empty set. */
export function lowestThread(threads: number): number {
  return 31 - Math.clz32(threads & -threads);
}
