import { readFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';

/** What a program has said with `out`, and what was reported as unraisable, in order. */
export type Log = readonly unknown[];

const PRELUDE = readFileSync(new URL('./prelude.py', import.meta.url), 'utf8');

/** Real CPython, with the GIL, in this process. Takes seconds to load; runs offline, from the package alone. */
export class Python {
  private constructor(private readonly runCase: (source: string) => string) {}

  static async load(): Promise<Python> {
    const pyodide = await loadPyodide();
    pyodide.runPython(PRELUDE);
    return new Python(pyodide.globals.get('run_case') as (source: string) => string);
  }

  /** Runs a program as the body of a function, automatic collection off at first. Throws what it raises. */
  run(source: string): Log {
    return JSON.parse(this.runCase(source)) as unknown[];
  }
}
