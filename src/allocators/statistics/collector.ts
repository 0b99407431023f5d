import { HeapTag } from '../../memory/layout.js';
import { addSpace, NO_SPACE, sumSpace } from './space.js';
import type { ClassStatistics, OwnerStatistics, Space, TagStatistics } from './types.js';

const TAGS: readonly TagStatistics['tag'][] = ['mem', 'object', 'gc', 'gc-pre', 'raw'];

/** What was found in pages (or pools) of one size. */
export interface PageCounts {
  /** Bytes of a block. */
  readonly size: number;
  readonly pages: number;
  /** Pages that are empty and wait for their goal. */
  readonly waitingPages: number;
  /** Blocks: handed out, cut at all, and there could be. */
  readonly live: number;
  readonly carved: number;
  readonly capacity: number;
  /** Of the pages, whole. */
  readonly bytes: number;
}

/** Adds up what is found in one owner's segments. */
export class OwnerCollector {
  segments = 0;
  private outside: Space = NO_SPACE;
  private readonly classes = new Map<string, { tag: number; figures: ClassStatistics }>();

  constructor(readonly owner: string) {}

  /** Bytes of its segments that no page has. */
  addOutside(space: Partial<Space>): void {
    this.outside = addSpace(this.outside, { ...NO_SPACE, ...space });
  }

  addPages(tag: number, counts: PageCounts): void {
    const key = `${tag}/${counts.size}`;
    const before = this.classes.get(key)?.figures;
    const found = figuresOf(counts);
    this.classes.set(key, { tag, figures: before === undefined ? found : merge(before, found) });
  }

  finish(): OwnerStatistics {
    const tags = TAGS.map((_, tag) => this.tagStatistics(tag)).filter(({ classes }) => classes.length > 0);
    return {
      owner: this.owner,
      segments: this.segments,
      space: addSpace(sumSpace(tags), this.outside),
      outside: this.outside,
      tags,
    };
  }

  private tagStatistics(tag: number): TagStatistics {
    const classes = [...this.classes.values()]
      .filter((entry) => entry.tag === tag)
      .map((entry) => entry.figures)
      .sort((a, b) => a.size - b.size);
    return { tag: TAGS[tag], domain: domainOf(tag), space: sumSpace(classes), classes };
  }
}

function figuresOf({
  size,
  pages,
  waitingPages,
  live,
  carved,
  capacity,
  bytes,
}: PageCounts): ClassStatistics {
  const free = carved - live;
  return {
    size,
    pages,
    waitingPages,
    live,
    free,
    capacity,
    space: {
      live: live * size,
      free: free * size,
      unused: (capacity - carved) * size,
      waste: bytes - capacity * size,
    },
  };
}

function merge(a: ClassStatistics, b: ClassStatistics): ClassStatistics {
  return {
    size: a.size,
    pages: a.pages + b.pages,
    waitingPages: a.waitingPages + b.waitingPages,
    live: a.live + b.live,
    free: a.free + b.free,
    capacity: a.capacity + b.capacity,
    space: addSpace(a.space, b.space),
  };
}

function domainOf(tag: number): TagStatistics['domain'] {
  if (tag === HeapTag.Raw) return 'raw';
  return tag === HeapTag.Mem ? 'mem' : 'object';
}
