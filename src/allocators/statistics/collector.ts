import { HeapTag } from '../../memory/layout.js';
import { addSpace, NO_SPACE, sumSpace } from './space.js';
import type { ClassStatistics, OwnerStatistics, Space, TagStatistics } from './types.js';

const TAGS: readonly TagStatistics['tag'][] = ['mem', 'object', 'gc', 'gc-pre', 'raw'];

/** What one page or pool adds to its class. */
export type PageFigures = Omit<ClassStatistics, 'pages'>;

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

  addPage(tag: number, figures: PageFigures): void {
    const key = `${tag}/${figures.size}`;
    const before = this.classes.get(key)?.figures;
    this.classes.set(key, {
      tag,
      figures: before === undefined ? { ...figures, pages: 1 } : merge(before, figures),
    });
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

function merge(a: ClassStatistics, b: PageFigures): ClassStatistics {
  return {
    size: a.size,
    pages: a.pages + 1,
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
