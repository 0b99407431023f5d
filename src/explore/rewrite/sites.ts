import { type Site, SiteMark } from '../hooks.js';
import type { SourceFile } from './sourceFile.js';

/** All places where rewritten code calls a hook; a site's number is its index. */
export class Sites {
  readonly all: Site[] = [];

  /** Number of a new site at this offset, in the function of this name. */
  add(file: SourceFile, offset: number, label: string, marks: SiteMark | 0): number {
    const position = file.position(offset);
    const inAllocator = position.file.startsWith('allocators/') ? SiteMark.Allocator : 0;
    return this.all.push({ ...position, function: label, marks: marks | inAllocator }) - 1;
  }
}
