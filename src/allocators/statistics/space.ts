import type { Space } from './types.js';

export const NO_SPACE: Space = { live: 0, free: 0, unused: 0, waste: 0 };

export function addSpace(a: Space, b: Space): Space {
  return {
    live: a.live + b.live,
    free: a.free + b.free,
    unused: a.unused + b.unused,
    waste: a.waste + b.waste,
  };
}

export function sumSpace(parts: readonly { readonly space: Space }[]): Space {
  return parts.reduce((sum, part) => addSpace(sum, part.space), NO_SPACE);
}

/** All bytes. */
export function totalOf(space: Space): number {
  return space.live + space.free + space.unused + space.waste;
}
