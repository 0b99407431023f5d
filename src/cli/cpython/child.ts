import { type ChildProcess, spawn } from 'node:child_process';

/** A line longer than this is no answer of ours. */
const LONGEST_LINE = 4 << 20;
/** What is kept of standard error, from its end. */
const KEPT_STDERR = 4096;

/** How a child process ended. */
export interface ChildEnd {
  /** Null if a signal ended it, or if it never ran. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Why we ended it, or could not start it; null if it ended by itself. */
  readonly reason: 'not found' | 'not executable' | 'silent' | 'refused' | 'interrupted' | null;
  /** The end of what it wrote there. */
  readonly stderr: string;
}

export interface ChildOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A child that writes nothing for so long is ended. */
  readonly patienceMs: number;
  /** For each line of standard output; false: that is not what was expected, and the child is ended. */
  onLine(line: string): boolean;
  /** Aborting ends the child. */
  readonly signal: AbortSignal;
}

/**
 * Runs a program until it ends, or is ended: with everything that it has started, for it is the first of a process group
 * of its own. Its standard input stays open as long as we live, so that it can tell. Never rejects.
 */
export function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildEnd> {
  const { env, patienceMs, onLine, signal } = options;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ code: null, signal: null, reason: 'interrupted', stderr: '' });
    let child: ChildProcess;
    try {
      child = spawn(command, args, { env: env as NodeJS.ProcessEnv, detached: true, stdio: 'pipe' });
    } catch {
      // A name with a null character, for one.
      return resolve({ code: null, signal: null, reason: 'not found', stderr: '' });
    }
    let reason: ChildEnd['reason'] = null;
    let stderr = '';
    let rest = '';
    const end = (why: ChildEnd['reason']) => {
      reason ??= why;
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const interrupt = () => end('interrupted');
    const leave = () => killGroup(child);
    let timer = setTimeout(() => end('silent'), patienceMs);
    signal.addEventListener('abort', interrupt);
    process.on('exit', leave);
    child.stdin?.on('error', () => {});
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_STDERR);
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (!lines.every((line) => reason === null && onLine(line)) || rest.length > LONGEST_LINE) {
        return end('refused');
      }
      clearTimeout(timer);
      timer = setTimeout(() => end('silent'), patienceMs);
    });
    const finish = (code: number | null, endedBy: string | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      process.off('exit', leave);
      resolve({ code, signal: endedBy, reason, stderr });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      reason = error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'not found' : 'not executable';
      finish(null, null);
    });
    child.on('close', finish);
  });
}

/** The child and whatever it has started. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone, or this system has none.
    child.kill('SIGKILL');
  }
}
