/** Modules that export the built-in scenarios, relative to this folder. */
export const MODULES: readonly string[] = [
  'classic/counters.js',
  'classic/locks.js',
  'classic/treiber.js',
  'refcount/sharedObject.js',
];
