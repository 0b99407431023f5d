import type { Ref } from '../../refcount/refCounter.js';
import type { Thread } from '../../runtime/thread.js';

/** A dict of these names: the globals of the benchmark's own module. The values are borrowed. */
export function moduleOf(t: Thread, names: Readonly<Record<string, Ref>>): Ref {
  const globals = t.dicts.create();
  for (const [name, value] of Object.entries(names)) t.dicts.set(globals, t.strings.intern(name), value);
  return globals;
}

/** As `moduleOf`, and drops the caller's references to the values. */
export function moduleWith(t: Thread, names: Readonly<Record<string, Ref>>): Ref {
  const globals = moduleOf(t, names);
  for (const value of Object.values(names)) t.refs.decref(value);
  return globals;
}
