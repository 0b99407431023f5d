/** Modules that export the built-in scenarios, relative to this folder. */
export const MODULES: readonly string[] = [
  'refcount/sharedObject.js',
  'refcount/mergeRoutes.js',
  'refcount/mergeOrder.js',
  'refcount/ownerExit.js',
  'refcount/detachedOwner.js',
  'refcount/immortal.js',
  'locks/mutexes.js',
  'locks/events.js',
  'locks/parking.js',
  'locks/sections.js',
  'threads/stopTheWorld.js',
  'classic/counters.js',
  'classic/locks.js',
  'classic/treiber.js',
  'classic/miniBiased.js',
];
