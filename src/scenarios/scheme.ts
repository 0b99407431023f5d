/**
 * The schemes under which a scenario can run. `gil`: plain counts, and threads switch only where the eval breaker
 * is polled; `plain`: plain counts and no lock at all (build `unsafe`); `atomic`: build `gilectomy`; `biased`:
 * build `free-threaded`; `side-table`: build `gilectomy` with its counts apart from the objects; `none`: the scenario
 * does not use the runtime's counts.
 */
export type Scheme = 'gil' | 'plain' | 'atomic' | 'biased' | 'side-table' | 'none';

/** All that `refcount` of a scenario may name, in the order of tables. */
export const COUNT_SCHEMES: readonly Scheme[] = ['gil', 'plain', 'atomic', 'biased', 'side-table'];
