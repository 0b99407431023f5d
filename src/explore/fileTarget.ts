/** A file that exports scenarios, and the one of them that is meant; null: all. */
export interface FileTarget {
  readonly path: string;
  readonly scenario: string | null;
}

/** Reads `mine.mjs` or `mine.mjs#name`. A `#` elsewhere belongs to the path. */
export function parseFileTarget(text: string): FileTarget {
  const match = /^(.*\.[cm]?[jt]s)#(.+)$/s.exec(text);
  return match === null ? { path: text, scenario: null } : { path: match[1], scenario: match[2] };
}

/** The text that `parseFileTarget` reads. */
export function formatFileTarget({ path, scenario }: FileTarget): string {
  return scenario === null ? path : `${path}#${scenario}`;
}
