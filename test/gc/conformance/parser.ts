import type { Definition, Expression, Statement } from './syntax.js';

/** `text` of an indent: its number of spaces. */
interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'operator' | 'line';
  readonly text: string;
  readonly line: number;
}

const TOKEN = /\s*(?:([A-Za-z_]\w*)|(\d+)|'([^']*)'|"([^"]*)"|(==|!=|<=|>=|[-+*<>=()[\]{},.:]))/y;
const KEYWORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

/** Parses a program. Throws SyntaxError with the line for what is not in the subset. */
export function parse(source: string): readonly Statement[] {
  const parser = new Parser(tokens(source));
  const body = parser.block(0);
  parser.end();
  return body;
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  source.split('\n').forEach((text, index) => {
    const code = text.replace(/\s*#.*$/, '').trimEnd();
    if (code.trim() === '') return;
    const line = index + 1;
    found.push({ kind: 'line', text: String(code.length - code.trimStart().length), line });
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < code.length) {
      const match = TOKEN.exec(code);
      if (match === null) throw new SyntaxError(`line ${line}: ${text}`);
      const [, name, number, single, double, operator] = match;
      if (name !== undefined) found.push({ kind: 'name', text: name, line });
      else if (number !== undefined) found.push({ kind: 'number', text: number, line });
      else if (operator !== undefined) found.push({ kind: 'operator', text: operator, line });
      else found.push({ kind: 'string', text: single ?? double ?? '', line });
    }
  });
  return found;
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  /** Statements of at least this indent, all of the first one's. */
  block(least: number): Statement[] {
    const indent = this.indent();
    if (indent < least) this.fail('an indented block');
    const statements: Statement[] = [];
    while (this.indent() === indent) {
      this.at++;
      statements.push(...this.statement(indent));
    }
    return statements;
  }

  end(): void {
    if (this.at < this.tokens.length) this.fail('a statement');
  }

  /** More than one only where `del` names several. */
  private statement(indent: number): Statement[] {
    const { kind, text } = this.peek();
    if (kind !== 'name') return [this.simple()];
    switch (text) {
      case 'def':
        return [this.definition(indent)];
      case 'class':
        return [this.classStatement(indent)];
      case 'if': {
        this.at++;
        const test = this.expression();
        const body = this.suite(indent);
        return [
          { kind: 'if', test, body, otherwise: this.follows('else', indent) ? this.suite(indent) : [] },
        ];
      }
      case 'for': {
        this.at++;
        const name = this.name();
        for (const word of ['in', 'range', '(']) this.expect(word);
        const count = this.expression();
        this.expect(')');
        return [{ kind: 'for', name, count, body: this.suite(indent) }];
      }
      case 'try': {
        this.at++;
        const body = this.suite(indent);
        if (!this.follows('except', indent)) this.fail('except');
        const error = this.name();
        return [{ kind: 'try', body, error, handler: this.suite(indent) }];
      }
      case 'del': {
        this.at++;
        const targets = [this.expression()];
        while (this.accept(',')) targets.push(this.expression());
        return targets.map((target) => ({ kind: 'delete', target }));
      }
      default:
        return [this.simple()];
    }
  }

  private simple(): Statement {
    if (this.accept('pass')) return { kind: 'pass' };
    if (this.accept('return')) {
      const empty = this.peek().kind === 'line';
      return { kind: 'return', value: empty ? { kind: 'constant', value: null } : this.expression() };
    }
    if (this.accept('raise')) {
      const error = this.name();
      this.expect('(');
      const message = this.next().text;
      this.expect(')');
      return { kind: 'raise', error, message };
    }
    const expressions = [this.expressions()];
    while (this.accept('=')) expressions.push(this.expressions());
    const value = expressions.pop()!;
    return expressions.length === 0
      ? { kind: 'expression', value }
      : { kind: 'assign', targets: expressions, value };
  }

  private definition(indent: number): Definition {
    this.expect('def');
    const name = this.name();
    this.expect('(');
    const parameters: string[] = [];
    while (!this.accept(')')) {
      parameters.push(this.name());
      this.accept(',');
    }
    return { kind: 'def', name, parameters, body: this.suite(indent) };
  }

  private classStatement(indent: number): Statement {
    this.expect('class');
    const name = this.name();
    const methods: Definition[] = [];
    for (const statement of this.suite(indent)) {
      if (statement.kind === 'def') methods.push(statement);
      else if (statement.kind !== 'pass') this.fail('a method');
    }
    return { kind: 'class', name, methods };
  }

  /** Behind a colon: the rest of the line, or a block. */
  private suite(indent: number): Statement[] {
    this.expect(':');
    return this.peek().kind === 'line' ? this.block(indent + 1) : [this.simple()];
  }

  private expressions(): Expression {
    const first = this.expression();
    if (!this.accept(',')) return first;
    const items = [first, this.expression()];
    while (this.accept(',')) items.push(this.expression());
    return { kind: 'tuple', items };
  }

  private expression(): Expression {
    if (this.accept('not')) return { kind: 'not', operand: this.expression() };
    const left = this.sum();
    const operator = this.comparison();
    return operator === null ? left : { kind: 'binary', operator, left, right: this.sum() };
  }

  private comparison(): string | null {
    if (this.accept('is')) return this.accept('not') ? 'is not' : 'is';
    if (this.accept('not')) {
      this.expect('in');
      return 'not in';
    }
    return ['in', '==', '!=', '<=', '>=', '<', '>'].find((operator) => this.accept(operator)) ?? null;
  }

  private sum(): Expression {
    let left = this.unary();
    for (;;) {
      const operator = ['+', '-', '*'].find((candidate) => this.accept(candidate));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.unary() };
    }
  }

  private unary(): Expression {
    if (this.accept('-')) return { kind: 'minus', operand: this.unary() };
    let value = this.atom();
    for (;;) {
      if (this.accept('.')) value = { kind: 'attribute', of: value, name: this.name() };
      else if (this.accept('[')) {
        value = { kind: 'item', of: value, index: this.expression() };
        this.expect(']');
      } else if (this.accept('(')) value = { kind: 'call', callee: value, args: this.until(')') };
      else return value;
    }
  }

  private atom(): Expression {
    const token = this.next();
    if (token.kind === 'number') return { kind: 'constant', value: Number(token.text) };
    if (token.kind === 'string') return { kind: 'constant', value: token.text };
    if (token.kind === 'name') {
      return token.text in KEYWORDS
        ? { kind: 'constant', value: KEYWORDS[token.text]! }
        : { kind: 'name', name: token.text };
    }
    if (token.text === '[') return { kind: 'list', items: this.until(']') };
    if (token.text === '{') return this.dict();
    if (token.text !== '(') {
      this.at--;
      this.fail('a value');
    }
    const start = this.at;
    const items = this.until(')');
    const isTuple = items.length !== 1 || this.tokens[this.at - 2]?.text === ',';
    return isTuple || start === this.at ? { kind: 'tuple', items } : items[0]!;
  }

  private dict(): Expression {
    const entries: [Expression, Expression][] = [];
    while (!this.accept('}')) {
      const key = this.expression();
      this.expect(':');
      entries.push([key, this.expression()]);
      this.accept(',');
    }
    return { kind: 'dict', entries };
  }

  private until(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.accept(close)) {
      items.push(this.expression());
      if (!this.accept(',') && this.peek().text !== close) this.fail(close);
    }
    return items;
  }

  /** A clause of the statement before, at its indent. */
  private follows(word: string, indent: number): boolean {
    if (this.indent() !== indent || this.tokens[this.at + 1]?.text !== word) return false;
    this.at += 2;
    return true;
  }

  private indent(): number {
    const token = this.tokens[this.at];
    return token?.kind === 'line' ? Number(token.text) : -1;
  }

  private peek(): Token {
    return this.tokens[this.at] ?? { kind: 'line', text: '-1', line: -1 };
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private name(): string {
    const token = this.next();
    if (token.kind !== 'name') this.fail('a name');
    return token.text;
  }

  private accept(text: string): boolean {
    const token = this.peek();
    if (token.text !== text || (token.kind !== 'name' && token.kind !== 'operator')) return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) this.fail(text);
  }

  private fail(expected: string): never {
    const { line, text, kind } = this.peek();
    throw new SyntaxError(
      `line ${line}: ${expected} expected, found ${kind === 'line' ? 'a new line' : text}`,
    );
  }
}
