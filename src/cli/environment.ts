import os from 'node:os';
import type { Environment } from '../report/json.js';

/** This machine, now, and the arguments of the `ungil` that runs. */
export function environmentOf(args: readonly string[]): Environment {
  return {
    cpu: os.cpus()[0]?.model.trim() || 'unknown',
    system: `${os.type()} ${os.release()}, ${os.arch()}`,
    memoryBytes: os.totalmem(),
    date: new Date().toISOString(),
    command: ['ungil', ...args].map(quoted).join(' '),
  };
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
