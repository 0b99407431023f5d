import {
  DictObject,
  FreeListMax,
  FreeLists,
  ListObject,
  NumberObject,
  TupleObject,
} from '../memory/layout.js';
import { smallTableWords } from './dictKeys.js';

/** One list of dead objects kept for re-use. */
export interface FreeListRow {
  readonly name: string;
  /** Offset in `FreeLists`. */
  readonly list: number;
  readonly max: number;
  /** What its blocks must have room for. */
  readonly words: number;
}

/** The lists in use; the others are empty for ever. */
export function freeListRows(): FreeListRow[] {
  const rows: FreeListRow[] = [
    { name: 'ints', list: FreeLists.Ints, max: FreeListMax.Ints, words: NumberObject.Words },
    { name: 'floats', list: FreeLists.Floats, max: FreeListMax.Floats, words: NumberObject.Words },
    { name: 'lists', list: FreeLists.Lists, max: FreeListMax.Lists, words: ListObject.Words },
    { name: 'dicts', list: FreeLists.Dicts, max: FreeListMax.Dicts, words: DictObject.Words },
    { name: 'dict keys', list: FreeLists.DictKeys, max: FreeListMax.DictKeys, words: smallTableWords() },
  ];
  for (let length = 1; length <= FreeListMax.TupleLength; length++) {
    rows.push({
      name: `tuples of ${length}`,
      list: FreeLists.Tuples + 2 * length,
      max: FreeListMax.Tuples,
      words: TupleObject.Items + length,
    });
  }
  return rows;
}
