import { readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Node as AcornNode, type Comment, type Program, parse, type Token } from 'acorn';
import { Refusal } from './refusal.js';

/** A place in the source the user wrote, both from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The compiled sources of this package: `dist/src/`. */
export const OWN_SOURCES = new URL('../../', import.meta.url).href;

/** One compiled module: its text, its tree, and the way back to the source it was compiled from. */
export class SourceFile {
  readonly comments: readonly Comment[];
  readonly tokens: readonly Token[];
  readonly program: Program;
  /** A name that begins with it collides with no identifier of the module: `$`, or more of them. */
  readonly prefix: string;
  private readonly lineStarts: number[] = [0];

  private constructor(
    readonly url: string,
    readonly text: string,
    private readonly map: SourceMap | null,
  ) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1);
    const comments: Comment[] = [];
    const tokens: Token[] = [];
    this.program = this.parse(comments, tokens);
    this.comments = comments;
    this.tokens = tokens;
    this.prefix = `$${longestDollars(text, tokens)}`;
  }

  /** Reads a module and, where there is one, its source map. Throws Refusal for what is not a module. */
  static async read(url: string): Promise<SourceFile> {
    const text = await readFile(fileURLToPath(url), 'utf8');
    return new SourceFile(url, text, await readMap(url));
  }

  /** Where the character at `offset` comes from. */
  position(offset: number): Position {
    const line = this.lineOf(offset);
    const column = offset - this.lineStarts[line];
    const entry = this.map?.findEntry(line, column);
    if (entry === undefined || !('originalSource' in entry)) {
      return { file: displayName(this.url), line: line + 1, column: column + 1 };
    }
    const file = displayName(new URL(entry.originalSource, this.url).href, this.url);
    return { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }

  refuse(node: AcornNode | number, reason: string): never {
    const { file, line, column } = this.position(typeof node === 'number' ? node : node.start);
    throw new Refusal(file, line, column, reason);
  }

  slice(start: number, end: number): string {
    return this.text.slice(start, end);
  }

  /** Offset of the first token with this text in the range. */
  tokenAt(text: string, from: number, to: number): number {
    let low = 0;
    let high = this.tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tokens[middle].start < from) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.tokens.length && this.tokens[index].end <= to; index++) {
      const token = this.tokens[index];
      if (this.text.startsWith(text, token.start) && token.end - token.start === text.length)
        return token.start;
    }
    throw new Error(`no '${text}' in ${this.url} from ${from} to ${to}`);
  }

  private lineOf(offset: number): number {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private parse(comments: Comment[], tokens: Token[]): Program {
    try {
      return parse(this.text, {
        ecmaVersion: 'latest',
        sourceType: 'module',
        allowHashBang: true,
        onComment: comments,
        onToken: tokens,
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.refuse(
        (error as SyntaxError & { pos?: number }).pos ?? 0,
        `not a module: ${error.message}`,
      );
    }
  }
}

async function readMap(url: string): Promise<SourceMap | null> {
  try {
    return new SourceMap(JSON.parse(await readFile(fileURLToPath(`${url}.map`), 'utf8')));
  } catch {
    return null;
  }
}

/** More dollars than any name begins with. */
const MAX_DOLLARS = 16;

/** The run of dollars that begins an identifier of the module, the longest one. */
function longestDollars(text: string, tokens: readonly Token[]): string {
  let longest = '';
  for (const token of tokens) {
    const dollars = /^\$*(?!\{)/.exec(text.slice(token.start, token.start + MAX_DOLLARS))?.[0] ?? '';
    if (dollars.length > longest.length) longest = dollars;
  }
  return longest;
}

/** `refcount/biased.ts` for a source of this package, else the path from the working directory. */
export function displayName(url: string, compiled = url): string {
  if (compiled.startsWith(OWN_SOURCES)) {
    const name = compiled.slice(OWN_SOURCES.length);
    return url === compiled ? name : name.replace(/\.js$/, '.ts');
  }
  if (!url.startsWith('file:')) return url;
  const base = pathToFileURL(process.cwd()).href;
  return url.startsWith(`${base}/`) ? path.relative(process.cwd(), fileURLToPath(url)) : fileURLToPath(url);
}
