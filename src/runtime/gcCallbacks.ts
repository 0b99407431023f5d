import type { GcRecord } from '../gc/collector.js';
import type { CollectionObserver } from '../gc/observedCollector.js';
import { type MemoryError, PythonError } from '../memory/errors.js';
import { BuiltinType, Control, GcState, Header, UserCodeKind } from '../memory/layout.js';
import { enterUserCode, leaveUserCode, userCodeText } from '../objects/userCode.js';
import type { Ref } from '../refcount/refCounter.js';
import type { Calls } from './calls.js';
import type { ObjectThread } from './objectThread.js';
import type { UnraisableErrors } from './unraisable.js';

/** What callbacks need of their thread. */
export interface CallbackThread extends ObjectThread {
  /** Address of the `ThreadBlock`. */
  readonly block: number;
  readonly calls: Calls;
  readonly unraisable: UnraisableErrors;
}

/**
 * Calls the functions in `gc.callbacks` around each collection, with the phase, "start" or "stop", and a dict (CPython
 * `invoke_gc_callback`). What they throw is reported and goes no further.
 */
export class GcCallbacks implements CollectionObserver {
  constructor(private readonly t: CallbackThread) {}

  starts(generation: number): void {
    if (this.any()) this.run('start', generation, null);
  }

  ends(generation: number, record: GcRecord | null): void {
    if (this.any()) this.run('stop', generation, record);
  }

  failed(error: MemoryError): void {
    this.t.unraisable.reportWithout(error, 'garbage collection');
  }

  private any(): boolean {
    const list = Atomics.load(this.t.i32, Control.Gc + GcState.Callbacks);
    return list !== 0 && this.t.lists.length(list) > 0;
  }

  private run(phase: 'start' | 'stop', generation: number, record: GcRecord | null): void {
    const { t } = this;
    let info: Ref;
    try {
      info = this.info(generation, record);
    } catch (error) {
      t.unraisable.reportWithout(error, 'gc callbacks');
      return;
    }
    const list = Atomics.load(t.i32, Control.Gc + GcState.Callbacks);
    for (let index = 0; index < t.lists.length(list); index++) this.call(list, index, phase, info);
    t.refs.decref(info);
  }

  /** Callbacks may change the list. */
  private call(list: Ref, index: number, phase: string, info: Ref): void {
    const { t } = this;
    let callee: Ref;
    try {
      callee = t.lists.get(list, index);
    } catch (error) {
      if (error instanceof PythonError && error.kind === 'IndexError') return;
      throw error;
    }
    const before = enterUserCode(t.i32, t.block, UserCodeKind.GcCallback, callee);
    try {
      this.invoke(callee, phase, info);
    } catch (error) {
      t.unraisable.report(error, userCodeText(UserCodeKind.GcCallback), callee);
    }
    leaveUserCode(t.i32, t.block, before);
    t.refs.decref(callee);
  }

  private invoke(callee: Ref, phase: string, info: Ref): void {
    const { t } = this;
    const type = t.i32[callee + Header.Type];
    if (type !== BuiltinType.Function && type !== BuiltinType.Method) {
      throw new PythonError('TypeError', `${t.unraisable.nameOf(callee)} cannot be called`);
    }
    const text = t.strings.create(phase);
    t.refs.incref(info);
    t.calls.open(callee);
    const result: Ref | undefined = t.calls.call2(callee, text, info);
    if (result !== undefined) t.refs.decref(result);
  }

  /** Throws MemoryError. */
  private info(generation: number, record: GcRecord | null): Ref {
    const { t } = this;
    const info = t.dicts.create();
    try {
      this.put(info, 'generation', t.numbers.int(generation));
      this.put(
        info,
        'collected',
        t.numbers.int(record === null ? 0 : record.collected - record.uncollectable),
      );
      this.put(info, 'uncollectable', t.numbers.int(record === null ? 0 : record.uncollectable));
      this.put(info, 'candidates', t.numbers.int(record === null ? 0 : record.candidates));
      this.put(info, 'duration', t.numbers.float(record === null ? 0 : record.duration / 1000));
    } catch (error) {
      t.refs.decref(info);
      throw error;
    }
    return info;
  }

  /** Steals the value. */
  private put(info: Ref, name: string, value: Ref): void {
    try {
      this.t.dicts.set(info, this.t.strings.intern(name), value);
    } finally {
      this.t.refs.decref(value);
    }
  }
}
