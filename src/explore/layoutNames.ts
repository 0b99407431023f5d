import * as pageLayout from '../allocators/mimalloc/layout.js';
import * as memoryLayout from '../memory/layout.js';

/** Members of one enum by name; also the compiler's way back, from number to name, which is not used here. */
type Members = Readonly<Record<string, unknown>>;

/**
 * The layout enums as they are at run time: `preserveConstEnums` keeps them as objects, which TypeScript itself does
 * not let a program look at.
 */
export type Enums = Readonly<Record<string, Members>>;

/** All enums of memory/layout.ts, and those of the heaps' pages. */
export const LAYOUT: Enums = {
  ...(pageLayout as unknown as Enums),
  ...(memoryLayout as unknown as Enums),
};

/** Members of every layout that are sizes and not fields. */
const SIZES = ['Words', 'Count', 'Shift'];

/** What an enum says of its members only in its comments. */
export interface FieldOptions {
  /** Members that begin a sequence of words. */
  readonly arrays?: readonly string[];
  /** Members that are no fields. */
  readonly except?: readonly string[];
}

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly array: boolean;
}

/** The fields of one struct, by offset. */
export class Fields {
  private readonly fields: readonly Field[];

  constructor(members: Members, options: FieldOptions = {}) {
    const skipped = [...SIZES, ...(options.except ?? [])];
    this.fields = Object.entries(members)
      .filter(([name, value]) => typeof value === 'number' && !skipped.includes(name))
      .map(([name, value]) => ({
        name: lowerCamel(name),
        offset: value as number,
        array: options.arrays?.includes(name) ?? false,
      }))
      .sort((a, b) => a.offset - b.offset);
  }

  /** `size`, `items[3]`, or `used+2` for a word that has no name of its own. */
  nameOf(offset: number): string {
    const field = this.fields.findLast((candidate) => candidate.offset <= offset);
    if (field === undefined) return `+${offset}`;
    const beyond = offset - field.offset;
    if (field.array) return `${field.name}[${beyond}]`;
    return beyond === 0 ? field.name : `${field.name}+${beyond}`;
  }
}

/** The member that has this value, in lower camel case; undefined if there is none. */
export function memberNamed(members: Members, value: number): string | undefined {
  const found = Object.entries(members).find(([, member]) => member === value);
  return found === undefined ? undefined : lowerCamel(found[0]);
}

function lowerCamel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
