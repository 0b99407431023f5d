import { Header } from '../memory/layout.js';
import type { Ref } from '../refcount/refCounter.js';
import type { CriticalSections } from '../sync/criticalSection.js';
import type { Mutex } from '../sync/mutex.js';

/**
 * What protects an operation on one or two objects. `begin` returns a token for `end`. Between the two nothing
 * may throw, poll the eval breaker or drop a reference, unless it says so.
 */
export interface Guard {
  begin(object: Ref): number;
  begin2(first: Ref, second: Ref): number;
  end(token: number): void;
}

/** gil: the global lock protects; unsafe: nothing does. */
export class NoGuard implements Guard {
  begin(_object: Ref): number {
    return 0;
  }
  begin2(_first: Ref, _second: Ref): number {
    return 0;
  }
  end(_token: number): void {}
}

/** free-threaded: per-object critical sections (PEP 703). */
export class SectionGuard implements Guard {
  constructor(private readonly sections: CriticalSections) {}

  begin(object: Ref): number {
    return this.sections.begin((object << 2) + Header.MutexByte);
  }
  begin2(first: Ref, second: Ref): number {
    return this.sections.begin2((first << 2) + Header.MutexByte, (second << 2) + Header.MutexByte);
  }
  end(token: number): void {
    this.sections.end(token);
  }
}

/** gilectomy: one plain mutex an object, taken for reads too; two of them in address order. */
export class MutexGuard implements Guard {
  /** The second mutex of the innermost two-object guard; those never nest. */
  private second = 0;

  constructor(private readonly mutex: Mutex) {}

  begin(object: Ref): number {
    const byte = (object << 2) + Header.MutexByte;
    this.mutex.lock(byte);
    return byte;
  }
  begin2(first: Ref, second: Ref): number {
    if (first === second) return this.begin(first);
    const low = first < second ? first : second;
    const high = first < second ? second : first;
    this.begin(low);
    this.second = this.begin(high);
    return -((low << 2) + Header.MutexByte);
  }
  end(token: number): void {
    if (token < 0) {
      this.mutex.unlock(this.second);
      this.mutex.unlock(-token);
      return;
    }
    this.mutex.unlock(token);
  }
}
