/**
 * The part of Python's syntax that the programs of `cases/` are written in, as a tree. Pyodide gets the same text, so
 * that nothing is lost in a translation.
 */
export type Expression =
  | { readonly kind: 'constant'; readonly value: number | string | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Expression[] }
  | { readonly kind: 'not' | 'minus'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };

export interface Definition {
  readonly kind: 'def';
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

export type Statement =
  | Definition
  | { readonly kind: 'class'; readonly name: string; readonly methods: readonly Definition[] }
  | { readonly kind: 'assign'; readonly targets: readonly Expression[]; readonly value: Expression }
  | { readonly kind: 'delete'; readonly target: Expression }
  | { readonly kind: 'expression'; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly count: Expression;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'try';
      readonly body: readonly Statement[];
      readonly error: string;
      readonly handler: readonly Statement[];
    }
  | { readonly kind: 'return'; readonly value: Expression }
  | { readonly kind: 'raise'; readonly error: string; readonly message: string }
  | { readonly kind: 'pass' };
