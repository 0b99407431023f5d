import { Page, Segment, Slice } from '../allocators/mimalloc/layout.js';
import { Control, Geometry, HeapTag, SegmentOwner } from '../memory/layout.js';
import { type Enums, Fields } from './layoutNames.js';
import type { ObjectNames } from './objectNames.js';

/**
 * Names for words of segments that an allocator of production has: `segment#1.used`, `page#1:3.free` (segment and
 * slice), and blocks by page and place, `list#1:3:0.size`.
 */
export class PageNames {
  private readonly segment: Fields;
  private readonly page: Fields;

  constructor(
    private readonly i32: Int32Array,
    layout: Enums,
    private readonly objects: ObjectNames,
  ) {
    this.segment = new Fields(layout.Segment);
    this.page = new Fields(layout.Page);
  }

  nameOf(word: number): string {
    const number = word >>> Geometry.SegmentShift;
    const offset = word & Geometry.SegmentMask;
    const owner = this.i32[Control.SegmentTable + number];
    if (owner !== SegmentOwner.Heap && owner !== SegmentOwner.Huge) return `segment#${number}[${offset}]`;
    if (offset < Segment.Pages) return `segment#${number}.${this.segment.nameOf(offset)}`;
    const slice = (offset - Segment.Pages) >> Page.Shift;
    if (slice < Slice.PerSegment) {
      return `page#${number}:${slice}.${this.page.nameOf((offset - Segment.Pages) % Page.Words)}`;
    }
    return this.blockName(word, number) ?? `segment#${number}[${offset}]`;
  }

  private blockName(word: number, number: number): string | undefined {
    const heap = this.i32;
    const slice = (word & Geometry.SegmentMask) >> Slice.Shift;
    const entry = (number << Geometry.SegmentShift) + Segment.Pages + (slice << Page.Shift);
    const page = entry - heap[entry + Page.SliceOffset];
    const words = heap[page + Page.BlockWords];
    const offset = word - heap[page + Page.Start];
    if (words === 0 || offset < 0) return undefined;
    const tag = heap[page + Page.Tag] as HeapTag;
    const index = Math.floor(offset / words);
    const place = `#${number}:${(page - entry + (slice << Page.Shift)) >> Page.Shift}:${index}`;
    if (tag === HeapTag.Raw) return `raw${place}[${offset % words}]`;
    return tag === HeapTag.Mem
      ? `array${place}[${offset % words}]`
      : this.objectName(word - (offset % words), offset % words, tag, place);
  }

  private objectName(block: number, offset: number, tag: HeapTag, place: string): string {
    const kind = this.objects.kindOf(block, tag);
    const name = kind === undefined ? 'obj' : this.objects.kindName(kind);
    const field = this.objects.field(offset, tag, kind);
    return field.startsWith('[') ? name + place + field : `${name}${place}.${field}`;
  }
}
