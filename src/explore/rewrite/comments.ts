import { SiteMark } from '../hooks.js';
import type { SourceFile } from './sourceFile.js';

/** The marks that the comments directly before this offset declare. */
export function marksBefore(file: SourceFile, offset: number): SiteMark | 0 {
  let text = '';
  let at = offset;
  for (let index = lastEndingBefore(file, offset); index >= 0; index--) {
    const comment = file.comments[index];
    if (file.slice(comment.end, at).trim() !== '') break;
    text = `${comment.value} ${text}`;
    at = comment.start;
  }
  return text === '' ? 0 : marksOf(text);
}

/** Phrases may be wrapped over lines, each of which may begin with a star. */
function marksOf(comment: string): SiteMark | 0 {
  const text = comment.replace(/\s*\n\s*\*?\s*/g, ' ').replace(/\s+/g, ' ');
  return (
    (text.includes('eclared racy read') ? SiteMark.Racy : 0) |
    (text.includes('ay touch a freed block') ? SiteMark.Optimistic : 0)
  );
}

function lastEndingBefore(file: SourceFile, offset: number): number {
  let low = 0;
  let high = file.comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (file.comments[middle].end <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
