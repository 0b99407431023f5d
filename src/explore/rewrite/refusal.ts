/** Code that cannot be explored, with the place in the source the user wrote. Thrown while modules are loaded. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  /** `file` as in `Site.file`; `line` and `column` are 1-based. */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly column: number,
    readonly reason: string,
  ) {
    super(`${file}:${line}: ${reason}`);
  }
}
