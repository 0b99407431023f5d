import type { Ref } from '#ungil/refcount/refCounter.js';

/** A counted reference that somebody owns. */
export class Obj {
  constructor(readonly ref: Ref) {}
}

/** A list of CPython's that is one of JavaScript here: results of the gc module. Owns its items. */
export class HostList {
  constructor(readonly items: readonly Value[]) {}
}

/** A dict of CPython's that is a record here: statistics. */
export class HostMap {
  constructor(readonly entries: Readonly<Record<string, Value>>) {}
}

export type Value = Obj | HostList | HostMap | number | string | boolean | null;
