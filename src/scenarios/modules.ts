/** Modules that export the built-in scenarios, relative to this folder. */
export const MODULES: readonly string[] = [
  'classic/counters.js',
  'classic/locks.js',
  'classic/treiber.js',
  'classic/miniBiased.js',
  'refcount/sharedObject.js',
];
