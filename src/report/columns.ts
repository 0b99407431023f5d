/**
 * Lays out right-aligned columns under three lines of headings. Where they do not fit beside each other they are
 * stacked into blocks, each with the row names again; a line never wraps.
 */

export interface Column {
  head: string;
  /** One for each row. */
  cells: string[];
}

/** Columns under one heading, a space between them. */
export interface Section {
  title: string;
  columns: Column[];
}

/** Sections under one heading, which is ruled to the group's width. */
export interface Group {
  title: string;
  sections: Section[];
}

const GAP = 2;

/** Lines of at most `width` characters, as long as the row names and one column fit into it. */
export function layoutColumns(names: Column, groups: readonly Group[], width: number): TableLine[] {
  const room = width - columnWidth(names) - GAP;
  const lines: TableLine[] = [];
  for (const block of pack(groups, room)) {
    if (lines.length > 0) lines.push({ text: '', heading: false });
    lines.push(...renderBlock(names, block));
  }
  return lines;
}

export interface TableLine {
  text: string;
  heading: boolean;
}

// --- Widths ---

function columnWidth(column: Column): number {
  return column.cells.reduce((widest, cell) => Math.max(widest, cell.length), column.head.length);
}

function sectionWidth(section: Section): number {
  const columns = section.columns.reduce(
    (sum, column) => sum + columnWidth(column),
    section.columns.length - 1,
  );
  return Math.max(columns, section.title.length);
}

function groupWidth(group: Group): number {
  const sections = group.sections.reduce((sum, section) => sum + sectionWidth(section), 0);
  return Math.max(sections + GAP * (group.sections.length - 1), group.title.length);
}

// --- Stacking ---

/** Deals the groups out to blocks in order, each as full as `room` allows. */
function pack(groups: readonly Group[], room: number): Group[][] {
  const blocks: Group[][] = [];
  let left = -1;
  for (const part of groups.flatMap((group) => split(group, room))) {
    const width = groupWidth(part);
    if (width + GAP > left || blocks.length === 0) {
      blocks.push([part]);
      left = room - width;
    } else {
      blocks[blocks.length - 1].push(part);
      left -= width + GAP;
    }
  }
  return blocks;
}

/** A group too wide for a block of its own: section by section, then column by column. */
function split(group: Group, room: number): Group[] {
  if (groupWidth(group) <= room) return [group];
  const { title, sections } = group;
  if (sections.length > 1) return sections.flatMap((section) => split({ title, sections: [section] }, room));
  const { title: heading, columns } = sections[0];
  if (columns.length === 1) return [group];
  const fitting = columns.findIndex((_, index) => {
    const part = { title, sections: [{ title: heading, columns: columns.slice(0, index + 1) }] };
    return groupWidth(part) > room;
  });
  const cut = Math.max(fitting, 1);
  return [columns.slice(0, cut), columns.slice(cut)].flatMap((part) =>
    split({ title, sections: [{ title: heading, columns: part }] }, room),
  );
}

// --- Rendering ---

function renderBlock(names: Column, groups: readonly Group[]): TableLine[] {
  const margin = ' '.repeat(columnWidth(names));
  const gap = ' '.repeat(GAP);
  const heading = (first: string, rest: readonly string[]): TableLine => ({
    text: [first, ...rest].join(gap).trimEnd(),
    heading: true,
  });
  const lines = [
    heading(margin, groups.map(groupHeading)),
    heading(
      margin,
      groups.map((group) => renderGroup(group, sectionHeading)),
    ),
    heading(
      names.head.padEnd(margin.length),
      groups.map((group) => renderGroup(group, (section) => renderSection(section, (column) => column.head))),
    ),
  ];
  names.cells.forEach((name, row) => {
    const cells = groups.map((group) =>
      renderGroup(group, (section) => renderSection(section, (column) => column.cells[row])),
    );
    lines.push({ text: [name.padEnd(margin.length), ...cells].join(gap).trimEnd(), heading: false });
  });
  return lines;
}

function groupHeading(group: Group): string {
  const width = groupWidth(group);
  if (isSingleColumn(group.sections[0]) && group.sections.length === 1) return group.title.padStart(width);
  return group.title.length + 1 < width ? `${group.title} `.padEnd(width, '-') : group.title.padEnd(width);
}

function sectionHeading(section: Section): string {
  const width = sectionWidth(section);
  return isSingleColumn(section) ? section.title.padStart(width) : section.title.padEnd(width);
}

function isSingleColumn(section: Section): boolean {
  return section.columns.length === 1;
}

function renderGroup(group: Group, render: (section: Section) => string): string {
  return group.sections.map(render).join(' '.repeat(GAP)).padStart(groupWidth(group));
}

function renderSection(section: Section, text: (column: Column) => string): string {
  const cells = section.columns.map((column) => text(column).padStart(columnWidth(column)));
  return cells.join(' ').padStart(sectionWidth(section));
}
