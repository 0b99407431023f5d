export const SHAPES = [
  'lists in one list',
  'lists in one list, shuffled',
  'a tree of lists',
  'a tree of lists, shuffled',
] as const;
export type Shape = (typeof SHAPES)[number];

/** What a case is given. `objects`: how many. */
export interface Setting {
  readonly shape: Shape;
  readonly objects: number;
  readonly rounds: number;
}

/** Medians in milliseconds by what was done; and how often a second thread had a part in a collection, of `rounds`. */
export interface Medians {
  readonly milliseconds: Readonly<Record<string, number>>;
  /** Of the processor's time that all threads took. Says what a second marker costs where no second core is free. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly helped: number;
  readonly rounds: number;
}
