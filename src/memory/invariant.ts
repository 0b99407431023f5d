import { FatalError } from './errors.js';

/**
 * An assertion of the debug build. `name`: the invariant; `what`: object, page or block and what it shows. Throws
 * FatalError. Only classes of the debug build call it: the others have none of it.
 */
export function assertInvariant(holds: boolean, name: string, thread: number, what: () => string): void {
  if (!holds) throw new FatalError(`${name} is violated in thread slot ${thread}: ${what()}`);
}
