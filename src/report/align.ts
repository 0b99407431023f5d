/** Lays out a small table: columns as wide as their widest cell, lines without trailing spaces. */

export interface AlignOptions {
  /** Columns whose cells stand at their right edge, from 0. */
  right?: readonly number[];
  /** Colours a cell after it was padded. */
  paint?(text: string, row: number, column: number): string;
}

const GAP = '  ';

export function alignRows(rows: readonly (readonly string[])[], options: AlignOptions = {}): string[] {
  const widths = columnWidths(rows);
  return rows.map((row, r) => {
    const cells = row.map((cell, c) => {
      const right = options.right?.includes(c) === true;
      // The last cell is not padded, nor cut afterwards: its colour codes would be in the way.
      const text = right ? cell.padStart(widths[c]) : c === row.length - 1 ? cell : cell.padEnd(widths[c]);
      return options.paint?.(text, r, c) ?? text;
    });
    return cells.join(GAP).trimEnd();
  });
}

/** Characters of the widest line. */
export function alignedWidth(rows: readonly (readonly string[])[]): number {
  const widths = columnWidths(rows);
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return Array.from({ length: count }, (_, c) =>
    rows.reduce((widest, row) => Math.max(widest, row[c]?.length ?? 0), 0),
  );
}
